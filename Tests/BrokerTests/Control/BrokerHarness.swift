import CommitLog
import HashTreeCollections
import Messages
import Metadata
import Ports
import Records
import SimulatedDisk
import Testing
import Vocabulary
import Wire

@testable import Broker

/// A whole broker, quorum loop, control loop and one data loop, over in-memory disks and a clock that stands still until told.
final class BrokerHarness {
    let disks: [SimulatedDisk]
    private(set) var broker: Broker
    private(set) var quorum: QuorumLoop
    private(set) var control: ControlLoop
    private(set) var loop: BrokerLoop
    private(set) var peer: LoopHarness.Peer
    private(set) var lines: [LogLine] = []
    var now = Moment(instant: Instant(nanoseconds: 1_000_000_000), timestamp: 1_700_000_000_000)
    var holdsSyncs = false
    /// The quorum's log is synced all the same.
    var holdsPartitionSyncs = false
    /// False: what follows from a request is done by `step`, a call at a time.
    var settles = true
    private var heldSyncs: [SyncRequest] = []
    private var startError: StartError?
    private let config: BrokerConfig
    private var seed: UInt64 = 42

    init(
        disks: [SimulatedDisk] = [SimulatedDisk()], _ change: (inout BrokerConfig) -> Void = { _ in }
    ) throws {
        self.disks = disks
        var config = BrokerConfig()
        config.endpoints = [.init(listener: "PLAINTEXT", host: "broker.example", port: 9092)]
        change(&config)
        self.config = config
        (broker, quorum, control) = try Self.start(config, disks, now, seed)
        loop = BrokerLoop(id: LoopID(0), broker: broker, now: now, seed: 1)
        peer = LoopHarness.Peer(
            loop: loop, connection: loop.open(listener: "PLAINTEXT", peer: "10.0.0.1", now: now))
        settle()
        if let startError { throw startError }
    }

    private static func start(
        _ config: BrokerConfig, _ disks: [SimulatedDisk], _ now: Moment, _ seed: UInt64
    ) throws -> (Broker, QuorumLoop, ControlLoop) {
        let start = try BrokerStart(config: config, disks: disks, seed: seed)
        let quorum = try start.quorumLoop(now: now)
        let control = start.controlLoop(now: now) { count, body in
            for index in (0..<count).reversed() { body(index) }
        }
        return (start.broker, quorum, control)
    }

    // MARK: - Life

    func stop() {
        control.shutdown(now: now)
        settle()
        quorum.shutdown(now: now)
    }

    /// Comes up again on what the disks hold; without `stop` before, as after a kill.
    func restart() throws {
        lines = []
        heldSyncs = []
        (broker, quorum, control) = try Self.start(config, disks, now, seed)
        loop = BrokerLoop(id: LoopID(0), broker: broker, now: now, seed: 1)
        peer = LoopHarness.Peer(
            loop: loop, connection: loop.open(listener: "PLAINTEXT", peer: "10.0.0.1", now: now))
        settle()
        if let startError { throw startError }
    }

    func advance(milliseconds: Int64) {
        now = Moment(
            instant: now.instant.adding(milliseconds: milliseconds),
            timestamp: Timestamp(milliseconds: now.timestamp.milliseconds + milliseconds))
        settle()
    }

    func hasLine(_ message: String) -> Bool { lines.contains { $0.message.contains(message) } }

    // MARK: - Talking

    func send<Request: RequestMessage>(_ request: Request, version: Int16? = nil) {
        peer.correlationID += 1
        let version = version ?? Self.newest(Request.self)
        var bytes = LoopHarness.frame(request, version: version, correlationID: peer.correlationID)
        let consumed = bytes.withUnsafeMutableBytes {
            loop.received(peer.connection, UnsafeMutableRawBufferPointer($0), now: now)
        }
        #expect(consumed == bytes.count)
        if settles { settle() }
    }

