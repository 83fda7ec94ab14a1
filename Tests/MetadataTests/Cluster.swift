import HashTreeCollections
import Metadata
import Testing
import Vocabulary

/// A controller with the log it needs: what is decided is replayed as one transaction, through its stored form, and
/// committed.
struct Cluster {
    var controller: Controller
    /// The transactions, by their offsets.
    var log: [[MetadataRecord]] = []
    let now: Timestamp = 1_700_000_000_000

    /// - Parameter replicas: how many a partition may have at most.
    init(seed: UInt64 = 1, properties: [String: String] = [:], replicas: Int = 100) {
        controller = Controller(
            seed: seed, broker: 1, staticProperties: properties, replicationFactorMax: replicas)
    }

    /// A formatted cluster of brokers 1...n, broker k in rack `racks[k - 1]`.
    static func of(
        _ brokers: Int, racks: [String?] = [], properties: [String: String] = [:], replicas: Int = 100
    ) throws -> Cluster {
        var cluster = Cluster(properties: properties, replicas: replicas)
        try cluster.run(.formatCluster(clusterID: "test", features: []))
        for id in 1...brokers {
            try cluster.start(BrokerID(Int32(id)), rack: racks.isEmpty ? nil : racks[id - 1])
        }
        return cluster
    }

    var image: ClusterImage { controller.image }

    @discardableResult
    mutating func run(_ command: MetadataCommand) throws(MetadataError) -> MetadataReply {
        let decision = try controller.decide(command, at: now)
        append(decision.records)
        return decision.reply
    }

    mutating func append(_ records: [MetadataRecord]) {
        if records.isEmpty { return }
        let stored = records.map { (try? MetadataRecord(decoding: $0.encode())) ?? .topicDeleted(.zero) }
        #expect(stored == records)
        controller.replay(stored, at: Offset(Int64(log.count)))
        log.append(stored)
        controller.committed(upTo: Offset(Int64(log.count) - 1))
        controller.image.checkInvariants()
    }

    // MARK: Shorthands

    @discardableResult
    mutating func start(
        _ id: BrokerID, rack: String? = nil, fenced: Bool = false, cleanly: Bool = true, run: UInt64 = 0,
        directories: Int = 1
    ) throws -> Int64 {
        let reply = try self.run(.registerBroker(Self.broker(id, rack, fenced, cleanly, run, directories)))
        guard case .brokerRegistered(let epoch) = reply else { return -1 }
        return epoch
    }

    static func broker(
        _ id: BrokerID, _ rack: String? = nil, _ fenced: Bool = false, _ cleanly: Bool = true,
        _ run: UInt64 = 0,
        _ directories: Int = 1
    ) -> NewBroker {
        NewBroker(
            id: id, clusterID: "test", incarnation: UUID128(high: 9, low: UInt64(id.value) << 32 | run),
            endpoints: [.init(name: "PLAINTEXT", host: "host\(id)", port: 9092, securityProtocol: 0)],
            rack: rack,
            directories: (0..<directories).map { directory(id, $0) }, startsFenced: fenced,
            stoppedCleanly: cleanly)
    }

    static func directory(_ id: BrokerID, _ index: Int = 0) -> UUID128 {
        UUID128(high: 77, low: UInt64(id.value) << 32 | UInt64(index))
    }

    func epoch(_ id: BrokerID) -> Int64 { image.broker(id)?.epoch ?? -1 }

    mutating func fence(_ id: BrokerID) throws { try run(.fenceBroker(id, epoch: epoch(id))) }
    mutating func unfence(_ id: BrokerID) throws { try run(.unfenceBroker(id, epoch: epoch(id))) }

    @discardableResult
    mutating func create(_ topics: NewTopic..., validateOnly: Bool = false) throws(MetadataError)
        -> [CreatedTopic]
    {
        guard case .topicsCreated(let results) = try run(.createTopics(topics, validateOnly: validateOnly))
        else {
            return []
        }
        return results
    }

    /// One topic; the error it is refused with.
    mutating func refusal(_ topic: NewTopic) throws -> MetadataError? { try create(topic)[0].error }

    func partition(_ topic: String, _ index: Int32 = 0) throws -> PartitionState {
        let topic = try #require(image.topic(named: topic))
        return try #require(image.partition(topic.id, index))
    }

    func key(_ topic: String, _ index: Int32 = 0) throws -> TopicIDPartition {
        TopicIDPartition(topic: try #require(image.topic(named: topic)).id, partition: index)
    }

    func config(_ topic: String) -> [String: String] {
        Dictionary(uniqueKeysWithValues: image.config(.topic(topic)).map { ($0.key, $0.value) })
    }

    /// `alterConfigs` or its younger sister for one resource; the error it is refused with.
    mutating func refusal(_ command: MetadataCommand) throws -> MetadataError? {
        guard case .configsAltered(let results) = try run(command) else { return nil }
        return results[0].error
    }

    mutating func set(_ resource: ConfigResource, _ name: String, _ value: String?) throws -> MetadataError? {
        let change = ConfigAlteration(resource: resource, changes: [(name, .set, value)])
        return try refusal(.incrementalAlterConfigs([change], validateOnly: false))
    }
}
