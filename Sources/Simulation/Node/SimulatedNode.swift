package import Broker
import Ports
package import SimulatedDisk
package import Vocabulary

/// A broker's machine: hosts its loops as the real host does, on disks that outlive it.
///
/// A crash drops memory and mailboxes; a start runs the real recovery on the same disks. Its wall clock is its own,
/// monotonic time is the world's.
package final class SimulatedNode {
    package enum State: Equatable, Sendable {
        case stopped
        case running
        /// It takes leave of the others; soon it is stopped.
        case stopping
        /// As by SIGSTOP: its system still answers for it, the process does not.
        case paused
    }
    /// Makes a broker on the machine's disks. Throws what keeps it from starting.
    package typealias Boot = (_ node: SimulatedNode, _ now: Moment, _ seed: UInt64) throws -> BootedBroker

    package let number: Int
    package let world: World
    package let network: SimulatedNetwork
    package let disks: [SimulatedDisk]
    package private(set) var state = State.stopped
    /// Counts the starts.
    package private(set) var life = 0
    package var clockSkewMs: Int64 = 0
    /// Of a sync, in microseconds: just now, and where nothing is wrong.
    package var syncLatency: ClosedRange<Int64> = 50...2000
    package var usualSyncLatency: ClosedRange<Int64> = 50...2000 { didSet { syncLatency = usualSyncLatency } }
    /// What kept it from starting the last time.
    package private(set) var startFailure: String?
    /// When it came up last.
    package private(set) var startedAt = Instant(nanoseconds: 0)

    /// What the checkers see of it while it runs.
    package private(set) var probe: (any ReplicaProbe)?

    private let boot: Boot
    private var booted: BootedBroker?
    /// In an orderly stop it is not waited for longer.
    private var stopDeadline = Instant.distantFuture
    private var loops: [HostedLoop] = []
    private var ports: [UInt16: BootedBroker.Port] = [:]
    private var owners: [SocketID: Int] = [:]  // Places in `loops`.
    private var pending: [Int: (request: SyncRequest, parts: [PendingSync])] = [:]
    private var nextSync = 0
    private var diskChance: SeededGenerator

    package init(
        number: Int, world: World, network: SimulatedNetwork, disks: [SimulatedDisk], boot: @escaping Boot
    ) {
        self.number = number
        self.world = world
        self.network = network
        self.disks = disks
        self.boot = boot
        diskChance = world.diskStream()
    }

    package var host: HostID { .broker(number) }
    /// It runs without one of its disks, or takes no part in the quorum for that.
    package var hasLostDisk: Bool { probe?.failureReason != nil || booted?.hasLostDisk() ?? false }
    package var place: Place { .broker(number) }
    /// 2026-01-01, give or take the skew.
    package var moment: Moment {
        let wall = 1_767_225_600_000 + world.now.nanoseconds / 1_000_000 + clockSkewMs
        return Moment(instant: world.now, timestamp: Timestamp(milliseconds: wall))
    }

    // MARK: - Lives

    /// Starts the broker; one that cannot start stays down, and `startFailure` says why.
    package func start() {
        guard state == .stopped else { return }
        life += 1
        network.powerReturned(host)
        do {
            let booted = try boot(self, moment, world.nodes.next())
            loops = booted.loops.map { HostedLoop($0.id, $0.logic, node: self) }
            for port in booted.ports { listen(port) }
            self.booted = booted
            probe = booted.probe
            state = .running
            startFailure = nil
            startedAt = world.now
            world.note(place, "started, life", life)
            for index in loops.indices { wakeSoon(index) }
        } catch {
            startFailure = "\(error)"
            network.processDied(host)
            world.note(place, "cannot start:", text: "\(error)")
        }
    }

    package func crash(_ kind: SimulatedDisk.Crash) {
        guard state != .stopped else { return }
        world.note(place, kind == .power ? "LOST POWER" : "KILLED")
        if kind == .power { network.powerFailed(host) } else { network.processDied(host) }
        forget()
        for disk in disks { disk.crash(kind, using: &diskChance) }
    }

    /// An orderly end, as by SIGTERM: the data loops go, then the control loop, then, once the others know, the quorum loop.
    package func stop() {
        guard state == .running else { return }
        world.note(place, "stops in order")
        state = .stopping
        stopDeadline = world.now.adding(milliseconds: 2000)
        for index in loops.indices where loops[index].id != .quorum {
            for socket in loops[index].socketIDs { network.close(socket) }
            loops[index].logic.shutdown(now: moment)
            loops[index].settle()
            loops[index].isOver = true
        }
        wake(0, at: stopDeadline)
    }

    private func finishStopping() {
        loops[0].logic.shutdown(now: moment)
        loops[0].settle()
        world.note(place, "has stopped")
        network.processDied(host)
        forget()
        for disk in disks { disk.crash() }
    }

    /// The control loop is through with its start: Kafka's clients may come.
    func cameUp() {
        guard let rest = booted?.whenUp, state == .running else { return }
        world.note(place, "is up")
        for (id, logic) in rest.loops(moment) {
            loops.append(HostedLoop(id, logic, node: self))
            wakeSoon(loops.count - 1)
        }
        for port in rest.ports { listen(port) }
    }

    /// The process ends with a message.
    func startFailed(_ why: String) { startFailure = why }

    private func listen(_ port: BootedBroker.Port) {
        ports[port.number] = port
        network.listen(host, port: port.number)
    }

    package func pause() {
        guard state == .running else { return }
        world.note(place, "PAUSED")
        state = .paused
    }

    package func resume() {
        guard state == .paused else { return }
        world.note(place, "resumed")
        state = .running
        for index in loops.indices {
            loops[index].turnAt = nil  // It passed unused.
            wakeSoon(index)
        }
    }

    private func forget() {
        state = .stopped
        probe = nil
        booted = nil
        loops = []
        ports = [:]
        owners = [:]
        pending = [:]
    }

    // MARK: - Turns

    package func takeTurn(life: Int, loop index: Int) {
        guard life == self.life, state == .running || state == .stopping else { return }
        let loop = loops[index]
        guard loop.turnAt == world.now, !loop.isOver else { return }
        loop.turnAt = nil
        let wake = loop.turn()
        if let startFailure {
            world.note(place, "cannot start:", text: startFailure)
            return crash(.process)
        }
        if state == .stopping, booted!.hasLeft() || world.now >= stopDeadline { return finishStopping() }
        if let wake = state == .stopping ? min(wake ?? stopDeadline, stopDeadline) : wake {
            self.wake(index, at: wake)
        }
    }

    package func syncDone(life: Int, sync: Int) {
        // A paused process's syncs end all the same.
        guard life == self.life, state != .stopped, let (request, parts) = pending.removeValue(forKey: sync)
        else {
            return
        }
        var failure: DiskError?
        for part in parts {
            do throws(DiskError) { try disk(of: request).endSync(part) } catch { failure = error }
        }
        if let failure { world.note(place, "sync failed:", text: "\(failure)") }
        post(.synced([SyncOutcome(owner: request.owner, error: failure)]), to: request.loop)
    }

    package func take(_ notice: NetworkNotice) {
        guard state != .stopped else { return }
        switch notice {
        case .accepted(let id, let number):
            guard let port = ports[number] else { return network.close(id) }
            let loop = port.loops.randomElement(using: &world.nodes)!
            let index = loops.firstIndex { $0.id == loop }!
            if loops[index].isOver { return network.close(id) }
            owners[id] = index
            loops[index].arrivals.append(.accepted(id, listener: port.listener))
            wakeSoon(index)
        case .connected(let id): arrival(.dialed(id), id)
        case .connectFailed(let id, let why): arrival(.dialFailed(id, why), id)
        case .closed(let id, _): arrival(.closed(id), id)
        case .readable(let id):
            guard let index = owners[id] else { return }
            if !loops[index].readable.contains(id) { loops[index].readable.append(id) }
            wakeSoon(index)
        case .writable(let id):
            guard let index = owners[id] else { return }
            loops[index].writable.append(id)
            wakeSoon(index)
        }
    }

    private func arrival(_ arrival: HostedLoop.Arrival, _ id: SocketID) {
        guard let index = owners[id] else { return }
        loops[index].arrivals.append(arrival)
        wakeSoon(index)
    }

    // MARK: - What loops want

    func post(_ message: LoopMessage, to loop: LoopID) {
        guard let index = loops.firstIndex(where: { $0.id == loop }) else {
            invariantFailed("a message for loop \(loop.index), which broker \(number) does not have")
        }
        if loops[index].isOver { return }
        loops[index].mailbox.append(message)
        wakeSoon(index)
    }

    func log(_ line: LogLine) {
        guard line.level != .debug else { return }
        let fields = line.fields.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        world.note(place, "log:", text: fields.isEmpty ? line.message : line.message + " " + fields)
    }

    func sync(_ request: SyncRequest) {
        let disk = disk(of: request)
        nextSync += 1
        pending[nextSync] = (request, request.targets.map { disk.beginSync($0) })
        world.schedule(
            .synced(broker: number, life: life, sync: nextSync),
            afterMicroseconds: Int64.random(in: syncLatency, using: &diskChance))
    }

    func own(_ socket: SocketID, by loop: HostedLoop) { owners[socket] = loops.firstIndex { $0 === loop } }

    func peerAddress(of socket: SocketID) -> String {
        network.sockets[socket]?.peerHost.address ?? "10.0.9.9"
    }

    private func disk(of request: SyncRequest) -> SimulatedDisk {
        guard let disk = disks.first(where: { $0 === request.disk }) else {
            invariantFailed("a sync of a disk that broker \(number) does not have: \(request.disk.name)")
        }
        return disk
    }

    // MARK: - Within

    /// A loop has something to do: its thread runs within microseconds, or when the system gets round to it.
    private func wakeSoon(_ index: Int) {
        let isLate = world.nodes.once(in: 200)
        let delay = Int64.random(in: isLate ? 1000...20_000 : 1...40, using: &world.nodes)
        wake(index, at: Instant(nanoseconds: world.now.nanoseconds + delay * 1000))
    }

    private func wake(_ index: Int, at: Instant) {
        // Never at once: a loop that wants its next turn now lets time go on.
        let at = max(at, Instant(nanoseconds: world.now.nanoseconds + 1000))
        if let already = loops[index].turnAt, already <= at { return }
        loops[index].turnAt = at
        world.schedule(.turn(broker: number, life: life, loop: index), at: at)
    }
}
