package import Vocabulary

/// The stored form of a record: type, version, then the fields in order. See `FieldWriter` for the primitives.
///
/// How it may grow, so that every old log stays readable for ever:
/// - A type's number is never reused, and a version's fields never change.
/// - A new version of a type adds fields at the end of the one before; reading an older one gives them defaults.
/// - Writers use the lowest version that can say what is to be said.
/// - What is unknown, of type, version or bytes left over, is an error: skipping a fact would make images differ.
extension MetadataRecord {
    package func encode() -> [UInt8] {
        var out = FieldWriter()
        out.put(type: type)
        out.putVersion()
        switch self {
        case .clusterFormatted(let id): out.put(id)
        case .featureSet(let name, let level):
            out.put(name)
            out.put(level)
        case .brokerRegistered(let broker): broker.encode(to: &out)
        case .brokerFenced(let id, let epoch), .brokerUnfenced(let id, let epoch),
            .brokerShutdownStarted(let id, let epoch), .brokerUnregistered(let id, let epoch):
            out.put(id)
            out.put(epoch)
        case .brokerDirectoriesChanged(let id, let epoch, let directories):
            out.put(id)
            out.put(epoch)
            out.put(directories)
        case .brokerEpochsIssued(let next): out.put(next)
        case .topicCreated(let id, let name, let created):
            out.put(id)
            out.put(name)
            out.put(created.milliseconds)
        case .topicDeleted(let id): out.put(id)
        case .partitionCreated(let key, let state):
            key.encode(to: &out)
            state.encode(to: &out)
        case .partitionChanged(let key, let change):
            key.encode(to: &out)
            change.encode(to: &out)
        case .configSet(let resource, let name, let value):
            resource.encode(to: &out)
            out.put(name)
            out.put(value)
        case .configRemoved(let resource, let name):
            resource.encode(to: &out)
            out.put(name)
        case .producerIDsAllocated(let id, let epoch, let next):
            out.put(id)
            out.put(epoch)
            out.put(next)
        }
        return out.bytes
    }

    package init(decoding bytes: [UInt8]) throws(FieldError) {
        var input = FieldReader(bytes)
        let type = try input.type(RecordType.self)
        try input.version()
        self = try Self.decode(type, from: &input)
        try input.end()
    }

    /// Never reused, never renumbered.
    private enum RecordType: UInt64 {
        case clusterFormatted = 1
        case featureSet = 2
        case brokerRegistered = 3
        case brokerFenced = 4
        case brokerUnfenced = 5
        case brokerShutdownStarted = 6
        case brokerDirectoriesChanged = 7
        case brokerUnregistered = 8
        case brokerEpochsIssued = 9
        case topicCreated = 10
        case topicDeleted = 11
        case partitionCreated = 12
        case partitionChanged = 13
        case configSet = 14
        case configRemoved = 15
        case producerIDsAllocated = 16
    }

    private var type: RecordType {
        switch self {
        case .clusterFormatted: .clusterFormatted
        case .featureSet: .featureSet
        case .brokerRegistered: .brokerRegistered
        case .brokerFenced: .brokerFenced
        case .brokerUnfenced: .brokerUnfenced
        case .brokerShutdownStarted: .brokerShutdownStarted
        case .brokerDirectoriesChanged: .brokerDirectoriesChanged
        case .brokerUnregistered: .brokerUnregistered
        case .brokerEpochsIssued: .brokerEpochsIssued
        case .topicCreated: .topicCreated
        case .topicDeleted: .topicDeleted
        case .partitionCreated: .partitionCreated
        case .partitionChanged: .partitionChanged
        case .configSet: .configSet
        case .configRemoved: .configRemoved
        case .producerIDsAllocated: .producerIDsAllocated
        }
    }

    private static func decode(
        _ type: RecordType, from input: inout FieldReader
    ) throws(FieldError) -> MetadataRecord {
        switch type {
        case .clusterFormatted: .clusterFormatted(clusterID: try input.string())
        case .featureSet: .featureSet(name: try input.string(), level: try input.integer(Int16.self))
        case .brokerRegistered: .brokerRegistered(try BrokerRegistration(from: &input))
        case .brokerFenced: .brokerFenced(try input.broker(), epoch: try input.integer(Int64.self))
        case .brokerUnfenced: .brokerUnfenced(try input.broker(), epoch: try input.integer(Int64.self))
        case .brokerShutdownStarted:
            .brokerShutdownStarted(try input.broker(), epoch: try input.integer(Int64.self))
        case .brokerDirectoriesChanged:
            .brokerDirectoriesChanged(
                try input.broker(), epoch: try input.integer(Int64.self), directories: try input.uuids())
        case .brokerUnregistered:
            .brokerUnregistered(try input.broker(), epoch: try input.integer(Int64.self))
        case .brokerEpochsIssued: .brokerEpochsIssued(next: try input.integer(Int64.self))
        case .topicCreated:
            .topicCreated(
                try input.uuid(), name: try input.string(),
                at: Timestamp(milliseconds: try input.integer(Int64.self)))
        case .topicDeleted: .topicDeleted(try input.uuid())
        case .partitionCreated:
            .partitionCreated(try TopicIDPartition(from: &input), try PartitionState(from: &input))
        case .partitionChanged:
            .partitionChanged(try TopicIDPartition(from: &input), try PartitionChange(from: &input))
        case .configSet:
            .configSet(try ConfigResource(from: &input), name: try input.string(), value: try input.string())
        case .configRemoved: .configRemoved(try ConfigResource(from: &input), name: try input.string())
        case .producerIDsAllocated:
            .producerIDsAllocated(
                to: try input.broker(), epoch: try input.integer(Int64.self),
                next: try input.integer(Int64.self))
        }
    }
}
