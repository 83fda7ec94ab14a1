import Broker
import CLinux
import Glibc
import Host
import Logging
import Testing

/// Whole brokers on real sockets and files, that form a quorum in this process.
@Suite(.timeLimit(.minutes(1)), .serialized) struct NodeClusterTests {
    private let directory = TemporaryDirectory()
    private let ports: [UInt16]

    init() throws { ports = (0..<3).map { _ in Self.freePort() } }

    /// Below the ports that the system gives to outgoing connections, which other tests here make.
    private static func freePort() -> UInt16 {
        while true {
            let port = UInt16.random(in: 20_000..<32_768)
            let descriptor = nt_listen("127.0.0.1", port, 1)
            if descriptor < 0 { continue }
            close(descriptor)
            return port
        }
    }

    private func settings(_ id: Int, voters: Int = 3, _ more: [String] = []) throws -> BrokerSettings {
        var properties = Properties()
        for assignment in more { properties.override(assignment) }
        properties.setDefault("node.id", "\(id)")
        if id <= 3 {
            properties.setDefault(
                "listeners", "PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:\(ports[id - 1])")
            properties.setDefault("controller.listener.names", "CONTROLLER")
        }
        properties.setDefault(
            "controller.quorum.voters",
            (1...voters).map { "\($0)@127.0.0.1:\(ports[$0 - 1])" }.joined(separator: ","))
        properties.setDefault("zookeeper.listeners", "127.0.0.1:0")
        properties.setDefault("http.listener", "")
        properties.setDefault("log.dirs", "\(directory.path)/\(id)")
        properties.setDefault("num.network.threads", "1")
        properties.setDefault("controller.quorum.election.timeout.ms", "300")
        return try BrokerSettings(properties)
    }

    private func format(_ settings: [BrokerSettings], _ change: (inout StorageFormat) -> Void = { _ in })
        throws
    {
        var format = StorageFormat()
        change(&format)
        var generator = SystemRandomNumberGenerator()
        _ = try format.run(settings.map { .init(file: "\($0.nodeID)", settings: $0) }, using: &generator)
    }

    private func node(_ settings: BrokerSettings) throws -> Node {
        try Node(settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// What the broker says of itself to `srvr`: leader, follower, observer; nil when it serves nobody just now.
    private func mode(_ node: Node) -> String? {
        guard let client = try? TestClient(port: node.zookeeperListeners[0].port) else { return nil }
        guard (try? client.send(Array("srvr".utf8))) != nil, let said = try? client.receive(10_000) else {
            return nil
        }
        let lines = String(decoding: said, as: UTF8.self).split(separator: "\n")
        return lines.first { $0.hasPrefix("Mode: ") }.map { String($0.dropFirst(6)) }
    }

    private func leader(of nodes: [Node]) -> Int {
        eventually { nodes.firstIndex { mode($0) == "leader" } }
    }

    @Test func `three brokers elect one, and another when it stops; it comes back as a follower`() throws {
        let settings = try (1...3).map { try self.settings($0) }
        try format(settings)
        var nodes = try settings.map { try node($0) }
        for node in nodes { #expect(try node.waitUntilReady()) }
        let first = leader(of: nodes)
        #expect(nodes.compactMap { mode($0) }.sorted() == ["follower", "follower", "leader"])
        #expect(nodes[first].readyLine.contains(" zookeeper=127.0.0.1:"))
        nodes[first].stop()
        nodes.remove(at: first)
        _ = leader(of: nodes)
        nodes.append(try node(settings[first]))
        #expect(try nodes[2].waitUntilReady())
        #expect(mode(nodes[2]) == "follower")
        for node in nodes { node.stop() }
    }

    @Test func `a voter without the others waits for them, and can be stopped meanwhile`() throws {
        let settings = try (1...3).map { try self.settings($0) }
        try format(settings)
        let alone = try node(settings[0])
        let waiter = HostThread("waiter") { #expect((try? alone.waitUntilReady()) == false) }
        alone.stop()
        waiter.join()
        // With a second one they are a majority.
        let two = try [node(settings[0]), node(settings[1])]
        for node in two { #expect(try node.waitUntilReady()) }
        _ = leader(of: two)
        for node in two { node.stop() }
    }

    @Test func `a broker that does not vote joins as an observer, though it knows a follower only`() throws {
        let voters = try (1...2).map { try settings($0, voters: 2) }
        try format(voters)
        let nodes = try voters.map { try node($0) }
        for node in nodes { #expect(try node.waitUntilReady()) }
        let follower = 1 - leader(of: nodes)
        let observer = try settings(
            4,
            [
                "process.roles=broker", "listeners=PLAINTEXT://127.0.0.1:0", "controller.quorum.voters=",
                "controller.quorum.bootstrap.servers=127.0.0.1:\(ports[follower])",
            ])
        try format([observer]) {
            $0.clusterID = nodes[0].broker.clusterID
            $0.voters = .none
        }
        let joined = try node(observer)
        #expect(try joined.waitUntilReady())
        #expect(mode(joined) == "observer")
        for node in [joined] + nodes { node.stop() }
    }

    @Test func `a broker of another cluster is not let in`() throws {
        let settings = try (1...2).map { try self.settings($0, voters: 2) }
        let stranger = try self.settings(
            2, voters: 2,
            ["log.dirs=\(directory.path)/stranger", "controller.quorum.voters=2@127.0.0.1:\(ports[1])"])
        try format([settings[0], settings[1]])
        try format([stranger])
        let first = try node(settings[0])
        let second = try node(stranger)
        #expect(try second.waitUntilReady())  // It is a quorum by itself.
        let waiter = HostThread("waiter") { #expect(try! first.waitUntilReady() == false) }
        #expect(mode(second) != "follower")
        first.stop()
        waiter.join()
        second.stop()
    }
}
