import CommitLog
import Messages
import Metadata
import Ports
import Records
import SimulatedDisk
import Testing
import Vocabulary
import Wire

@testable import Broker

/// Data loops over an in-memory disk and a clock that stands still until told: what the host does, in one thread.
final class LoopHarness {
    let disk = SimulatedDisk()
    let brokerDisk: BrokerDisk
    let broker: Broker
    var loops: [BrokerLoop] = []
    var now = Moment(instant: Instant(nanoseconds: 1_000_000_000), timestamp: 1_700_000_000_000)
    /// Syncs asked for and not yet carried out, while `holdsSyncs`.
    var heldSyncs: [SyncRequest] = []
    var holdsSyncs = false
    /// What went to the control loop.
    var control: [LoopMessage] = []
    var lines: [LogLine] = []

    init(loops count: Int = 1, _ change: (inout BrokerConfig) -> Void = { _ in }) {
        var config = BrokerConfig()
        config.dataLoops = count
        change(&config)
        brokerDisk = BrokerDisk(disk: disk, directoryID: .zero)
        broker = Broker(
            config: config, clusterID: "test-cluster", disks: [brokerDisk], topology: Topology(image: ClusterImage()))
        for index in 0..<count {
            loops.append(BrokerLoop(id: LoopID(index), broker: broker, now: now, seed: UInt64(index + 1)))
        }
    }

    static func config(writeCaching: Bool = false) -> TopicConfig {
        TopicConfig(log: LogConfig(), produce: ProduceRules(), writeCaching: writeCaching, minInSyncReplicas: 1)
    }

    @discardableResult
    func addTopic(_ name: String, partitions: Int = 1, config: TopicConfig = config()) throws -> Topic {
        let id = TopicID(high: 7, low: UInt64(broker.topology.current().version + 1))
        let made = try (0..<partitions).map { index in
            let key = TopicPartition(topic: name, partition: Int32(index))
            let log = try Log.create(
                disk: disk, topicPartition: key, topicID: id, config: config.log, now: now.timestamp)
            return Partition(
                id: key, topicID: id, disk: brokerDisk, log: log, leaderEpoch: 0, writeCaching: config.writeCaching)
        }
        let topic = Topic(name: name, id: id, config: config, partitions: made)
        broker.topology.update { $0.insert(topic) }
        return topic
    }

    // MARK: - Talking

    final class Peer {
        let loop: BrokerLoop
        let connection: BrokerConnection
        var received: [UInt8] = []
        var correlationID: Int32 = 0

        init(loop: BrokerLoop, connection: BrokerConnection) {
            self.loop = loop
            self.connection = connection
        }
    }

    func connect(loop: Int = 0) -> Peer {
        let connection = loops[loop].open(listener: "PLAINTEXT", peer: "127.0.0.1", now: now)
        return Peer(loop: loops[loop], connection: connection)
    }

    static func frame<Request: RequestMessage>(_ request: Request, version: Int16, correlationID: Int32) -> [UInt8] {
        let flexible = version >= Request.flexibleFrom
        let body = request.encoded(version: version)
        var out: [UInt8] = []
        func put<T: FixedWidthInteger>(_ value: T) { withUnsafeBytes(of: value.bigEndian) { out += $0 } }
        put(Int32(10 + 4 + (flexible ? 1 : 0) + body.count))
        put(Request.apiKey)
        put(version)
        put(correlationID)
        put(Int16(4))
        out += Array("test".utf8)
        if flexible { out.append(0) }
        return out + body
    }

    /// Bytes arrive; everything that follows from them at once is done.
    func send(_ bytes: [UInt8], from peer: Peer) {
        var bytes = bytes
        let consumed = bytes.withUnsafeMutableBytes {
            peer.loop.received(peer.connection, UnsafeMutableRawBufferPointer($0), now: now)
        }
        if !peer.connection.isClosing { #expect(consumed == bytes.count) }
        settle()
    }

    func send<Request: RequestMessage>(_ request: Request, version: Int16? = nil, from peer: Peer) {
        peer.correlationID += 1
        let version = version ?? Request.validVersions.upperBound
        send(Self.frame(request, version: version, correlationID: peer.correlationID), from: peer)
    }

    /// A request and its answer, which must be there at once.
    func ask<Request: RequestMessage>(_ request: Request, version: Int16? = nil, from peer: Peer) throws -> Request.Response {
        let version = version ?? Request.validVersions.upperBound
        send(request, version: version, from: peer)
        return try #require(try answer(to: Request.self, version: version, from: peer))
    }

    /// The next answer that has come; nil when none has.
    func answer<Request: RequestMessage>(to: Request.Type, version: Int16? = nil, from peer: Peer) throws -> Request.Response? {
        let version = version ?? Request.validVersions.upperBound
        collect(peer)
        guard peer.received.count >= 4 else { return nil }
        let length = Int(peer.received.withUnsafeBytes { Int32(bigEndian: $0.loadUnaligned(as: Int32.self)) })
        let frame = Array(peer.received[4..<4 + length])
        peer.received.removeFirst(4 + length)
        let flexible = version >= Request.flexibleFrom && Request.apiKey != ApiKey.apiVersions.rawValue
        var at = flexible ? 5 : 4
        let response = try Request.Response(frame.span.bytes, &at, version: version)
        #expect(at == frame.count, "bytes are left behind the answer")
        return response
    }

    func advance(milliseconds: Int64) {
        now = Moment(
            instant: now.instant.adding(milliseconds: milliseconds),
            timestamp: Timestamp(milliseconds: now.timestamp.milliseconds + milliseconds))
        for loop in loops { _ = loop.advance(to: now) }
        settle()
    }

    func releaseSyncs() {
        holdsSyncs = false
        let requests = heldSyncs
        heldSyncs = []
        for request in requests { carryOut(request) }
        settle()
    }

    // MARK: - The host's part

    private func settle() {
        var isBusy = true
        while isBusy {
            isBusy = false
            for loop in loops {
                for effect in loop.takeOutbound() {
                    isBusy = true
                    carryOut(effect)
                }
                _ = loop.takeDirty()
            }
        }
    }

    private func carryOut(_ effect: LoopEffect) {
        switch effect {
        case .post(let message, let to):
            if to == .control { control.append(message) } else { loops[to.index].deliver(message, now: now) }
        case .sync(let request): holdsSyncs ? heldSyncs.append(request) : carryOut(request)
        case .log(let line): lines.append(line)
        case .dial, .up, .startFailed: invariantFailed("a data loop asks for \(effect)")
        }
    }

    private func carryOut(_ request: SyncRequest) {
        var failure: DiskError?
        do throws(DiskError) {
            for target in request.targets { try request.disk.sync(target) }
        } catch {
            failure = error
        }
        loops[request.loop.index].deliver(.synced([SyncOutcome(owner: request.owner, error: failure)]), now: now)
    }

    /// Takes what is queued for the peer, as the host would send it.
    func collect(_ peer: Peer) {
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
