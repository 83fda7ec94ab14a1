package import Vocabulary

/// The form of an outcome on its way back to the broker that forwarded the command: type, version, then the fields in
/// order. What is unknown is an error, as in `MetadataCommand+Codec.swift`.
extension MetadataOutcome {
    package func encode() -> [UInt8] {
        var out = FieldWriter()
        out.put(type: type)
        out.putVersion()
        switch self {
        case .failure(let error): error.encode(to: &out)
        case .success(.done): break
        case .success(.topicsCreated(let topics)): CreatedTopic.encode(topics, to: &out)
        case .success(.topicsDeleted(let results)): out.put(results) { $1.encode(to: &$0) }
        case .success(.partitionsCreated(let results)): out.put(results) { $1.encode(to: &$0) }
        case .success(.configsAltered(let results)): out.put(results) { $1.encode(to: &$0) }
        case .success(.brokerRegistered(let epoch)): out.put(epoch)
        case .success(.producerIDsAllocated(let first, let count)):
            out.put(first)
            out.put(count)
        case .success(.partitionsAltered(let results)): out.put(results) { $1.encode(to: &$0) }
        case .success(.directoriesSet(let results)): out.put(results) { $1.encode(to: &$0) }
        }
        return out.bytes
    }

    package init(decoding bytes: [UInt8]) throws(FieldError) {
        var input = FieldReader(bytes)
        let type = try input.type(OutcomeType.self)
        try input.version()
        self = try Self.decode(type, from: &input)
        try input.end()
    }

    private var type: OutcomeType {
        switch self {
        case .failure: .refused
        case .success(.done): .done
        case .success(.topicsCreated): .topicsCreated
        case .success(.topicsDeleted): .topicsDeleted
        case .success(.partitionsCreated): .partitionsCreated
        case .success(.configsAltered): .configsAltered
        case .success(.brokerRegistered): .brokerRegistered
        case .success(.producerIDsAllocated): .producerIDsAllocated
        case .success(.partitionsAltered): .partitionsAltered
        case .success(.directoriesSet): .directoriesSet
        }
    }

    private static func decode(
        _ type: OutcomeType, from input: inout FieldReader
    ) throws(FieldError) -> MetadataOutcome {
        switch type {
        case .refused: .failure(try MetadataError(from: &input))
        case .done: .success(.done)
        case .topicsCreated: .success(.topicsCreated(try CreatedTopic.decode(from: &input)))
        case .topicsDeleted:
            .success(.topicsDeleted(try input.array(itemBytesMin: 18, DeletedTopic.init(from:))))
        case .partitionsCreated:
            .success(.partitionsCreated(try input.array(itemBytesMin: 2, TopicResult.init(from:))))
        case .configsAltered:
            .success(.configsAltered(try input.array(itemBytesMin: 3, ConfigResult.init(from:))))
        case .brokerRegistered: .success(.brokerRegistered(epoch: try input.integer(Int64.self)))
        case .producerIDsAllocated:
            .success(
                .producerIDsAllocated(
                    first: try input.integer(Int64.self), count: try input.integer(Int32.self)))
        case .partitionsAltered:
            .success(.partitionsAltered(try input.array(itemBytesMin: 23, PartitionResult.init(from:))))
        case .directoriesSet:
            .success(.directoriesSet(try input.array(itemBytesMin: 22, DirectoryResult.init(from:))))
        }
    }
}

/// Never reused, never renumbered.
private enum OutcomeType: UInt64 {
    case refused = 0
    case done = 1
    case topicsCreated = 2
    case topicsDeleted = 3
    case partitionsCreated = 4
    case configsAltered = 5
    case brokerRegistered = 6
    case producerIDsAllocated = 7
    case partitionsAltered = 8
    case directoriesSet = 9
}
