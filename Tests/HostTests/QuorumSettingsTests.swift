import Broker
import Host
import Testing

struct QuorumSettingsTests {
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

    private static let member = """
        node.id=2
        listeners=PLAINTEXT://127.0.0.1:9192,CONTROLLER://127.0.0.1:9193
        controller.listener.names=CONTROLLER
        controller.quorum.voters=1@127.0.0.1:9093,2@127.0.0.1:9193,3@[::1]:9293
        """

    @Test func `a file that says nothing of a quorum is a quorum of one`() throws {
        let settings = try load("listeners=PLAINTEXT://127.0.0.1:9092")
        #expect(settings.broker.quorum == QuorumSettings())
        #expect(settings.broker.quorum.isAlone)
        #expect(settings.broker.zookeeper == ZooKeeperSettings())
        #expect(settings.controllerListeners == [])
        #expect(settings.zookeeperListeners == [])
        #expect(settings.withoutEffect == [])
    }

    @Test func `one of three voters knows its own listener and the others' places`() throws {
        let settings = try load(Self.member)
        #expect(settings.listeners.map(\.name) == ["PLAINTEXT"])
        #expect(settings.advertised.map(\.name) == ["PLAINTEXT"])
        #expect(settings.controllerListeners == [Listener(name: "CONTROLLER", host: "127.0.0.1", port: 9193)])
        let quorum = settings.broker.quorum
        #expect(quorum.endpoint == .init(listener: "CONTROLLER", host: "127.0.0.1", port: 9193))
        #expect(quorum.places.map(\.description) == ["1@127.0.0.1:9093", "3@[::1]:9293"])
        #expect(quorum.mayVote)
        #expect(!quorum.isAlone)
        #expect(settings.withoutEffect == [])
    }