    /// A request and its answer, which must be there without the clock moving.
    func ask<Request: RequestMessage>(_ request: Request, version: Int16? = nil) throws -> Request.Response {
        send(request, version: version)
        return try #require(try answer(to: Request.self, version: version), "no answer to \(Request.self)")
    }

    func answer<Request: RequestMessage>(to: Request.Type, version: Int16? = nil) throws -> Request.Response?
    {
        let version = version ?? Self.newest(Request.self)
        collect()
        guard peer.received.count >= 4 else { return nil }
        let length = Int(peer.received.withUnsafeBytes { Int32(bigEndian: $0.loadUnaligned(as: Int32.self)) })
        let frame = Array(peer.received[4..<4 + length])
        peer.received.removeFirst(4 + length)
        var at = version >= Request.flexibleFrom ? 5 : 4
        let response = try Request.Response(frame.span.bytes, &at, version: version)
        #expect(at == frame.count, "bytes are left behind the answer")
        return response
    }

    /// The newest version that is served: what is still in the making is not.
    static func newest<Request: RequestMessage>(_: Request.Type) -> Int16 {
        ApiKey(rawValue: Request.apiKey)!.validVersions.upperBound
    }

    // MARK: - The host's part

    func releaseSyncs() {
        holdsSyncs = false
        let requests = heldSyncs
        heldSyncs = []
        for request in requests { carryOut(request) }
        settle()
    }

    /// Carries out effects, and calls again as long as there is work for now.
    func settle() { while step() {} }

    /// - Returns: whether there is more to do now.
    func step() -> Bool {
        var isBusy = false
        if let wake = quorum.advance(to: now), wake <= now.instant { isBusy = true }
        if let wake = control.advance(to: now), wake <= now.instant { isBusy = true }
        _ = loop.advance(to: now)
        for effect in quorum.takeOutbound() + control.takeOutbound() + loop.takeOutbound() {
            isBusy = true
            carryOut(effect)
        }
        _ = loop.takeDirty()
        return isBusy
    }

    private func carryOut(_ effect: LoopEffect) {
        switch effect {
        case .post(let message, let to) where to == .control: control.deliver(message, now: now)
        case .post(let message, let to) where to == .quorum: quorum.deliver(message, now: now)
        case .up: break
        case .startFailed(let error): startError = error
        case .post(let message, _): loop.deliver(message, now: now)
        case .sync(let request):
            let isPartition = if case .partition = request.owner { true } else { false }
            holdsSyncs || holdsPartitionSyncs && isPartition ? heldSyncs.append(request) : carryOut(request)
        case .log(let line): lines.append(line)
        case .dial(let dial): invariantFailed("nobody here dials \(dial.host)")
        }
    }

    private func carryOut(_ request: SyncRequest) {
        var failure: DiskError?
        for target in request.targets {
            do throws(DiskError) {
                try request.disk.sync(target)
            } catch {
                if error.reason != .notFound { failure = error }
            }
        }
        let message = LoopMessage.synced([SyncOutcome(owner: request.owner, error: failure)])
        carryOut(.post(message, to: request.loop))
    }

    private func collect() {
        while let (piece, _) = peer.connection.output.first() {
            switch piece {
            case .bytes(let bytes):
                peer.received += bytes
                peer.connection.output.consume(bytes.count)
            case .region(let region):
                var bytes = [UInt8](repeating: 0, count: region.byteCount)
                let count = bytes.withUnsafeMutableBytes {
                    try! region.disk.read(region.file, at: region.position, into: $0)
                }
                #expect(count == region.byteCount)
                peer.received += bytes
                peer.connection.output.consume(region.byteCount)
            }
        }
    }
}

// MARK: - Requests that tests make often

extension BrokerHarness {
    @discardableResult
    func createTopic(
        _ name: String, partitions: Int32 = 1, configs: [String: String] = [:], validateOnly: Bool = false
    ) throws -> CreateTopicsResponse.CreatableTopicResult {
        let response = try ask(Self.creation(of: name, partitions, configs, validateOnly: validateOnly))
        return try #require(response.topics.first)
    }

