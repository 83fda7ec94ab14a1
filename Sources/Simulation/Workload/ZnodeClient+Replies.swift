import Vocabulary
import ZooKeeper

/// What a client is told, and whether it may be so.
extension ZnodeClient {
    func answered(_ request: Pending, _ reply: ZooKeeperReply, zxid: Int64) {
        workload.count(\.answered)
        session.noteAnswer(sentAt: request.sentAt, at: world.now)
        if case .close = request.purpose { return closed() }
        if zxid < lastZxid {
            world.fail(
                "a client's view never goes back",
                "client \(number) had seen zxid \(lastZxid), and \(request.opCode) was answered with \(zxid)")
        }
        zxidBefore = lastZxid
        lastZxid = max(lastZxid, zxid)
        workload.told(zxid)
        if case .read(record: _?, _, _) = request.purpose, zxid < request.toldBefore {
            world.fail(
                "a read behind a sync is not old",
                "client \(number) was answered at zxid \(zxid); \(request.toldBefore) had been told before it asked"
            )
        }
        switch request.purpose {
        case .ping, .close, .sync, .prepare, .cleanUp: break
        case .setWatches: rearmedWatches(zxid: zxid)
        case .auth: if reply.code != .ok { broken("\(reply.code) to its password") }
        case .addWatch(let path, let isRecursive): addedWatch(path, isRecursive: isRecursive, zxid: zxid)
        case .due(let path): sawDue(path, reply)
        case .write(let record): wrote(record, request, reply, zxid)
        case .sequential: madeSequential(request, reply)
        case .read(let record, let path, let leavesWatch):
            sawNode(path, request.opCode, reply, record: record, leavesWatch: leavesWatch)
        case .children(let path, let leavesWatch): sawChildren(path, reply, leavesWatch: leavesWatch)
        }
    }

    func fired(_ event: WatcherEvent, zxid: Int64) {
        workload.count(\.events)
        world.note(place, "event", text: "\(event.kind) \(event.path)")
        let isLasting = tellLasting(event, zxid: zxid)
        guard !watches.fire(event.kind, event.path), !isLasting else { return }
        world.fail(
            "an event has a watch",
            "client \(number) got \(event.kind) of \(event.path) and has no such watch")
    }

    private func closed() {
        endSession(isAnswered: true)
        disconnect("session closed")
    }

    // MARK: - Writes

    private func wrote(_ record: Int, _ request: Pending, _ reply: ZooKeeperReply, _ zxid: Int64) {
        guard let outcome = outcome(of: reply) else {  // Something that leaves it open.
            return world.note(place, "not written:", text: "\(reply)")
        }
        workload.history.finish(record, outcome, at: world.now)
        lastWriteAt = world.now
        if case .answered(let results) = outcome, !results.contains(where: Self.isFailure) {
            workload.count(\.written)
            noteZxid(reply, zxid, request)
            noteChanges(record, reply, zxid, request)
        }
    }

    /// Which nodes the write changed, for those who watch them. A write that left no stat shows its zxid by its answer, unless the
    /// client had seen more.
    private func noteChanges(_ record: Int, _ reply: ZooKeeperReply, _ told: Int64, _ request: Pending) {
        let own: Int64
        switch reply {
        case .created(_, let stat), .stat(let stat): own = stat.mzxid
        default:
            guard told > zxidBefore else { return }
            own = told
        }
        for step in workload.history.records[record].operation.steps {
            if case .check = step { continue }
            workload.watched.changed(workload.history.paths[step.nodes[0]], zxid: own)
        }
    }

    private static func isFailure(_ result: ZnodeResult) -> Bool {
        if case .failed = result { true } else { false }
    }

    /// A write's own zxid is what the node then shows, and what the answer tells, unless the client has seen more already.
    private func noteZxid(_ reply: ZooKeeperReply, _ told: Int64, _ request: Pending) {
        var shown: [Int64] = []
        switch reply {
        case .created(_, let stat): shown = [stat.czxid, stat.mzxid]
        case .stat(let stat): shown = [stat.mzxid]
        case .results(let results):
            for case .dataSet(let stat) in results { shown.append(stat.mzxid) }
        default: break
        }
        guard let own = shown.first else { return }
        if told < own || shown.contains(where: { $0 != own }) {
            world.fail(
                "a write shows its zxid",
                "client \(number)'s write was answered at \(told), its nodes say \(shown)")
        }
        workload.wrote(zxid: own, invoked: request.sentAt, client: number)
    }

