package import Vocabulary

/// Why something was refused: a code for programs and a sentence for people.
package struct MetadataError: Error, Hashable, Sendable, CustomStringConvertible {
    package let code: ErrorCode
    package let message: String

    package init(_ code: ErrorCode, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(code.name): \(message)" }
}

/// What became of a command: why it was refused as a whole, or the answer to each of its items.
package typealias MetadataOutcome = Result<MetadataReply, MetadataError>

/// The answer to a command; held back until every record of the decision is committed. One result for each item asked.
package enum MetadataReply: Sendable, Equatable {
    case done
    case topicsCreated([CreatedTopic])
    case topicsDeleted([DeletedTopic])
    case partitionsCreated([TopicResult])
    case configsAltered([ConfigResult])
    case brokerRegistered(epoch: Int64)
    case producerIDsAllocated(first: Int64, count: Int32)
    case partitionsAltered([PartitionResult])
    case directoriesSet([DirectoryResult])
}

package struct CreatedTopic: Sendable, Equatable {
    package var name: String
    /// Zero when refused, and when only validated.
    package var id: TopicID = .zero
    package var error: MetadataError?
    package var partitionCount: Int32 = -1
    package var replicationFactor: Int16 = -1
    /// All of the topic's configuration, by name.
    package var configs: [ResolvedConfig] = []

    package init(name: String) { self.name = name }
}

package struct DeletedTopic: Sendable, Equatable {
    /// Nil when asked by an id that is not known.
    package var name: String?
    package var id: TopicID
    package var error: MetadataError?

    package init(name: String?, id: TopicID, error: MetadataError? = nil) {
        self.name = name
        self.id = id
        self.error = error
    }
}

package struct TopicResult: Sendable, Equatable {
    package var topic: String
    package var error: MetadataError?

    package init(topic: String, error: MetadataError? = nil) {
        self.topic = topic
        self.error = error
    }
}

package struct ConfigResult: Sendable, Equatable {
    package var resource: ConfigResource
    package var error: MetadataError?

    package init(resource: ConfigResource, error: MetadataError? = nil) {
        self.resource = resource
        self.error = error
    }
}

package struct PartitionResult: Sendable, Equatable {
    package var partition: TopicIDPartition
    /// `.none` with the new state, or the refusal.
    package var error: ErrorCode
    package var state: PartitionState?

    package init(partition: TopicIDPartition, error: ErrorCode = .none, state: PartitionState? = nil) {
        self.partition = partition
        self.error = error
        self.state = state
    }
}

package struct DirectoryResult: Sendable, Equatable {
    package var partition: TopicIDPartition
    package var error: ErrorCode

    package init(partition: TopicIDPartition, error: ErrorCode = .none) {
        self.partition = partition
        self.error = error
    }
}

/// What a command comes to.
package struct MetadataDecision: Sendable, Equatable {
    /// To be appended in order, at one offset or more (see `isAtomic`), then replayed.
    package var records: [MetadataRecord]
    package var reply: MetadataReply
    /// All or nothing: one transaction. Otherwise the records may be cut into several, of `Controller.recordsPerBatchMax`
    /// each; after a part of them the same command does the rest.
    package var isAtomic: Bool

    package init(records: [MetadataRecord] = [], reply: MetadataReply, isAtomic: Bool = true) {
        self.records = records
        self.reply = reply
        self.isAtomic = isAtomic
    }
}
