package import HashTreeCollections
package import Metadata
import Records
import Synchronization
package import Vocabulary

/// What runs here, by name and by id, together with the cluster's image it was made from. A value: a loop keeps one for a whole turn.
package struct Topology: Sendable {
    /// Grows by one with each change.
    package var version: UInt64 = 0
    package var image: ClusterImage
    /// The broker that leads the quorum, and so is the controller; -1: none is known.
    package var controller = BrokerID.none
    package var byName: TreeDictionary<String, Topic> = [:]
    package var byID: TreeDictionary<TopicID, Topic> = [:]

    package init(image: ClusterImage) { self.image = image }

    package func topic(named name: String) -> Topic? { byName[name] }
    package func topic(id: TopicID) -> Topic? { byID[id] }

    package mutating func insert(_ topic: Topic) {
        byName[topic.name] = topic
        byID[topic.id] = topic
    }

    package mutating func remove(_ topic: Topic) {
        byName[topic.name] = nil
        byID[topic.id] = nil
    }
}

/// A topic as the loops use it. Never changed: another takes its place when its configuration or partitions change.
package final class Topic: Sendable {
    package let name: String
    package let id: TopicID
    /// Written by the broker alone.
    package let isInternal: Bool
    package let config: TopicConfig
    /// Clients from before zstd (KIP-110) cannot read it.
    package var isStoredInZstd: Bool {
        guard case .codec(let codec, _) = config.produce.compression else { return false }
        return codec == .zstd
    }
    /// By index. A partition whose log could not be opened is there too, and answers with its error.
    package let partitions: [Partition]

    package init(name: String, id: TopicID, config: TopicConfig, partitions: [Partition]) {
        self.name = name
        self.id = id
        isInternal = TopicName.isInternal(name)
        self.config = config
        self.partitions = partitions
    }

    package func partition(_ index: Int32) -> Partition? {
        index >= 0 && Int(index) < partitions.count ? partitions[Int(index)] : nil
    }
}

/// The current topology: written by the control loop, read by every loop at the cost of one load while nothing changes.
package final class SharedTopology: Sendable {
    private let value: Mutex<Topology>
    private let version: Atomic<UInt64>

    init(_ topology: Topology) {
        version = Atomic(topology.version)
        value = Mutex(topology)
    }

    package func current() -> Topology { value.withLock { $0 } }

    func current(seen: Topology) -> Topology {
        version.load(ordering: .acquiring) == seen.version ? seen : current()
    }

    /// To be called by the control loop alone.
    package func update(_ body: (inout Topology) -> Void) {
        let version = value.withLock {
            body(&$0)
            $0.version += 1
            return $0.version
        }
        self.version.store(version, ordering: .releasing)
    }
}