    @Test func `the three examples of a cluster are voters that know each other`() throws {
        let members = try (1...3).map { try load(SettingsTests.example("cluster-\($0).properties")) }
        for (index, member) in members.enumerated() {
            #expect(member.nodeID == Int32(index + 1))
            let others = members.filter { $0.nodeID != member.nodeID }
            #expect(
                member.broker.quorum.places
                    == others.map { other in
                        let endpoint = other.broker.quorum.endpoint!
                        return .init(
                            id: other.broker.nodeID, host: endpoint.host, port: UInt16(endpoint.port))
                    })
            #expect(member.withoutEffect == [])
        }
        let addresses = members.flatMap {
            ($0.listeners + $0.controllerListeners + $0.zookeeperListeners + [$0.httpListener!]).map(
                \.address)
        }
        #expect(addresses.count == 12)
        #expect(Set(addresses).count == 12)
        #expect(Set(members.flatMap(\.logDirs)).count == 3)
    }

    @Test func `replicas can be told another address than the one listened at`() throws {
        let settings = try load(
            Self.member + "\nadvertised.listeners=CONTROLLER://b2.example.org:1,PLAINTEXT://b2.example.org:2")
        #expect(settings.broker.quorum.endpoint?.host == "b2.example.org")
        #expect(settings.broker.quorum.endpoint?.port == 1)
        #expect(settings.controllerListeners.first?.port == 9193)
        #expect(settings.advertised == [Listener(name: "PLAINTEXT", host: "b2.example.org", port: 2)])
    }

    @Test func `a broker that does not vote needs no listener for it, but a place to ask`() throws {
        let settings = try load(
            "process.roles=broker\ncontroller.listener.names=CONTROLLER\n"
                + "controller.quorum.bootstrap.servers=b1.example.org:9093, 10.0.0.2:9093")
        #expect(!settings.broker.quorum.mayVote)
        #expect(settings.broker.quorum.endpoint == nil)
        #expect(settings.broker.quorum.places.map(\.description) == ["b1.example.org:9093", "10.0.0.2:9093"])
        #expect(!settings.broker.quorum.isAlone)
        #expect(
            problems("process.roles=broker").first?.hasPrefix(
                "f:1: process.roles: a broker that does not vote")
                == true)
    }

    @Test(arguments: ["127.0.0.1:9093", "localhost:9093"]) func `its own place is not another's`(own: String)
        throws
    {
        let settings = try load(
            "listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093\ncontroller.listener.names=CONTROLLER\n"
                + "controller.quorum.bootstrap.servers=\(own)\ncontroller.quorum.voters=1@127.0.0.1:9093")
        #expect(settings.broker.quorum.isAlone)
    }

    @Test(arguments: [
        (
            "controller.quorum.voters=127.0.0.1:9093",
            "f:1: controller.quorum.voters: '127.0.0.1:9093' is not id@host:port"
        ),
        ("controller.quorum.voters=x@h:1", "f:1: controller.quorum.voters: 'x@h:1' is not id@host:port"),
        ("controller.quorum.voters=-1@h:1", "f:1: controller.quorum.voters: '-1@h:1' is not id@host:port"),
        ("controller.quorum.voters=2@h:0", "f:1: controller.quorum.voters: '2@h:0' is not id@host:port"),
        ("controller.quorum.voters=2@h:1,2@i:1", "f:1: controller.quorum.voters: names 2 twice"),
        (
            "controller.quorum.voters=1@h:1,2@h:2",
            "f:1: controller.quorum.voters: names this broker, 1, beside others"
        ),
        (
            "controller.quorum.bootstrap.servers=h",
            "f:1: controller.quorum.bootstrap.servers: 'h' is not host:port"
        ),
        (
            "controller.quorum.bootstrap.servers=:1",
            "f:1: controller.quorum.bootstrap.servers: ':1' lacks a host"
        ),
        ("process.roles=controller", "f:1: process.roles: a controller that is no broker is not built"),
        ("process.roles=brocker", "f:1: Invalid value brocker for configuration process.roles"),
        ("broker.heartbeat.interval.ms=9000", "f:1: broker.heartbeat.interval.ms: 9000 ms is not below"),
        (
            "controller.quorum.election.timeout.ms=1",
            "f:1: Invalid value 1 for configuration controller.quorum.election"
        ),
        (
            "listeners=CONTROLLER://h:1",
            "f:1: listeners: CONTROLLER has no protocol in listener.security.protocol.map; if"
        ),
        (
            "listeners=CONTROLLER://h:1\ncontroller.listener.names=CONTROLLER",
            "f:1: listeners: names no listener for clients"
        ),
        (
            "listeners=PLAINTEXT://h:1,ZOOKEEPER://h:2\ncontroller.listener.names=zookeeper",
            "f:2: controller.listener.names: ZOOKEEPER is what zookeeper.listeners is called"
        ),
        (
            "controller.listener.names=CONTROLLER\nadvertised.listeners=CONTROLLER://h:1,PLAINTEXT://h:2",
            "f:2: advertised.listeners: CONTROLLER is not one of 'listeners'"
        ),
        (
            "listeners=PLAINTEXT://h:1,CONTROLLER://0.0.0.0:2\ncontroller.listener.names=CONTROLLER",
            "default: advertised.listeners: replicas cannot connect to 0.0.0.0"
        ),
        (
            "zookeeper.listeners=2181",
            "f:1: zookeeper.listeners: '2181' is not host:port, like 127.0.0.1:2181"
        ),
        ("zookeeper.tickTime=0", "f:1: Invalid value 0 for configuration zookeeper.tickTime"),
        ("zookeeper.maxSessionTimeout=3000", "default: zookeeper.minSessionTimeout: 4000 ms is above"),
        (
            "zookeeper.4lw.commands.whitelist=srvr, rouk",
            "f:1: zookeeper.4lw.commands.whitelist: 'rouk' is no four-letter"
        ),
        ("zookeeper.skipACL=maybe", "f:1: Invalid value maybe for configuration zookeeper.skipACL"),
        ("zookeeper.jute.maxbuffer=0", "f:1: Invalid value 0 for configuration zookeeper.jute.maxbuffer"),
        (
            "zookeeper.ticktime=1",
            "f:1: unknown property 'zookeeper.ticktime'; did you mean 'zookeeper.tickTime'?"
        ),
        ("zookeeper.ssl.client.enable=true", "f:1: 'zookeeper.ssl.client.enable' is not needed"),
    ])
    func `what cannot be is refused with its line`(text: String, problem: String) {
        let found = problems(text)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix(problem) == true, "\(found)")
    }

    @Test func `a super digest is checked and never shown`() throws {
        let name = "zookeeper.DigestAuthenticationProvider.superDigest"
        let digest = "super:xQJmxLMiHGwaqBvst5y6rkB6HQs="
        #expect(try load("\(name)=\(digest)").broker.zookeeper.superDigest == digest)
        for bad in ["super:secret", "secret", "root:xQJmxLMiHGwaqBvst5y6rkB6HQs="] {
            let found = problems("\(name)=\(bad)")
            #expect(found.count == 1)
            #expect(found.first?.contains("secret") == false)
            #expect(found.first?.hasPrefix("f:1: \(name): it is not super: and 28") == true)
        }
    }

    @Test func `ZooKeeper's numbers follow its tick, and 0 and * mean all`() throws {
        let settings = try load(
            """
            zookeeper.listeners=127.0.0.1:2181,[::1]:2182
            zookeeper.tickTime=500
            zookeeper.maxClientCnxns=0
            zookeeper.4lw.commands.whitelist=*
            zookeeper.skipACL=yes
            zookeeper.extendedTypesEnabled=false
            """)
        #expect(settings.zookeeperListeners.map(\.address) == ["127.0.0.1:2181", "[::1]:2182"])
        let zookeeper = settings.broker.zookeeper
        #expect(zookeeper.sessionTimeoutMinMs == 1000)
        #expect(zookeeper.sessionTimeoutMaxMs == 10_000)
        #expect(zookeeper.connectionsPerAddressMax == .max)
        #expect(zookeeper.commands.contains("mntr"))
        #expect(!ZooKeeperSettings().commands.contains("mntr"))
        #expect(ZooKeeperSettings().commands.contains("srvr"))
        #expect(zookeeper.skipsACLs)
        #expect(!zookeeper.areExtendedTypesEnabled)
        // Bounds of their own, and as much as the protocol can say.
        #expect(try load("zookeeper.minSessionTimeout=1").broker.zookeeper.sessionTimeoutMinMs == 1)
        #expect(
            try load("zookeeper.tickTime=2147483647").broker.zookeeper.sessionTimeoutMaxMs == Int64(Int32.max)
        )
    }

    @Test func `what has no effect says so`() throws {
        let settings = try load(
            "controller.quorum.fetch.timeout.ms=5\nmetadata.log.max.snapshot.interval.ms=0")
        #expect(settings.withoutEffect == ["controller.quorum.fetch.timeout.ms"])
        #expect(settings.broker.quorum.snapshotMs == nil)
    }
}
