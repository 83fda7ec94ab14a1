import Consensus
import Coordination
import HashTreeCollections
import Metadata
import Vocabulary
import ZooKeeper

/// ZooKeeper's `reconfig`: behind its switch, one server at a time, in the words of ZooKeeper's configuration files.
extension QuorumLoop {
    func reconfigure(_ change: ReconfigRequest, _ request: ZooKeeperRequest, xid: Int32, _ client: ZooKeeperConnection) {
        func refuse(_ code: ResultCode) { take(request, xid: xid, isAsked: false, client, reply: .failure(code)) }
        guard config.zookeeper.isReconfigEnabled else { return refuse(.reconfigDisabled) }
        guard client.identities.contains(.superuser) || config.zookeeper.skipsACLs else { return refuse(.noAuth) }
        switch (change.joining, change.leaving, change.members) {
        case (nil, let leaving?, nil):
            guard let id = Int32(leaving), let voter = raft.voters.voter(BrokerID(id)) else {
                return refuse(.badArguments)
            }
            askLeader(.quorum(.removeVoter(voter.key)), request, xid: xid, client)
        case (let joining?, nil, nil):
            guard let voter = joiningVoter(joining) else { return refuse(.badArguments) }
            askLeader(.quorum(.addVoter(voter)), request, xid: xid, client)
        default:
            // Several at once would need joint consensus; the quorum changes one voter at a time.
            refuse(.unimplemented)
        }
    }

    /// `server.4=host:port[:more]`, of a broker that is registered: its directory is known by that.
    private func joiningVoter(_ text: String) -> Voter? {
        let sides = text.split(separator: "=", maxSplits: 1)
        guard sides.count == 2, sides[0].hasPrefix("server."), let id = Int32(sides[0].dropFirst(7)) else { return nil }
        let parts = sides[1].split(separator: ":")
        guard parts.count >= 2, let port = UInt16(parts[1].prefix { $0.isNumber }),
            let directory = metadata.committed.brokers[BrokerID(id)]?.directories.first
        else { return nil }
        return Voter(key: ReplicaKey(id: BrokerID(id), directory: directory), host: String(parts[0]), port: port)
    }

    func reconfigured(_ reply: QuorumReply) -> ZooKeeperReply {
        switch reply {
        case .done:
            let (data, stat) =
                (try? coordination.data("/zookeeper/config", for: [.superuser])) ?? (nil, nil) as ([UInt8]?, TreeStat?)
            return .data(data, stat.map { WireStat($0) } ?? WireStat())
        case .refused(.requestTimedOut, _): return .failure(.reconfigInProgress)
        case .refused(.notController, _): return .failure(.newConfigNoQuorum)
        case .refused, .described: return .failure(.badArguments)
        }
    }
}