    private func outcome(of reply: ZooKeeperReply) -> ZnodeOutcome? {
        switch reply {
        case .created, .path, .done: .answered([.done])
        case .stat(let stat): .answered([.version(stat.version)])
        case .failure(let code): Self.error(code).map { .answered([.failed($0)]) }
        case .results(let results): outcome(of: results)
        default: nil
        }
    }

    private func outcome(of results: [MultiResult]) -> ZnodeOutcome? {
        var told: [ZnodeResult] = []
        for (index, result) in results.enumerated() {
            switch result {
            case .created, .createdWithStat, .deleted, .checked: told.append(.done)
            case .dataSet(let stat): told.append(.version(stat.version))
            case .error(.ok): continue
            case .error(let code): return Self.error(code).map { .refused(at: index, $0) }
            case .data, .children: return nil
            }
        }
        return .answered(told)
    }

    private static func error(_ code: ResultCode) -> ZnodeError? {
        switch code {
        case .noNode: .noNode
        case .nodeExists: .nodeExists
        case .badVersion: .badVersion
        case .notEmpty: .notEmpty
        case .noAuth: .noAuth
        default: nil
        }
    }

    private func madeSequential(_ request: Pending, _ reply: ZooKeeperReply) {
        guard case .created(let path, let stat) = reply else { return }
        guard let sequence = Int64(path.suffix(10)),
            path.utf8.count == WorkloadOptions.sequenceRoot.utf8.count + 13
        else {
            return broken("a sequential node named \(path)")
        }
        workload.tookSequence(sequence, invoked: request.sentAt, client: number)
        workload.wrote(zxid: stat.czxid, invoked: request.sentAt, client: number)
        sequentialsMade.append(path)
    }

    // MARK: - Reads

    private func sawNode(
        _ path: String, _ opCode: OpCode, _ reply: ZooKeeperReply, record: Int?, leavesWatch: Bool
    ) {
        let seen: ClientWatches.Known
        let result: ZnodeResult
        switch reply {
        case .data(let bytes, let stat):
            guard let value = Self.value(of: bytes) else {
                return broken("data that nobody wrote, of \(path)")
            }
            workload.sawContent(path, stat, value: value, client: number)
            result = .found(value: value, version: stat.version, owner: stat.ephemeralOwner)
            seen = .data(czxid: stat.czxid, mzxid: stat.mzxid)
            checkTold(path, stat)
        case .failure(.noAuth):
            if let record { workload.history.finish(record, .answered([.failed(.noAuth)]), at: world.now) }
            return
        case .stat(let stat):
            checkTold(path, stat)
            workload.sawContent(path, stat, value: nil, client: number)
            result = .found(value: nil, version: stat.version, owner: stat.ephemeralOwner)
            seen = .data(czxid: stat.czxid, mzxid: stat.mzxid)
        case .failure(.noNode):
            result = .failed(.noNode)
            seen = .absent
        default: return
        }
        if let wrong = watches.contradiction(path, seen) {
            world.fail("the event comes before the new data", "client \(number): \(wrong)")
        }
        if let record { workload.history.finish(record, .answered([result]), at: world.now) }
        // getData of a node that is not there leaves none.
        if leavesWatch, seen != .absent || opCode == .exists { watches.leave(path, seen) }
    }

    private func sawChildren(_ path: String, _ reply: ZooKeeperReply, leavesWatch: Bool) {
        guard case .children(let names, let stat) = reply else { return }
        if Int(stat.numChildren) != names.count || Set(names).count != names.count {
            return broken(
                "children of \(path) that are \(names.count), and a stat that says \(stat.numChildren)")
        }
        let seen = ClientWatches.Known.children(pzxid: stat.pzxid, cversion: stat.cversion)
        if let wrong = watches.contradiction(path, seen) {
            world.fail("the event comes before the new data", "client \(number): \(wrong)")
        }
        if leavesWatch { watches.leave(path, seen) }
    }
}
