import Consensus
import Coordination
import HashTreeCollections
import Ports
import Vocabulary

/// Answers to four-letter words, in the form that ZooKeeper's tools read.
extension QuorumLoop {
    /// What clients take us for: kazoo and others decide by it what they may ask.
    static let zooKeeperVersion = "3.9.3-needletail"

    func answer(_ word: FourLetterWord, _ client: ZooKeeperConnection) {
        let text: String
        if !config.zookeeper.commands.contains(word.rawValue),
            !(word == .isro && config.zookeeper.isReadOnlyModeEnabled)
        {
            text = "\(word) is not executed because it is not in the whitelist.\n"
        } else {
            text = answer(word)
        }
        Array(text.utf8).withUnsafeBytes { client.connection.output.append($0) }
        finish(client)
    }

    private func answer(_ word: FourLetterWord) -> String {
        switch word {
        case .ruok: "imok"
        case .isro: isCutOff ? "ro" : "rw"
        case .srvr: serverText
        case .stat: statText
        case .conf: confText
        case .cons: zookeeper.all.map { " " + line($0, isLong: true) + "\n" }.joined() + "\n"
        case .crst: resetConnections()
        case .srst: resetServer()
        case .dirs: "datadir_size: \(snapshots.newestBytes)\nlogdir_size: \(log.sizeBytes)\n"
        case .dump: dumpText
        case .envi: enviText
        case .gtmk: "1\n"
        case .stmk: "Trace masks are not kept; use the log level.\n"
        case .hash: "\(hex(Int64(bitPattern: coordination.digest)))\n"
        case .mntr: monitorText
        case .wchs:
            "\(zookeeper.watches.watcherCount) connections watching \(zookeeper.watches.pathCount) paths\n"
                + "Total watches:\(zookeeper.watches.count)\n"
        case .wchc:
            zookeeper.watches.pathsByWatcher.map { watcher, paths in
                hex(watcher) + "\n" + paths.map { "\t\($0)\n" }.joined()
            }.joined() + "\n"
        case .wchp:
            zookeeper.watches.watchersByPath.map { path, watchers in
                path + "\n" + watchers.map { "\t\(hex($0))\n" }.joined()
            }.joined() + "\n"
        }
    }

    private var mode: String {
        if isCutOff { return "read-only" }
        if raft.voters.voters.count == 1, raft.role == .leader { return "standalone" }
        if raft.role == .leader { return "leader" }
        return raft.voters.contains(me) ? "follower" : "observer"
    }

    private var serverText: String {
        if !leadership.isServing, raft.leader == nil || raft.leader == me, !isCutOff {
            return "This ZooKeeper instance is not currently serving requests\n"
        }
        return "Zookeeper version: \(Self.zooKeeperVersion), built on needletail\n" + countsText
    }

    private var countsText: String {
        let latency = zookeeper.statistics.latency
        return """
            Latency min/avg/max: \(latency.min)/\(oneDigit(latency.average))/\(latency.max)
            Received: \(zookeeper.statistics.received)
            Sent: \(zookeeper.statistics.sent)
            Connections: \(zookeeper.clients.count)
            Outstanding: \(zookeeper.outstanding)
            Zxid: \(hex(applied.value))
            Mode: \(mode)
            Node count: \(coordination.tree.count)

            """
    }

    private var statText: String {
        let clients = zookeeper.all.map { " " + line($0, isLong: false) + "\n" }.joined()
        return "Zookeeper version: \(Self.zooKeeperVersion), built on needletail\nClients:\n\(clients)\n"
            + countsText
    }

    private func line(_ client: ZooKeeperConnection, isLong: Bool) -> String {
        let counts = client.statistics
        let isOpen = if case .open = client.state { true } else { false }
        var text =
            "/\(client.connection.peer):\(client.connection.peerPort)[\(isOpen ? 1 : 0)](queued=\(client.outstanding),"
        text += "recved=\(counts.received),sent=\(counts.sent)"
        if isLong, client.session != 0 {
            text += ",sid=\(hex(client.session)),lop=\(counts.lastOperation),est=\(counts.established)"
            text +=
                ",to=\(client.timeoutMs),lcxid=\(hex(Int64(counts.lastXid))),lzxid=\(hex(counts.lastZxid))"
            text += ",lresp=\(now.timestamp),llat=\(counts.latency.last),minlat=\(counts.latency.min)"
            text += ",avglat=\(Int64(counts.latency.average)),maxlat=\(counts.latency.max)"
        }
        return text + ")"
    }

