import Consensus
import Coordination
import HashTreeCollections
import Metadata
import Vocabulary

/// The brokers, as the leader sees them: who is let in, and the znodes in which they and the cluster show.
extension QuorumLoop {
    /// Lets a broker in: its session, its znode and its registration, in one batch. The broker epoch is the znode's czxid.
    func decideJoin(_ ask: JoinAsk, _ asker: Asker) {
        var new = ask.broker
        do throws(MetadataError) {
            try checkDuplicate(of: new)
            new.epoch = nil
            _ = try metadata.decide(.registerBroker(new), at: now.timestamp)  // Before anything is proposed.
            if let session = brokerSession(new.id) { replaceSession(session) }
            let session = createSession(ask)
            makeParents(of: BrokerZnodes.path(new.id))
            new.epoch = nextZxid
            let decision = try metadata.decide(.registerBroker(new), at: now.timestamp)
            let znode = create(
                BrokerZnodes.path(new.id), BrokerZnodes.registration(new, at: now.timestamp), owner: session)
            propose(facts: decision.records, with: znode)
            hold(asker, .joined(session: session.id, .success(decision.reply)))
        } catch {
            confirm(asker, .joined(session: 0, .failure(error)))
        }
    }

    /// The same directories can serve one process at a time, so a broker that has them is the one before, come back. One with others
    /// waits until the session of the one before has expired.
    private func checkDuplicate(of new: NewBroker) throws(MetadataError) {
        guard let old = metadata.image.brokers[new.id], !old.isFenced, old.incarnation != new.incarnation
        else { return }
        guard brokerSession(new.id) != nil, Set(old.directories).isDisjoint(with: new.directories) else {
            return
        }
        throw MetadataError(
            .duplicateBrokerRegistration,
            "Another broker is registered with that broker id. If the broker was recently restarted with other directories, "
                + "this clears once its session has expired.")
    }

    /// The broker's session before this one ends. What that means for its partitions its registration says, which follows: one that
    /// comes back at once need not hand over what it leads.
    private func replaceSession(_ id: Int64) {
        let decision = coordination.decide(
            .closeSession(id: id, broker: nil), zxid: nextZxid, at: now.timestamp)
        guard case .commit(let transaction, _) = decision else { return }
        leadership.tracker.remove(id)
        propose(transaction)
    }

    private func createSession(_ ask: JoinAsk) -> Session {
        let decision = coordination.decide(
            .createSession(timeoutMs: ask.timeoutMs, password: ask.password, broker: ask.broker.id),
            zxid: nextZxid,
            at: now.timestamp)
        guard case .commit(let transaction, .session(let session)) = decision else {
            invariantFailed("a session was refused: \(decision)")
        }
        propose(transaction)
        leadership.tracker.add(session.id, timeoutMs: session.timeoutMs, at: now.instant)
        return session
    }

    /// Decides a znode of the cluster's own.
    private func create(_ path: String, _ data: String?, owner: Session?) -> CoordinationTransaction? {
        let caller =
            owner.map { Caller(session: $0.id, broker: $0.broker, identities: [.superuser]) }
            ?? .cluster(through: me.id)
        let operation = ZnodeOperation.create(
            path: path, data: data.map { Array($0.utf8) }, acl: data == nil ? .open : .readOnly,
            kind: owner == nil ? .persistent : .ephemeral)
        switch coordination.decide(.write(operation, by: caller), zxid: nextZxid, at: now.timestamp) {
        case .commit(let transaction, _): return transaction
        case .answer, .refuse(.nodeExists): return nil
        case .refuse(let error):
            log(
                .error, "A znode of the cluster's own could not be made.",
                [("path", path), ("reason", "\(error)")])
            return nil
        }
    }

    /// Proposes the nodes above it that are missing.
    private func makeParents(of path: String) {
        var parent = ""
        for part in path.split(separator: "/").dropLast() {
            parent += "/" + part
            if let transaction = create(parent, nil, owner: nil) { propose(transaction) }
        }
    }

    private func delete(_ path: String) -> CoordinationTransaction? {
        let caller = Caller.cluster(through: me.id)
        let decision = coordination.decide(
            .write(.delete(path: path, version: -1), by: caller), zxid: nextZxid, at: now.timestamp)
        guard case .commit(let transaction, _) = decision else { return nil }
        return transaction
    }

