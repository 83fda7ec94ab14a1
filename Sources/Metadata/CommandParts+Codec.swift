import Vocabulary

// The structs inside commands, version 0. The rules of growth stand in `MetadataRecord+Codec.swift`.

extension NewTopic {
    func encode(to out: inout FieldWriter) {
        out.put(name)
        out.put(partitionCount)
        out.put(replicationFactor)
        out.put(assignments) { out, assignment in
            out.put(assignment.partition)
            out.put(assignment.brokers)
        }
        out.put(values: configs)
    }

    init(from input: inout FieldReader) throws(FieldError) {
        self.init(
            name: try input.string(), partitionCount: try input.integer(Int32.self),
            replicationFactor: try input.integer(Int16.self),
            assignments: try input.array(itemBytesMin: 5) { input throws(FieldError) in
                (partition: try input.integer(Int32.self), brokers: try input.brokers())
            },
            configs: try input.values())
    }
}

extension TopicReference {
    private enum Kind: UInt8 { case name = 0, id = 1 }

    func encode(to out: inout FieldWriter) {
        switch self {
        case .name(let name):
            out.put(Kind.name.rawValue)
            out.put(name)
        case .id(let id):
            out.put(Kind.id.rawValue)
            out.put(id)
        }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        switch try input.choice(Kind.self, "way to name a topic") {
        case .name: self = .name(try input.string())
        case .id: self = .id(try input.uuid())
        }
    }
}

extension NewPartitions {
    func encode(to out: inout FieldWriter) {
        out.put(topic)
        out.put(count)
        out.put(assignments) { out, assignments in out.put(assignments) { $0.put($1) } }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        self.init(
            topic: try input.string(), count: try input.integer(Int32.self),
            assignments: try input.optional { input throws(FieldError) in
                try input.array(itemBytesMin: 1) { input throws(FieldError) in try input.brokers() }
            })
    }
}

extension ConfigReplacement {
    func encode(to out: inout FieldWriter) {
        resource.encode(to: &out)
        out.put(values: values)
    }

    init(from input: inout FieldReader) throws(FieldError) {
        self.init(resource: try ConfigResource(from: &input), values: try input.values())
    }
}

extension ConfigAlteration {
    func encode(to out: inout FieldWriter) {
        resource.encode(to: &out)
        out.put(changes) { out, change in
            out.put(change.name)
            out.put(change.operation.rawValue)
            out.put(change.value)
        }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        self.init(
            resource: try ConfigResource(from: &input),
            changes: try input.array(itemBytesMin: 3) { input throws(FieldError) in
                (
                    name: try input.string(), operation: try input.choice(Operation.self, "operation"),
                    value: try input.nullableString()
                )
            })
    }
}

extension NewBroker {
    func encode(to out: inout FieldWriter) {
        out.put(id)
        out.put(clusterID)
        out.put(incarnation)
        out.put(endpoints) { $1.encode(to: &$0) }
        out.put(rack)
        out.put(directories)
        out.put(features) { $1.encode(to: &$0) }
        out.put(startsFenced)
        out.put(stoppedCleanly)
        out.put(epoch) { $0.put($1) }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        self.init(
            id: try input.broker(), clusterID: try input.string(), incarnation: try input.uuid(),
            endpoints: try input.array(itemBytesMin: 6, BrokerEndpoint.init(from:)),
            rack: try input.nullableString(), directories: try input.uuids(),
            features: try input.array(itemBytesMin: 5, FeatureRange.init(from:)),
            startsFenced: try input.boolean(), stoppedCleanly: try input.boolean(),
            epoch: try input.optional { input throws(FieldError) in
                try input.integer(Int64.self)
            })
    }
}

extension DirectoryAssignment {
    func encode(to out: inout FieldWriter) {
        partition.encode(to: &out)
        out.put(directory)
    }

    init(from input: inout FieldReader) throws(FieldError) {
        self.init(partition: try TopicIDPartition(from: &input), directory: try input.uuid())
    }
}

extension PartitionProposal {
    func encode(to out: inout FieldWriter) {
        partition.encode(to: &out)
        out.put(leaderEpoch.value)
        out.put(partitionEpoch)
        out.put(isr) { out, member in
            out.put(member.broker)
            out.put(member.epoch)
        }
        out.put(recovery.rawValue)
    }

    init(from input: inout FieldReader) throws(FieldError) {
        self.init(
            partition: try TopicIDPartition(from: &input),
            leaderEpoch: LeaderEpoch(try input.integer(Int32.self)),
            partitionEpoch: try input.integer(Int32.self),
            isr: try input.array(itemBytesMin: 12) { input throws(FieldError) in
                (broker: try input.broker(), epoch: try input.integer(Int64.self))
            },
            recovery: try LeaderRecovery(from: &input))
    }
}

// MARK: Configurations by name

extension FieldWriter {
    fileprivate mutating func put(values: [(name: String, value: String?)]) {
        put(values) { out, item in
            out.put(item.name)
            out.put(item.value)
        }
    }
}

extension FieldReader {
    fileprivate mutating func values() throws(FieldError) -> [(name: String, value: String?)] {
        try array(itemBytesMin: 2) { input throws(FieldError) in
            (name: try input.string(), value: try input.nullableString())
        }
    }
}
