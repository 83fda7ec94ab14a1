import Vocabulary
import ZooKeeper

/// What a client asks for, by chance.
extension ZnodeClient {
    private var options: WorkloadOptions { workload.options }

    func askSomething() {
        guard isPrepared else { return prepare() }
        if onlyReads, !isSteady { return readBehindSync(anyPath()) }
        if options.lastingOnceIn > 0, world.workload.once(in: options.lastingOnceIn) {
            return addLastingWatch()
        }
        if !options.mortals.isEmpty, world.workload.once(in: 6) { return askMortal() }
        if options.guarded > 0, world.workload.once(in: 8) { return askGuarded() }
        let pick = Int.random(in: 0..<100, using: &world.workload)
        switch pick {
        case 0..<40: writeShared()
        case 40..<62: readBehindSync(anyPath())
        case 62..<76: readPlainly(watchedPath() ?? anyPath())
        case 76..<84: changePair()
        case 84..<92: takeLock()
        case 92..<97: if options.usesSequentials { makeSequential() } else { readBehindSync(anyPath()) }
        case 97: readChildren()
        default:
            switch isSteady ? 8 : Int.random(in: 0..<8, using: &world.workload) {
            case 0, 1: closeSession()
            case 2: disconnect("it lets go")
            default: readPlainly(anyPath())
            }
        }
    }

    /// The run is over: of a session that may still end nothing more is learned.
    package func finish() {
        endSpans()
        if session.madeEphemerals { endSession(isAnswered: false) }
    }

    /// Reads each node it watches behind a sync: what changed without an event shows. And all other nodes, where it is to see that
    /// nothing acknowledged is gone.
    package func audit(everything: Bool = false) {
        if everything {
            let pairs = options.paired.flatMap { [$0.0, $0.1] }
            let guarded = Self.isOwner(number) ? options.guardedPaths : []
            for path in options.shared + options.lockPaths + pairs + guarded {
                readBehindSync(path, watching: false)
            }
        }
        for path in watches.allPaths {
            if watches.childPaths.contains(path) {
                request(.sync(path: path), .prepare)
                request(.getChildren2(ReadRequest(path: path)), .children(path: path, leavesWatch: false))
            } else {
                readBehindSync(path, watching: false)
            }
        }
    }

    /// A write of no other meaning than to be answered.
    package func touch() {
        write([.set(node: node(options.shared[0]), value: workload.takeValue(), version: -1)]) { values in
            .setData(SetDataRequest(path: self.options.shared[0], data: values[0]))
        }
    }

    private func prepare() {
        request(.create(CreateRequest(path: WorkloadOptions.root)), .prepare)
        request(.create(CreateRequest(path: WorkloadOptions.sequenceRoot)), .prepare)
        if options.guarded > 0 {
            request(.create(CreateRequest(path: WorkloadOptions.guardedRoot)), .prepare)
        }
        isPrepared = true  // Until the connection is lost, and these with it.
    }

    private func anyPath() -> String {
        let pairs = options.paired.flatMap { [$0.0, $0.1] }
        return (options.shared + options.lockPaths + pairs).randomElement(using: &world.workload)!
    }

    /// Half the time, one that it watches: there an event could come too late.
    private func watchedPath() -> String? {
        guard world.workload.once(in: 2) else { return nil }
        return (watches.dataPaths + watches.existPaths).randomElement(using: &world.workload)
    }

    private func node(_ path: String) -> Int { workload.history.number(of: path) }

    private func anyVersion() -> Int32 {
        world.workload.once(in: 2) ? -1 : Int32.random(in: 0...4, using: &world.workload)
    }

    // MARK: - Writes

    private func writeShared() {
        let path = options.shared.randomElement(using: &world.workload)!
        let node = node(path)
        switch Int.random(in: 0..<10, using: &world.workload) {
        case 0...2:
            write([.create(node: node, value: workload.takeValue(), owner: 0)]) { values in
                .create(CreateRequest(path: path, data: values[0]))
            }
        case 3...4:
            let version = anyVersion()
            write([.delete(node: node, version: version)]) { _ in
                .delete(VersionedPath(path: path, version: version))
            }
        default:
            let version = anyVersion()
            write([.set(node: node, value: workload.takeValue(), version: version)]) { values in
                .setData(SetDataRequest(path: path, data: values[0], version: version))
            }
        }
    }

