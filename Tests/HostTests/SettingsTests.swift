import Glibc
import Host
import Metadata
import Testing

struct SettingsTests {
    private func problems(_ text: String) -> [String] {
        do throws(SettingsProblems) {
            _ = try BrokerSettings(Properties(parsing: text, source: "f"))
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    private func load(_ text: String) throws -> BrokerSettings {
        try BrokerSettings(Properties(parsing: text, source: "f"))
    }

    private var exampleText: String { Self.example("broker.properties") }

    /// A file of `config/`.
    static func example(_ name: String) -> String {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(
            separator: "/")
        var bytes: [UInt8] = []
        guard let file = fopen("\(root)/config/\(name)", "r") else { return "" }
        defer { fclose(file) }
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `the example configuration starts a broker`() throws {
        let settings = try load(exampleText)
        #expect(settings.nodeID == 1)
        #expect(settings.listeners == [Listener(name: "PLAINTEXT", host: "127.0.0.1", port: 9092)])
        #expect(settings.httpListener?.port == 8080)
        #expect(settings.logDirs == ["needletail-data"])
        #expect(settings.withoutEffect == [])
    }

    @Test func `what the example shows commented out is the default`() {
        for line in exampleText.split(separator: "\n") where line.hasPrefix("#") {
            let parts = line.dropFirst().split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let definition = ConfigCatalogue.broker[parts[0]] else { continue }
            if Self.examples.contains(parts[0]) { continue }
            #expect(definition.defaultValue == parts[1], "\(parts[0])")
        }
    }

    /// Shown by an example, for want of a default.
    private static let examples = [
        "advertised.listeners", "max.connections.per.ip.overrides", "controller.listener.names",
        "controller.quorum.voters", "controller.quorum.bootstrap.servers", "zookeeper.listeners",
        "zookeeper.DigestAuthenticationProvider.superDigest",
    ]

    @Test func `every problem is told at once, with its line`() {
        let found = problems(
            """
            node.id=one
            listeners=PLAINTEXT://127.0.0.1:9092
            lisseners=x
            zookeeper.connect=localhost:2181
            retention.ms=1
            socket.request.max.bytes=-5
            a.name.like.no.other=1
            """)
        #expect(found.count == 6)
        #expect(found[0].hasPrefix("f:1: Invalid value one for configuration node.id"))
        #expect(found[1] == "f:3: unknown property 'lisseners'; did you mean 'listeners'?")
        #expect(found[2].hasPrefix("f:4: 'zookeeper.connect' is not needed"))
        #expect(
            found[3]
                == "f:5: 'retention.ms' is a topic's configuration, not a broker's; for all topics set 'log.retention.ms'"
        )
        #expect(found[4].hasPrefix("f:6: Invalid value -5"))
        #expect(found[5] == "f:7: unknown property 'a.name.like.no.other'")
    }

    @Test func `listeners must be such as can be served and reached`() {
        #expect(problems("listeners=nonsense").first?.contains("'nonsense' is not NAME://HOST:PORT") == true)
        #expect(problems("listeners=SSL://127.0.0.1:1").first?.contains("not built yet") == true)
        #expect(
            problems("listeners=INTERNAL://127.0.0.1:1").first?.contains("listener.security.protocol.map")
                == true)
        #expect(
            problems(
                "listeners=A://127.0.0.1:1\nlistener.security.protocol.map=A:PLAINTEXT\nadvertised.listeners=B://h:1"
            )
            .first?.contains("not one of 'listeners'") == true)
        #expect(
            problems("listeners=PLAINTEXT://0.0.0.0:1").first?.contains("set advertised.listeners") == true)
        #expect(
            problems(
                "listeners=A://:1,B://127.0.0.1:2\nlistener.security.protocol.map=A:PLAINTEXT,B:PLAINTEXT")
                == [])
    }

    @Test func `sockets are sized by the system unless the operator sizes them`() throws {
        let settings = try load(
            "socket.send.buffer.bytes=4096\nqueued.max.requests=10\nlog.initial.task.delay.ms=1")
        #expect(settings.reactor.sendBufferBytes == 4096)
        #expect(settings.reactor.receiveBufferBytes == -1)
        #expect(settings.withoutEffect == ["queued.max.requests", "log.initial.task.delay.ms"])
    }

    @Test func `older names and several directories are understood`() throws {
        let settings = try load(
            "broker.id=7\nlog.dirs=/a, /b\nmax.connections.per.ip.overrides=10.0.0.1:5,::1:6\nhttp.listener=\n"
                + "connections.max.idle.ms=-1\nnum.network.threads=3\nnum.io.threads=4")
        #expect(settings.nodeID == 7)
        #expect(settings.logDirs == ["/a", "/b"])
        #expect(settings.connectionsPerAddressOverrides == ["10.0.0.1": 5, "::1": 6])
        #expect(settings.httpListener == nil)
        #expect(settings.reactor.idleNanoseconds > 1 << 53)
        #expect(settings.reactor.dataLoops == 3)
        #expect(settings.withoutEffect == ["num.io.threads"])
    }
}