    static func creation(
        of name: String, _ partitions: Int32, _ configs: [String: String] = [:], validateOnly: Bool = false
    ) -> CreateTopicsRequest {
        var topic = CreateTopicsRequest.CreatableTopic()
        topic.name = name
        topic.numPartitions = partitions
        topic.replicationFactor = 1
        topic.configs = configs.sorted { $0.key < $1.key }.map { key, value in
            var config = CreateTopicsRequest.CreatableTopicConfig()
            config.name = key
            config.value = value
            return config
        }
        var request = CreateTopicsRequest()
        request.topics = [topic]
        request.timeoutMs = 10_000
        request.validateOnly = validateOnly
        return request
    }

    @discardableResult
    func deleteTopic(_ name: String) throws -> DeleteTopicsResponse.DeletableTopicResult {
        var topic = DeleteTopicsRequest.DeleteTopicState()
        topic.name = name
        var request = DeleteTopicsRequest()
        request.topics = [topic]
        request.timeoutMs = 10_000
        return try #require(try ask(request).responses.first)
    }

    func metadata(_ names: [String]?, version: Int16? = nil) throws -> MetadataResponse {
        var request = MetadataRequest()
        request.allowAutoTopicCreation = version.map { $0 < 4 } ?? false
        request.topics = names.map {
            $0.map { name in
                var topic = MetadataRequest.MetadataRequestTopic()
                topic.name = name
                return topic
            }
        }
        return try ask(request, version: version)
    }

    /// Produces one batch with acks=all.
    func produce(
        _ count: Int, to topic: String, partition: Int32 = 0
    ) throws -> ProduceResponse.PartitionProduceResponse {
        sendProduce(count, to: topic, partition: partition)
        let response = try #require(try answer(to: ProduceRequest.self, version: 9), "no answer")
        return try #require(response.responses.first?.partitionResponses.first)
    }

    /// The same, whenever the answer may come.
    func sendProduce(_ count: Int, to topic: String, partition: Int32 = 0) {
        var builder = BatchBuilder()
        for index in 0..<count {
            builder.append(
                timestamp: now.timestamp.milliseconds, key: nil, value: Array("value \(index)".utf8))
        }
        var data = ProduceRequest.PartitionProduceData()
        data.index = partition
        data.records = builder.finish()
        var topicData = ProduceRequest.TopicProduceData()
        topicData.name = topic
        topicData.partitionData = [data]
        var request = ProduceRequest()
        request.acks = -1
        request.timeoutMs = 5000
        request.topicData = [topicData]
        send(request, version: 9)
    }

    func endOffset(_ topic: String, _ partition: Int32 = 0) throws -> Int64 {
        let running = try #require(broker.topology.current().byName[topic]?.partition(partition))
        return try running.withLog { log, _ in log.endOffset.value }
    }

    @discardableResult
    func alter(
        _ type: Int8, _ name: String, _ changes: [(String, Int8, String?)], validateOnly: Bool = false
    ) throws -> IncrementalAlterConfigsResponse.AlterConfigsResourceResponse {
        var resource = IncrementalAlterConfigsRequest.AlterConfigsResource()
        resource.resourceType = type
        resource.resourceName = name
        resource.configs = changes.map { name, operation, value in
            var config = IncrementalAlterConfigsRequest.AlterableConfig()
            config.name = name
            config.configOperation = operation
            config.value = value
            return config
        }
        var request = IncrementalAlterConfigsRequest()
        request.resources = [resource]
        request.validateOnly = validateOnly
        return try #require(try ask(request).responses.first)
    }

    func describe(
        _ type: Int8, _ name: String, _ keys: [String]? = nil
    ) throws -> DescribeConfigsResponse.DescribeConfigsResult {
        var resource = DescribeConfigsRequest.DescribeConfigsResource()
        resource.resourceType = type
        resource.resourceName = name
        resource.configurationKeys = keys
        var request = DescribeConfigsRequest()
        request.resources = [resource]
        request.includeSynonyms = true
        request.includeDocumentation = true
        return try #require(try ask(request).results.first)
    }
}
