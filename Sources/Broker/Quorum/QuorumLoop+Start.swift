import CommitLog
import Consensus
import Coordination
import Metadata
import Ports
import Vocabulary

extension QuorumLoop {
    /// Brings up the quorum loop on what its directory holds: the newest snapshot is read, and the log behind it.
    static func start(
        _ broker: Broker, _ directory: LogDirectory, seed: UInt64, now: Moment
    ) throws(StartError) -> QuorumLoop {
        let config = broker.config
        let me = ReplicaKey(id: config.nodeID, directory: directory.identity.directoryID)
        try adoptAlone(config, directory, me)
        let found = try QuorumStorage.open(directory, repairs: !config.quorum.isAlone, now: now.timestamp)
        var chance = SeededGenerator(seed: seed)
        let image = found.state?.image ?? ClusterImage()
        if let known = image.clusterID, known != broker.clusterID {
            throw StartError(
                "The metadata log in \(directory.disk.name) is of cluster \(known), the directory of cluster \(broker.clusterID)."
            )
        }
        // Each start has its own ids even where the seed is the same: the log has grown since.
        let metadataSeed = chance.next() ^ UInt64(bitPattern: found.log.endOffset.value &+ 1) &* 0xD6E8_FEB8_6659_FD93
        let metadata = Controller(
            image: image, seed: metadataSeed, broker: config.nodeID, staticProperties: config.properties)
        let loop = QuorumLoop(
            config: config, clusterID: broker.clusterID, me: me, shared: broker.quorum, found: found,
            metadata: metadata, chance: chance, now: now)
        loop.coordination = found.state?.coordination ?? Coordination()
        loop.coordination.config = coordinationConfig(config.zookeeper)
        try loop.followReplica()
        for warning in found.warnings {
            loop.log(.warning, "The metadata log needed repair.", [("reason", warning)])
        }
        loop.log(
            .info, "Opened the metadata log.",
            [
                ("replica", "\(me)"), ("log.start.offset", "\(loop.log.startOffset)"),
                ("log.end.offset", "\(loop.log.endOffset)"), ("snapshot.offset", "\(found.restored.snapshot.end)"),
                ("leader.epoch", "\(loop.raft.term)"),
                ("voters", loop.raft.voters.voters.map { "\($0.key.id)" }.joined(separator: ",")),
            ])
        loop.aim()
        return loop
    }

    /// Where Raft began with an empty log at the snapshot's end, since the log is not of that snapshot, so does the log.
    private func followReplica() throws(StartError) {
        if raft.logStart == log.startOffset, raft.logEnd == log.endOffset { return }
        do throws(LogError) {
            try log.restart(at: raft.logEnd, now: now.timestamp)
            pending.removeAll()
        } catch {
            throw StartError("The metadata log cannot be begun anew behind its snapshot: \(error)")
        }
    }

    /// A broker that is a cluster by itself names itself its only voter, the first time; also where a log is from before there
    /// was a quorum.
    private static func adoptAlone(
        _ config: BrokerConfig, _ directory: LogDirectory, _ me: ReplicaKey
    ) throws(StartError) {
        guard config.quorum.isAlone else { return }
        let endpoint = config.quorum.endpoint
        let voter = QuorumVoter(
            id: me.id, directory: me.directory, host: endpoint?.host ?? "",
            port: UInt16(clamping: endpoint?.port ?? 0))
        do throws(DiskError) {
            if try QuorumStorage.hasSnapshot(directory.disk) { return }
            try QuorumStorage.writeVoters(disk: directory.disk, voters: [voter])
        } catch {
            throw StartError("\(directory.disk.name) cannot be written: \(error)")
        }
    }

    static func coordinationConfig(_ settings: ZooKeeperSettings) -> CoordinationConfig {
        var config = CoordinationConfig()
        config.dataBytesMax = settings.frameBytesMax
        config.enforcesQuotas = settings.areQuotasEnforced
        return config
    }
}