    private var confText: String {
        let settings = config.zookeeper
        var lines = [
            "dataDir=\(log.disk.name)", "tickTime=\(settings.tickMs)",
            "maxClientCnxns=\(settings.connectionsPerAddressMax == .max ? 0 : settings.connectionsPerAddressMax)",
            "minSessionTimeout=\(settings.sessionTimeoutMinMs)",
            "maxSessionTimeout=\(settings.sessionTimeoutMaxMs)",
            "serverId=\(me.id)", "electionTimeout=\(config.quorum.electionTimeoutMs)",
        ]
        for voter in raft.voters.voters {
            lines.append("server.\(voter.key.id)=\(voter.host):\(voter.port):participant")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var dumpText: String {
        let sessions = coordination.sessions.values.sorted { $0.id < $1.id }
        var text = "SessionTracker dump:\nSession Sets (\(sessions.count)):\n"
        for session in sessions { text += "\t\(hex(session.id)) timeout \(session.timeoutMs) ms\n" }
        let owners = sessions.map { ($0.id, coordination.ephemerals(of: $0.id, prefix: "/")) }.filter {
            !$0.1.isEmpty
        }
        text += "ephemeral nodes dump:\nSessions with Ephemerals (\(owners.count)):\n"
        for (id, paths) in owners { text += "\(hex(id)):\n" + paths.map { "\t\($0)\n" }.joined() }
        let connected = zookeeper.all.filter { $0.session != 0 }
        text += "Connections dump:\nConnections Sets (\(connected.count)):\n"
        for client in connected { text += "\t\(line(client, isLong: true))\n" }
        return text
    }

    private var enviText: String {
        """
        Environment:
        zookeeper.version=\(Self.zooKeeperVersion), built on needletail
        host.name=\(config.endpoints.first?.host ?? "")
        os.name=Linux
        user.dir=\(log.disk.name)

        """
    }

    private var monitorText: String {
        let latency = zookeeper.statistics.latency
        var rows: [(String, String)] = [
            ("zk_version", "\(Self.zooKeeperVersion), built on needletail"),
            ("zk_server_state", mode), ("zk_avg_latency", oneDigit(latency.average)),
            ("zk_max_latency", "\(latency.max)"), ("zk_min_latency", "\(latency.min)"),
            ("zk_packets_received", "\(zookeeper.statistics.received)"),
            ("zk_packets_sent", "\(zookeeper.statistics.sent)"),
            ("zk_num_alive_connections", "\(zookeeper.clients.count)"),
            ("zk_outstanding_requests", "\(zookeeper.outstanding)"),
            ("zk_znode_count", "\(coordination.tree.count)"),
            ("zk_watch_count", "\(zookeeper.watches.count)"),
            ("zk_ephemerals_count", "\(coordination.tree.ephemeralCount)"),
            ("zk_global_sessions", "\(coordination.sessions.count)"),
            ("zk_approximate_data_size", "\(coordination.tree.dataBytes)"),
            ("zk_uptime", "\(now.timestamp.milliseconds - zookeeper.started.milliseconds)"),
        ]
        if raft.role == .leader {
            let others = raft.replicas.filter { $0.key != me }
            rows += [
                ("zk_learners", "\(others.count)"),
                ("zk_synced_followers", "\(others.filter(\.isVoter).count)"),
                ("zk_synced_observers", "\(others.filter { !$0.isVoter }.count)"),
            ]
        }
        return rows.map { "\($0.0)\t\($0.1)\n" }.joined()
    }

    private func resetConnections() -> String {
        for client in zookeeper.all {
            let established = client.statistics.established
            client.statistics = ClientStatistics()
            client.statistics.established = established
        }
        return "Connection stats reset.\n"
    }

    private func resetServer() -> String {
        zookeeper.statistics = ClientStatistics()
        return "Server stats reset.\n"
    }
}

/// A number with one or four digits behind the point, as ZooKeeper prints averages.
private func oneDigit(_ value: Double) -> String {
    let scaled = Int64((value * 10_000).rounded())
    let fraction = String(scaled % 10_000)
    var digits = String(repeating: "0", count: 4 - fraction.count) + fraction
    while digits.count > 1, digits.last == "0" { digits.removeLast() }
    return "\(scaled / 10_000).\(digits)"
}
