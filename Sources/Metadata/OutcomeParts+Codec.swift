import Vocabulary

// The structs inside outcomes, version 0. The rules of growth stand in `MetadataRecord+Codec.swift`.

extension MetadataError {
    func encode(to out: inout FieldWriter) {
        out.put(code.rawValue)
        out.put(message)
    }

    init(from input: inout FieldReader) throws(FieldError) {
        self.init(try input.choice(ErrorCode.self, "error code"), try input.string())
    }
}

extension CreatedTopic {
    /// Each topic brings some thirty configurations, mostly the same ones. What a topic has in common with the one before
    /// it is not written again: thousands of topics would not fit into a frame.
    static func encode(_ topics: [CreatedTopic], to out: inout FieldWriter) {
        var before: [ResolvedConfig] = []
        out.put(topics) { out, topic in
            out.put(topic.name)
            out.put(topic.id)
            out.put(topic.error) { $1.encode(to: &$0) }
            out.put(topic.partitionCount)
            out.put(topic.replicationFactor)
            out.put(varint: UInt64(topic.configs.count))
            for (index, config) in topic.configs.enumerated() {
                let isNew = index >= before.count || before[index] != config
                out.put(isNew)
                if isNew { config.encode(to: &out) }
            }
            if !topic.configs.isEmpty { before = topic.configs }
        }
    }

    static func decode(from input: inout FieldReader) throws(FieldError) -> [CreatedTopic] {
        var before: [ResolvedConfig] = []
        return try input.array(itemBytesMin: 25) { input throws(FieldError) in
            var topic = CreatedTopic(name: try input.string())
            topic.id = try input.uuid()
            topic.error = try input.optional(MetadataError.init(from:))
            topic.partitionCount = try input.integer(Int32.self)
            topic.replicationFactor = try input.integer(Int16.self)
            var index = 0
            topic.configs = try input.array(itemBytesMin: 1) { input throws(FieldError) in
                defer { index += 1 }
                if try input.boolean() { return try ResolvedConfig(from: &input) }
                guard index < before.count else { throw input.malformed("no topic before has such a value") }
                return before[index]
            }
            if !topic.configs.isEmpty { before = topic.configs }
            return topic
        }
    }
}

extension ResolvedConfig {
    func encode(to out: inout FieldWriter) {
        out.put(name)
        out.put(type.rawValue)
        out.put(value)
        out.put(source.rawValue)
        out.put(synonyms) { out, candidate in
            out.put(candidate.name)
            out.put(candidate.value)
            out.put(candidate.source.rawValue)
        }
        out.put(isReadOnly)
        out.put(isSensitive)
        out.put(documentation)
    }

    init(from input: inout FieldReader) throws(FieldError) {
        self.init(
            name: try input.string(), type: try input.choice(ConfigType.self, "configuration type"),
            value: try input.nullableString(),
            source: try input.choice(ConfigSource.self, "configuration source"),
            synonyms: try input.array(itemBytesMin: 3) { input throws(FieldError) in
                Candidate(
                    name: try input.string(), value: try input.nullableString(),
                    source: try input.choice(ConfigSource.self, "configuration source"))
            },
            isReadOnly: try input.boolean(), isSensitive: try input.boolean(),
            documentation: try input.string())
    }
}

extension DeletedTopic {
    func encode(to out: inout FieldWriter) {
        out.put(name)
        out.put(id)
        out.put(error) { $1.encode(to: &$0) }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        self.init(
            name: try input.nullableString(), id: try input.uuid(),
            error: try input.optional(MetadataError.init(from:)))
    }
}

extension TopicResult {
    func encode(to out: inout FieldWriter) {
        out.put(topic)
        out.put(error) { $1.encode(to: &$0) }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        self.init(topic: try input.string(), error: try input.optional(MetadataError.init(from:)))
    }
}

extension ConfigResult {
    func encode(to out: inout FieldWriter) {
        resource.encode(to: &out)
        out.put(error) { $1.encode(to: &$0) }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        self.init(
            resource: try ConfigResource(from: &input), error: try input.optional(MetadataError.init(from:)))
    }
}

extension PartitionResult {
    func encode(to out: inout FieldWriter) {
        partition.encode(to: &out)
        out.put(error.rawValue)
        out.put(state) { $1.encode(to: &$0) }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        self.init(
            partition: try TopicIDPartition(from: &input),
            error: try input.choice(ErrorCode.self, "error code"),
            state: try input.optional(PartitionState.init(from:)))
    }
}

extension DirectoryResult {
    func encode(to out: inout FieldWriter) {
        partition.encode(to: &out)
        out.put(error.rawValue)
    }

    init(from input: inout FieldReader) throws(FieldError) {
        self.init(
            partition: try TopicIDPartition(from: &input),
            error: try input.choice(ErrorCode.self, "error code"))
    }
}
