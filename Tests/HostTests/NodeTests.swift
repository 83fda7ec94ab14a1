import Glibc
import Host
import Logging
import Messages
import Testing

/// A whole broker on real sockets and files.
@Suite(.timeLimit(.minutes(1)), .serialized) struct NodeTests {
    private let directory = TemporaryDirectory()

    private func settings(_ more: [String] = []) throws -> BrokerSettings {
        var properties = Properties()
        for assignment in more { properties.override(assignment) }
        properties.setDefault("listeners", "PLAINTEXT://127.0.0.1:0")
        properties.setDefault("http.listener", "127.0.0.1:0")
        properties.setDefault("log.dirs", "\(directory.path)/a,\(directory.path)/b")
        properties.setDefault("num.network.threads", "2")
        return try BrokerSettings(properties)
    }

    private func start(_ more: [String] = []) throws -> Node {
        let node = try make(more)
        #expect(try node.waitUntilReady())
        return node
    }

    private func make(_ more: [String] = []) throws -> Node {
        try Node(try settings(more), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// ApiVersions, version 0, with a correlation id.
    private func askVersions(_ port: UInt16) throws -> [UInt8] {
        let client = try TestClient(port: port)
        try client.send([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 77, 0xFF, 0xFF])
        let length = try client.receive(4).reduce(0) { $0 << 8 | Int($1) }
        return try client.receive(length)
    }

    private func get(_ node: Node, _ path: String) throws -> String {
        let client = try TestClient(port: node.http!.listener.port)
        try client.send(Array("GET \(path) HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".utf8))
        return String(decoding: try client.receive(1_000_000), as: UTF8.self)
    }

    @Test func `a broker answers, tells how it is, stops in order and comes back`() throws {
        for round in 0..<2 {
            let node = try start()
            #expect(node.readyLine.hasPrefix("needletail ready id=1 pid=\(getpid()) kafka=127.0.0.1:"))
            #expect(node.readyLine.contains(" http=127.0.0.1:"))
            let answer = try askVersions(node.listeners[0].port)
            #expect(Array(answer.prefix(6)) == [0, 0, 0, 77, 0, 0])
            #expect(try get(node, "/health").hasPrefix("HTTP/1.1 200 "))
            #expect(try get(node, "/metrics").contains("\nbroker_connections "))
            #expect(
                try get(node, "/metrics").contains("broker_log_dir_online{dir=\"\(directory.path)/a\"} 1\n"))
            #expect(access("\(directory.path)/a/.kafka_cleanshutdown", F_OK) != 0)
            node.stop()
            #expect(access("\(directory.path)/a/.kafka_cleanshutdown", F_OK) == 0, "round \(round)")
        }
    }

    @Test func `a directory is free at once when its broker has stopped, though that is still known`() throws {
        var stopped: [Node] = []
        for round in 0..<6 {
            let node = try make()
            if round % 2 == 0 { #expect(try node.waitUntilReady()) }
            node.stop()
            stopped.append(node)
        }
        let next = try start()
        withExtendedLifetime(stopped) { next.stop() }
    }

    @Test func `a broker stopped before it was ready listens no more, and does not become ready`() throws {
        let node = try make()
        node.stop()
        #expect(throws: TestClient.Failure.self) { try TestClient(port: node.listeners[0].port) }
        #expect(try node.waitUntilReady() == false)
        #expect(throws: TestClient.Failure.self) { try TestClient(port: node.listeners[0].port) }
    }

    @Test func `a broker that cannot start holds nothing back`() throws {
        let other = try TestServer()
        let error = #expect(throws: SettingsProblems.self) { try make(["http.listener=127.0.0.1:\(other.port)"]) }
        #expect(error?.description.contains("http.listener") == true)
        try start().stop()
    }

    @Test func `two brokers do not share a directory or a port`() throws {
        let node = try start()
        defer { node.stop() }
        let shared = #expect(throws: SettingsProblems.self) { try start() }
        #expect(
            shared?.description.contains("another broker (pid \(getpid())) is using this directory") == true)
        let port = #expect(throws: SettingsProblems.self) {
            try start([
                "log.dirs=\(directory.path)/c", "listeners=PLAINTEXT://127.0.0.1:\(node.listeners[0].port)",
            ])
        }
        #expect(port?.description.contains("the port is in use") == true)
    }

    @Test func `a directory of another broker is refused`() throws {
        try start().stop()
        let error = #expect(throws: SettingsProblems.self) { try start(["node.id=2"]) }
        #expect(error?.description.contains("meta.properties") == true)
    }

    @Test func `a broker starts without a directory that cannot be used, but not without the first`() throws {
        directory.write("not a directory", to: "file")
        let node = try start(["log.dirs=\(directory.path)/a,\(directory.path)/file"])
        #expect(
            try get(node, "/health").contains("{\"dir\":\"\(directory.path)/file\",\"standing\":\"offline\"}")
        )
        node.stop()
        let error = #expect(throws: SettingsProblems.self) { try start(["log.dirs=\(directory.path)/file"]) }
        #expect(error?.description.contains("cannot use \(directory.path)/file") == true)
    }
}
