import Broker
import Vocabulary

/// The quorum's and ZooKeeper's properties.
extension SettingsReader {
    /// - Parameter listener: where other replicas find this broker.
    mutating func quorum(of me: BrokerID, listensAt listener: Listener?) -> QuorumSettings {
        var quorum = QuorumSettings()
        let roles = list("process.roles")
        quorum.mayVote = roles.contains("controller")
        if !roles.contains("broker") {
            add("process.roles", "a controller that is no broker is not built; say broker,controller")
        }
        quorum.endpoint = listener.map {
            BrokerConfig.Endpoint(listener: $0.name, host: $0.host, port: Int32($0.port))
        }
        quorum.places = places(of: me, listener)
        quorum.electionTimeoutMs = Int64(int("controller.quorum.election.timeout.ms"))
        quorum.brokerSessionMs = Int64(int("broker.session.timeout.ms"))
        quorum.brokerHeartbeatMs = Int64(int("broker.heartbeat.interval.ms"))
        quorum.snapshotBytes = Int64(int("metadata.log.max.record.bytes.between.snapshots"))
        let milliseconds = Int64(int("metadata.log.max.snapshot.interval.ms"))
        quorum.snapshotMs = milliseconds == 0 ? nil : milliseconds
        if quorum.brokerHeartbeatMs >= quorum.brokerSessionMs {
            add(
                "broker.heartbeat.interval.ms",
                "\(quorum.brokerHeartbeatMs) ms is not below broker.session.timeout.ms, "
                    + "\(quorum.brokerSessionMs): the broker would be fenced between two heartbeats")
        }
        if !quorum.mayVote, quorum.places.isEmpty {
            add(
                "process.roles",
                "a broker that does not vote must know where the quorum is; set controller.quorum.bootstrap.servers"
            )
        }
        return quorum
    }

    /// The other members' places; `me` among several voters must be there for them too.
    private mutating func places(of me: BrokerID, _ listener: Listener?) -> [QuorumSettings.Place] {
        let voters = list("controller.quorum.voters").compactMap { voter($0) }
        for (index, place) in voters.enumerated() {
            if voters[..<index].contains(where: { $0.id == place.id }) {
                add("controller.quorum.voters", "names \(place.id!) twice")
            }
        }
        var places = voters.filter { $0.id != me }
        if !places.isEmpty, places.count < voters.count, listener == nil {
            add(
                "controller.quorum.voters",
                "names this broker, \(me), beside others, but none of 'listeners' is for them: add a listener like "
                    + "CONTROLLER://127.0.0.1:9093 and set controller.listener.names=CONTROLLER")
        }
        let servers = addresses(
            "controller.quorum.bootstrap.servers", listener: "CONTROLLER", like: "broker1.example.org:9093")
        for server in servers {
            if server.host.isEmpty || server.port == 0 {
                add("controller.quorum.bootstrap.servers", "'\(server.address)' lacks a host or a port")
                continue
            }
            if let listener, Self.isSame(server, listener) { continue }
            if places.contains(where: { $0.host == server.host && $0.port == server.port }) { continue }
            places.append(QuorumSettings.Place(id: nil, host: server.host, port: server.port))
        }
        return places
    }

    /// `1@host:9093`
    private mutating func voter(_ text: String) -> QuorumSettings.Place? {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let id = Int32(parts[0]), id >= 0,
            let address = Listener("CONTROLLER://\(parts[1])"), !address.host.isEmpty, address.port > 0
        else {
            add("controller.quorum.voters", "'\(text)' is not id@host:port, like 1@127.0.0.1:9093")
            return nil
        }
        return QuorumSettings.Place(id: BrokerID(id), host: address.host, port: address.port)
    }

    private static func isSame(_ a: Listener, _ b: Listener) -> Bool {
        let loopback = ["localhost", "127.0.0.1", "::1"]
        guard a.port == b.port else { return false }
        return a.host == b.host
            || (loopback.contains(a.host) && (b.host.isEmpty || loopback.contains(b.host)))
    }

    mutating func zookeeper() -> ZooKeeperSettings {
        var settings = ZooKeeperSettings()
        settings.tickMs = Int64(int("zookeeper.tickTime"))
        settings.sessionTimeoutMinMs = bound("zookeeper.minSessionTimeout", 2 * settings.tickMs)
        settings.sessionTimeoutMaxMs = bound("zookeeper.maxSessionTimeout", 20 * settings.tickMs)
        if settings.sessionTimeoutMinMs > settings.sessionTimeoutMaxMs {
            add(
                "zookeeper.minSessionTimeout",
                "\(settings.sessionTimeoutMinMs) ms is above zookeeper.maxSessionTimeout, "
                    + "\(settings.sessionTimeoutMaxMs) ms")
        }
        let connections = int("zookeeper.maxClientCnxns")
        settings.connectionsPerAddressMax = connections == 0 ? .max : connections
        settings.frameBytesMax = int("zookeeper.jute.maxbuffer")
        settings.outstandingRequestsMax = int("zookeeper.globalOutstandingLimit")
        settings.commands = commands("zookeeper.4lw.commands.whitelist")
        settings.isReconfigEnabled = isOn("zookeeper.reconfigEnabled")
        settings.isReadOnlyModeEnabled = isOn("zookeeper.readonlymode.enabled")
        settings.areExtendedTypesEnabled = isOn("zookeeper.extendedTypesEnabled")
        settings.areQuotasEnforced = isOn("zookeeper.enforceQuota")
        settings.containerCheckMs = Int64(int("zookeeper.znode.container.checkIntervalMs"))
        settings.skipsACLs = ["yes", "true"].contains(text("zookeeper.skipACL"))
        settings.superDigest = superDigest("zookeeper.DigestAuthenticationProvider.superDigest")
        return settings
    }

    /// Milliseconds, as many as ZooKeeper's protocol can say.
    private func bound(_ name: String, _ standard: Int64) -> Int64 {
        let value = Int64(int(name))
        return min(Int64(Int32.max), value < 0 ? standard : value)
    }

    private mutating func commands(_ name: String) -> ZooKeeperSettings.Commands {
        let words = list(name)
        if words.contains("*") { return .all }
        for word in words where !ZooKeeperSettings.knownCommands.contains(word) {
            add(
                name,
                "'\(word)' is no four-letter word; there are \(ZooKeeperSettings.knownCommands.sorted().joined(separator: ", "))"
            )
        }
        return .only(Set(words))
    }

    /// The message does not show it.
    private mutating func superDigest(_ name: String) -> String? {
        guard let digest = text(name), !digest.isEmpty else { return nil }
        let parts = digest.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "super", parts[1].utf8.count == 28, parts[1].hasSuffix("=") else {
            add(name, "it is not super: and 28 characters of base64, the SHA-1 of super:password")
            return nil
        }
        return digest
    }
}