    /// The broker whose session that is, as long as its znode stands.
    func registration(session id: Int64) -> BrokerRegistration? {
        metadata.image.brokersByID.first { !$0.isFenced && brokerSession($0.id) == id }
    }

    /// What becomes true when a broker's session ends.
    func fencing(_ broker: BrokerRegistration) -> [MetadataRecord] {
        let decision = try? metadata.decide(.fenceBroker(broker.id, epoch: broker.epoch), at: now.timestamp)
        return decision?.records ?? []
    }

    /// The session that holds the broker's znode.
    private func brokerSession(_ id: BrokerID) -> Int64? {
        coordination.ephemeralOwner(of: BrokerZnodes.path(id))
    }

    // MARK: - The cluster's own znodes

    /// A cluster's first transaction.
    func formatIfNew() {
        guard metadata.image.clusterID == nil else { return }
        makeParents(of: BrokerZnodes.clusterID)
        let znode = create(BrokerZnodes.clusterID, BrokerZnodes.cluster(clusterID), owner: nil)
        do throws(MetadataError) {
            let decision = try metadata.decide(
                .formatCluster(clusterID: clusterID, features: []), at: now.timestamp)
            propose(facts: decision.records, with: znode)
        } catch {
            invariantFailed("a new cluster cannot be formatted: \(error)")
        }
    }

    /// The leader is the controller, and says so.
    func publishController() {
        guard leadership.isServing, !leadership.isPublished, let id = membership.session,
            let session = coordination.sessions[id]
        else { return }
        leadership.isPublished = true
        if let deletion = delete(BrokerZnodes.controller) { propose(deletion) }
        let data = BrokerZnodes.controller(me.id, term: leadership.term, at: now.timestamp)
        if let creation = create(BrokerZnodes.controller, data, owner: session) { propose(creation) }
    }

    /// The quorum's members where ZooKeeper's clients look for them.
    func publishVoters() {
        guard leadership.isServing, leadership.publishedVoters != raft.voters else { return }
        leadership.publishedVoters = raft.voters
        let lines = raft.voters.voters.map { "server.\($0.key.id)=\($0.host):\($0.port):participant" }
        let text = Array((lines + ["version=\(String(nextZxid, radix: 16))"]).joined(separator: "\n").utf8)
        let operation = ZnodeOperation.setData(path: "/zookeeper/config", data: text, version: -1)
        let decision = coordination.decide(
            .write(operation, by: .cluster(through: me.id)), zxid: nextZxid, at: now.timestamp)
        if case .commit(let transaction, _) = decision { propose(transaction) }
    }
}

/// Paths and contents of the znodes that Kafka's tools know.
enum BrokerZnodes {
    static let controller = "/controller"
    static let clusterID = "/cluster/id"

    static func path(_ id: BrokerID) -> String { "/brokers/ids/\(id)" }

    static func cluster(_ id: String) -> String { #"{"version":"1","id":\#(quoted(id))}"# }

    static func controller(_ id: BrokerID, term: LeaderEpoch, at time: Timestamp) -> String {
        #"{"version":2,"brokerid":\#(id),"timestamp":"\#(time)","kraftControllerEpoch":\#(term)}"#
    }

    /// Kafka's version 5, with the broker epoch, which Kafka takes from the znode's czxid.
    static func registration(_ broker: NewBroker, at time: Timestamp) -> String {
        let endpoints = broker.endpoints.map { quoted("\($0.name)://\($0.host):\($0.port)") }
        let protocols = broker.endpoints.map { "\(quoted($0.name)):\"PLAINTEXT\"" }
        let first = broker.endpoints.first
        var text = #"{"listener_security_protocol_map":{\#(protocols.joined(separator: ","))},"#
        text += #""endpoints":[\#(endpoints.joined(separator: ","))],"jmx_port":-1,"features":{},"#
        if let rack = broker.rack { text += #""rack":\#(quoted(rack)),"# }
        text += #""host":\#(quoted(first?.host ?? "")),"port":\#(first.map { Int($0.port) } ?? -1),"#
        text += #""timestamp":"\#(time)","epoch":\#(broker.epoch ?? -1),"version":5}"#
        return text
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\u{0}"..<" ":
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
