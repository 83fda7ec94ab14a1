import CommitLog
import Vocabulary

/// A log directory as the control loop keeps it.
struct ManagedDirectory {
    let disk: BrokerDisk
    /// Nil when it could not be opened.
    let directory: LogDirectory?
    var partitionCount = 0
    /// What the checkpoint files say.
    var written: [CheckpointKind: [TopicPartition: Offset]] = [:]
    /// Files that no longer say how it is.
    var stale: Set<CheckpointKind> = []
}

/// A topic that runs here, or is coming up, or going away.
struct RunningTopic {
    let name: String
    let id: TopicID
    /// By index, from 0 without gaps.
    var partitions: [Partition] = []
    /// As the data loops see it; nil while it comes up or goes away.
    var published: Topic?
    /// A partition took another's place since.
    var isStale = false
}

/// Topics whose metadata has changed, in order, each once.
///
/// First come, first served matters: a topic that was deleted is gone before another of its name comes up.
struct ReconcileQueue {
    private var queue: [TopicID] = []
    private var head = 0
    private var queued: Set<TopicID> = []

    var isEmpty: Bool { head == queue.count }
    var first: TopicID? { isEmpty ? nil : queue[head] }

    func contains(_ topic: TopicID) -> Bool { queued.contains(topic) }

    mutating func add(_ topic: TopicID) {
        if queued.insert(topic).inserted { queue.append(topic) }
    }

    mutating func removeFirst() {
        queued.remove(queue[head])
        head += 1
        if head == queue.count {
            queue.removeAll()
            head = 0
        } else if head >= 1024, head * 2 >= queue.count {
            queue.removeFirst(head)
            head = 0
        }
    }
}