    private func changePair() {
        guard let (a, b) = options.paired.randomElement(using: &world.workload) else { return writeShared() }
        let (first, second) = (node(a), node(b))
        let (one, two) = (workload.takeValue(), workload.takeValue())
        let version = anyVersion()
        switch Int.random(in: 0..<6, using: &world.workload) {
        case 0, 1:
            write([.create(node: first, value: one, owner: 0), .create(node: second, value: two, owner: 0)]) {
                values in
                .multi([
                    .create(CreateRequest(path: a, data: values[0])),
                    .create(CreateRequest(path: b, data: values[1])),
                ])
            }
        case 2:
            write([.delete(node: first, version: version), .delete(node: second, version: -1)]) { _ in
                .multi([.delete(VersionedPath(path: a, version: version)), .delete(VersionedPath(path: b))])
            }
        case 3:
            write([.check(node: first, version: version), .set(node: second, value: two, version: -1)]) {
                values in
                .multi([
                    .check(VersionedPath(path: a, version: version)),
                    .setData(SetDataRequest(path: b, data: values[1])),
                ])
            }
        default:
            write([
                .set(node: first, value: one, version: -1), .set(node: second, value: two, version: version),
            ]) {
                values in
                .multi([
                    .setData(SetDataRequest(path: a, data: values[0])),
                    .setData(SetDataRequest(path: b, data: values[1], version: version)),
                ])
            }
        }
    }

    private func takeLock() {
        guard let path = options.lockPaths.randomElement(using: &world.workload) else { return writeShared() }
        let node = node(path)
        if world.workload.once(in: 4) {
            return write([.delete(node: node, version: -1)]) { _ in .delete(VersionedPath(path: path)) }
        }
        session.madeEphemerals = true
        write([.create(node: node, value: workload.takeValue(), owner: session.id)]) { values in
            .create(CreateRequest(path: path, data: values[0], mode: .ephemeral))
        }
    }

    /// Records what is asked and asks it. `make` gets the values of the steps as bytes.
    func write(_ steps: [ZnodeStep], _ make: ([[UInt8]]) -> ZooKeeperRequest) {
        let values = steps.map { step -> [UInt8] in
            switch step {
            case .create(_, let value, _), .set(_, let value, _), .createMortal(_, let value, _),
                .createChild(_, _, let value):
                Self.bytes(of: value)
            default: []
            }
        }
        let record = workload.history.begin(client: number, steps, at: world.now)
        request(make(values), .write(record: record))
    }

    private func makeSequential() {
        if sequentialsMade.count > 3 {
            return request(.delete(VersionedPath(path: sequentialsMade.removeFirst())), .cleanUp)
        }
        let mode: CreateMode = world.workload.once(in: 2) ? .persistentSequential : .ephemeralSequential
        let path = WorkloadOptions.sequenceRoot + "/s-"
        request(.create(CreateRequest(path: path, data: [], mode: mode)), .sequential)
    }

    private func closeSession() {
        request(.closeSession, .close)
        isClosing = true
    }

    // MARK: - Reads

    func readBehindSync(_ path: String, watching: Bool? = nil) {
        let record = workload.history.begin(client: number, [.read(node: node(path))], at: world.now)
        request(.sync(path: path), .sync(record: record))
        read(path, record: record, watching: watching ?? (options.usesWatches && world.workload.once(in: 3)))
    }

    private func readPlainly(_ path: String) {
        read(path, record: nil, watching: options.usesWatches && world.workload.once(in: 3))
    }

    private func read(_ path: String, record: Int?, watching: Bool) {
        let asked = ReadRequest(path: path, isWatching: watching)
        let wantsData = !world.workload.once(in: 3)
        request(
            wantsData ? .getData(asked) : .exists(asked),
            .read(record: record, path: path, leavesWatch: watching))
    }

    private func readChildren() {
        let path = world.workload.once(in: 2) ? WorkloadOptions.root : WorkloadOptions.sequenceRoot
        let watching = options.usesWatches
        request(
            .getChildren2(ReadRequest(path: path, isWatching: watching)),
            .children(path: path, leavesWatch: watching))
    }

    func rearmWatches() {
        var request = SetWatchesRequest(
            watches.isLasting || world.workload.once(in: 2) ? .setWatches2 : .setWatches)
        request.relativeZxid = lastZxid
        request.data = watches.dataPaths
        request.exist = watches.existPaths
        request.child = watches.childPaths
        request.persistent = watches.persistent.sorted()
        request.persistentRecursive = watches.recursive.sorted()
        self.request(.setWatches(request), .setWatches, xid: Xid.setWatches)
    }

    static func bytes(of value: Int64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * Int64($0))) }
    }

    static func value(of bytes: [UInt8]?) -> Int64? {
        guard let bytes, bytes.count == 8 else { return nil }
        return bytes.reduce(0) { $0 << 8 | Int64($1) }
    }
}
