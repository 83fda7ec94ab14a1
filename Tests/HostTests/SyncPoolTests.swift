import Host
import Ports
import SimulatedDisk
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct SyncPoolTests {
    @Test func `everyone who asks is answered, and who asks while a target is synced shares the next sync`()
        async throws
    {
        let directory = TemporaryDirectory()
        let disk = try HeldDisk(PosixDisk(directory.path))
        let files = try (0..<5).map { try disk.open("\($0)", .create) }
        let calls = Atomic(0)
        let pool = SyncPool<Int>(disk: disk) { _, _, _ in calls.add(1, ordering: .relaxed) }
        let answers = await answers(of: 500) { index, done in
            pool.sync([.file(files[index % 5]), .directory("")], owner: index, done: done)
            if index == 499 { disk.release() }
        }
        #expect(answers.map(\.owner).sorted() == Array(0..<500))
        #expect(answers.allSatisfy { $0.error == nil })
        // Six targets: each is synced for those who asked before its sync began, and once for all the others.
        #expect((6...12).contains(calls.load(ordering: .relaxed)))
        pool.stop()
    }

    @Test func `hundreds of files are synced by one call`() async throws {
        let directory = TemporaryDirectory()
        let disk = try PosixDisk(directory.path)
        let files = try (0..<1000).map { try disk.open("\($0)", .create) }
        let calls = Atomic(0)
        let pool = SyncPool<Int>(disk: disk, threadsMax: 1) { _, _, _ in calls.add(1, ordering: .relaxed) }
        let answers = await answers(of: 2) { index, done in
            pool.sync(
                index == 0 ? files.map { .file($0) } : [.file(files[7]), .file(files[7])], owner: index,
                done: done)
        }
        #expect(answers.count == 2)
        #expect(calls.load(ordering: .relaxed) < 20)
        pool.stop()
    }

    @Test func `a failed sync is told to all it was for, and nothing succeeds after it`() async throws {
        let directory = TemporaryDirectory()
        let disk = try PosixDisk(directory.path)
        let file = try disk.open("file", .create)
        let pipe = try brokenFile(disk, directory)
        let pool = SyncPool<Int>(disk: disk)
        let failed = await answers(of: 1) { index, done in
            pool.sync([.file(pipe), .file(file)], owner: index, done: done)
        }
        #expect(failed[0].error != nil)
        let later = await answers(of: 3) { index, done in pool.sync([.file(file)], owner: index, done: done) }
        #expect(later.allSatisfy { $0.error?.reason == .offline })
        pool.stop()
    }

    @Test func `a file removed meanwhile has nothing to be synced`() async throws {
        let disk = SimulatedDisk()
        let file = try disk.open("file", .create)
        try disk.remove("file")
        let pool = SyncPool<Int>(disk: disk)
        let answers = await answers(of: 1) { index, done in pool.sync([.file(file)], owner: index, done: done)
        }
        #expect(answers[0].error == nil)
        pool.stop()
    }

    @Test func `a drain waits for all that was asked before it, though others go on asking`() throws {
        let directory = TemporaryDirectory()
        let disk = try PosixDisk(directory.path)
        let files = try (0..<8).map { try disk.open("\($0)", .create) }
        let busy = try disk.open("busy", .create)
        let pool = SyncPool<Int>(disk: disk, threadsMax: 3)
        let endless = Endless(pool, busy)
        endless.ask()
        let told = Atomic(0)
        for round in 1...20 {
            for file in files + files {
                pool.sync([.file(file), .file(busy)], owner: 0) { _, _ in told.add(1, ordering: .relaxed) }
            }
            pool.drain()
            #expect(told.load(ordering: .relaxed) == 16 * round)
        }
        endless.ends.store(true, ordering: .relaxed)
        pool.stop()
    }

    /// Asks again as soon as it is told.
    private final class Endless: Sendable {
        let ends = Atomic(false)
        private let pool: SyncPool<Int>
        private let file: FileID
        init(_ pool: SyncPool<Int>, _ file: FileID) {
            self.pool = pool
            self.file = file
        }

        func ask() {
            pool.sync([.file(file)], owner: 0) { [self] _, _ in
                if !ends.load(ordering: .relaxed) { ask() }
            }
        }
    }

    /// Asks so often, and waits for all answers.
    private func answers(
        of count: Int, ask: (Int, @escaping SyncPool<Int>.Done) -> Void
    ) async -> [(owner: Int, error: DiskError?)] {
        let (stream, continuation) = AsyncStream.makeStream(of: (owner: Int, error: DiskError?).self)
        for index in 0..<count { ask(index) { continuation.yield(($0, $1)) } }
        var found: [(owner: Int, error: DiskError?)] = []
        for await answer in stream {
            found.append(answer)
            if found.count == count { break }
        }
        return found
    }
}
