import Vocabulary

@testable import Consensus

/// A quorum in memory: replicas with their disks, a network and a clock, all from one seed.
///
/// It is its own judge: see `Ledger`. What it finds it throws as `Violation`; the replicas' own invariants stop the process.
final class Cluster {
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    /// How the network and the disks behave. Times are in microseconds.
    struct Weather {
        var delay: ClosedRange<Int64> = 200...2_000
        /// Messages overtake each other; else each link is in order.
        var isReordering = false
        /// Of a thousand messages so many are lost, come twice, or come late.
        var lost: UInt64 = 0
        var doubled: UInt64 = 0
        var late: UInt64 = 0
        var sync: ClosedRange<Int64> = 500...8_000
        /// So many entries go in one append.
        var batch: ClosedRange<Int64> = 1...20
        /// Of a thousand lists of effects so many are cut by a crash.
        var crashing: UInt64 = 0
        /// Of a thousand appends that a follower receives so many find the disk full.
        var full: UInt64 = 0
    }

    enum Cargo {
        case none
        case entries([Entry])
        case piece(Image)
    }

    enum Happening {
        case message(Message, Cargo, from: ReplicaKey, to: ReplicaKey, connection: Int)
        case wake(Int, life: Int)
        case synced(Int, life: Int)
        case stored(Int, life: Int, SnapshotChunk)
    }

    var weather = Weather()
    var chance: SeededGenerator
    var now = at(0)
    var nodes: [ReplicaNode]
    var queue = EventQueue<Happening>()
    /// `isCut[from][to]`: nothing gets through.
    var isCut: [[Bool]]
    /// Counts the connections of each pair, so that what was under way on a broken one is lost.
    var connections: [[Int]]
    var lastArrival: [[Instant]]
    var ledger = Ledger()
    var nextRead: UInt64 = 0
    var readsBegun: [UInt64: Int64] = [:]
    private(set) var readsAnswered = 0
    private(set) var elections = 0
    private(set) var changesEnded: [VoterChangeOutcome] = []
    private(set) var transfersEnded: [Bool] = []
    private(set) var installs = 0
    private(set) var truncations = 0
    /// What happens, in words, for those who want to read it.
    var trace: ((String) -> Void)?
    /// Every step of a replica.
    var observe: ((Int, RaftEvent, [RaftEffect]) -> Void)?
    var configure: (inout RaftConfig) -> Void = { _ in }

    /// - Parameter count: brokers 1 to `count`, the first `voters` of them with a vote.
    init(count: Int, voters: Int, seed: UInt64) {
        chance = SeededGenerator(seed: seed)
        let set = VoterSet((1...Int32(voters)).map { voter($0) })
        nodes = (0..<count).map {
            ReplicaNode(key: key(Int32($0 + 1)), formatted: $0 < voters ? set : .empty)
        }
        isCut = Array(repeating: Array(repeating: false, count: count), count: count)
        connections = Array(repeating: Array(repeating: 0, count: count), count: count)
        lastArrival = Array(repeating: Array(repeating: at(0), count: count), count: count)
        ledger.voters = set
    }

    // MARK: Running

    /// - Returns: false when nothing is left to happen.
    @discardableResult
    func runNext() throws -> Bool {
        guard let (time, happening) = queue.pop() else { return false }
        now = max(now, time)
        if let n = target(of: happening), nodes[n].pausedUntil > now {
            queue.push(happening, at: nodes[n].pausedUntil)
            return true
        }
        switch happening {
        case .message(let message, let cargo, let from, let to, let connection):
            try deliver(message, cargo, from: from, to: to, connection: connection)
        case .wake(let n, let life):
            guard nodes[n].life == life, nodes[n].raft != nil else { break }
            nodes[n].wake = nil
            if let raft = nodes[n].raft, now >= raft.nextWake {
                try step(n, .timePassed)
            } else {
                scheduleWake(n)
            }
        case .synced(let n, let life):
            if nodes[n].life == life { try synced(n) }
        case .stored(let n, let life, let chunk):
            if nodes[n].life == life { try step(n, .chunkStored(chunk)) }
        }
        return true
    }

    func run(milliseconds: Int64) throws {
        let end = now.adding(milliseconds: milliseconds)
        while let next = queue.nextTime, next <= end { try runNext() }
        now = end
    }

    private func target(of happening: Happening) -> Int? {
        switch happening {
        case .message(_, _, _, let to, _): index(of: to)
        case .wake(let n, _), .synced(let n, _), .stored(let n, _, _): n
        }
    }

    /// A process that is stopped and goes on: what came meanwhile waits.
    func pause(_ n: Int, milliseconds: Int64) {
        note(n, "is stopped")
        nodes[n].pausedUntil = now.adding(milliseconds: milliseconds)
    }

    /// Runs until it holds, or until so much time went by.
    func run(upTo milliseconds: Int64, until isDone: (Cluster) -> Bool) throws -> Bool {
        let end = now.adding(milliseconds: milliseconds)
        while let next = queue.nextTime, next <= end {
            try runNext()
            if isDone(self) { return true }
        }
        now = end
        return isDone(self)
    }

    func schedule(_ happening: Happening, inMicroseconds delay: Int64) {
        queue.push(happening, at: Instant(nanoseconds: now.nanoseconds + delay * 1_000))
    }

    func step(_ n: Int, _ event: RaftEvent, cargo: Cargo = .none) throws {
        guard let effects = nodes[n].raft?.step(event, at: now) else { return }
        observe?(n, event, effects)
        if let last = effects.lastIndex(where: { if case .persist = $0 { true } else { false } }), last > 0 {
            throw Violation(description: "\(n + 1) makes its state durable after it spoke: \(effects)")
        }
        try perform(effects, on: n, cargo: cargo)
        guard let raft = nodes[n].raft else { return }
        raft.checkInvariants()
        if raft.hardState != nodes[n].disk.hardState {
            throw Violation(
                description: "\(n + 1) has \(raft.hardState), on disk is \(nodes[n].disk.hardState)")
        }
        scheduleWake(n)
    }

    func scheduleWake(_ n: Int) {
        guard let wake = nodes[n].raft?.nextWake, wake < .distantFuture else { return }
        if let planned = nodes[n].wake, planned <= wake { return }
        nodes[n].wake = wake
        queue.push(.wake(n, life: nodes[n].life), at: wake)
    }

    // MARK: Effects

    private func perform(_ effects: [RaftEffect], on n: Int, cargo: Cargo) throws {
        // A crash between the effects of a step matters most where one of them makes something durable.
        let danger = effects.contains { if case .persist = $0 { true } else { false } } ? 40 : 1 as UInt64
        for effect in effects {
            if rare(weather.crashing * danger) { return crash(n) }
            if case .appendReceived = effect, rare(weather.full) { return try restartInPlace(n) }
            try perform(effect, on: n, cargo: cargo)
            if nodes[n].raft == nil { return }
        }
    }

    private func perform(_ effect: RaftEffect, on n: Int, cargo: Cargo) throws {
        switch effect {
        case .persist(let hardState):
            try nodes[n].persist(hardState)
        case .send(let message, let to):
            transmit(message, .none, from: n, to: to)
        case .replicate(let to):
            try replicate(from: n, to: to)
        case .truncate(let end):
            truncations += 1
            nodes[n].truncate(to: end.value)
        case .appendReceived(let from, let end):
            guard case .entries(let entries) = cargo else {
                throw Violation(description: "entries without cargo")
            }
            try nodes[n].append(entries, from: from.value, end: end.value)
            startSync(n)
        case .commit(let end):
            try nodes[n].apply(upTo: end.value, ledger: &ledger)
            try checkDurability(n, end: end.value)
        case .becameLeader(let term):
            elections += 1
            note(n, "leads term \(term)")
            try ledger.elected(nodes[n], term: term)
            try propose(n, [0])
        case .becameFollower(let term, let leader):
            note(n, "follows \(leader.map { "\($0.id)" } ?? "nobody") in term \(term)")
        case .readReady(let id, let index):
            if let least = readsBegun.removeValue(forKey: id), index.value < least {
                throw Violation(description: "read \(id) at \(index), \(least) was committed before")
            }
            readsAnswered += 1
        case .readRefused(let id):
            readsBegun[id] = nil
        case .storeChunk(let chunk):
            guard case .piece(let image) = cargo else {
                throw Violation(description: "a chunk without cargo")
            }
            try nodes[n].store(chunk, of: image)
            schedule(.stored(n, life: nodes[n].life, chunk), inMicroseconds: draw(weather.sync))
        case .installSnapshot(let id):
            installs += 1
            note(n, "installs snapshot \(id)")
            try nodes[n].install(id, ledger: ledger)
        case .proposeVoters(let voters):
            try propose(n, [UInt64.random(in: 1...UInt64.max, using: &chance)], voters: voters)
        case .voterChangeEnded(let outcome):
            note(n, "change of voters: \(outcome)")
            changesEnded.append(outcome)
        case .transferEnded(let isDone):
            note(n, "transfer \(isDone ? "done" : "given up")")
            transfersEnded.append(isDone)
        case .votersChanged(let voters):
            note(n, "voters \(voters.keys.map { "\($0.id)" }.joined(separator: " "))")
        }
    }

    func note(_ n: Int, _ words: @autoclosure () -> String) { trace?("\(n + 1) \(words())") }

    func draw(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &chance) }

    // MARK: The disk

    func startSync(_ n: Int) {
        guard nodes[n].syncing == nil, nodes[n].disk.end > nodes[n].disk.durableEnd else { return }
        nodes[n].syncing = nodes[n].disk.end
        schedule(.synced(n, life: nodes[n].life), inMicroseconds: draw(weather.sync))
    }

    private func synced(_ n: Int) throws {
        guard let end = nodes[n].syncing else { return }
        nodes[n].syncing = nil
        nodes[n].disk.synced(upTo: end)
        try step(n, .durable(end: Offset(end)))
        startSync(n)
    }

    /// What a leader calls committed must be on the disks of a majority of its voters, whether they are up or not, up to an entry
    /// of its own term.
    private func checkDurability(_ n: Int, end: Int64) throws {
        guard let raft = nodes[n].raft, raft.role == .leader else { return }
        let term = nodes[n].disk.term(before: end)
        if term != raft.term {
            throw Violation(
                description:
                    "\(n + 1) counts copies of an entry of term \(term ?? -1) in term \(raft.term) (§5.4.2)")
        }
        let holders = raft.voters.keys.count { key in
            guard let node = nodes.first(where: { $0.key == key }) else { return true }  // Its disk is gone.
            if let owes = node.disk.hardState.owes, owes.end.value >= end { return true }  // It had it.
            if let image = node.disk.image, image.id.end.value >= end { return true }
            return node.disk.durableEnd >= end && node.disk.term(before: end) == term
        }
        if holders < raft.voters.majority {
            throw Violation(
                description:
                    "\(n + 1) commits \(end), which is durable on \(holders) of \(raft.voters.voters.count)")
        }
    }
}
