import Glibc
import Testing
import Vocabulary

@testable import Coordination

/// A million znodes of 100 bytes: prints what they cost. Takes long, so only on request:
///
///     MEASURE=1000000 ROOMS=Coordination swift test -c release -Xswiftc -enable-testing --filter MeasuredTests
@Suite(.serialized, .enabled(if: getenv("MEASURE") != nil))
struct MeasuredTests {
    private static let count = getenv("MEASURE").flatMap { Int(String(cString: $0)) } ?? 1_000_000

    @Test func `many znodes`() throws {
        var station = Station()
        let client = try station.connect()
        let memory = Self.residentBytes
        var coordination = station.coordination
        var zxid: Int64 = 1
        func run(_ operation: ZnodeOperation) throws {
            zxid += 1
            let decision = coordination.decide(
                .write(operation, by: client.caller), zxid: zxid, at: 1_700_000_000_000)
            guard case .commit(let transaction, _) = decision else { throw CoordinationError.systemError }
            _ = coordination.replay(transaction, zxid: zxid, at: 1_700_000_000_000)
        }
        var data = { (index: Int) in Array(repeating: UInt8(truncatingIfNeeded: index), count: 100) }
        try run(.create("/bench"))
        for index in 0..<100 { try run(.create("/bench/\(index)")) }
        let path = { (index: Int) in "/bench/\(index % 100)/node\(index)" }

        let creating = Self.time {
            for index in 0..<Self.count {
                try! run(.create(path: path(index), data: data(index), acl: .open, kind: .persistent))
            }
        }
        let bytes = Double(Self.residentBytes - memory) / Double(Self.count)
        print("create: \(creating / Self.count) ns each, \(bytes) bytes resident each, 100 of them data")

        var sum = 0
        let getting = Self.time {
            for index in 0..<Self.count {
                sum += try! coordination.data(path(index &* 7919 % Self.count), for: []).data?.count ?? 0
            }
        }
        #expect(sum == 100 * Self.count)
        print("get: \(getting / Self.count) ns each")

        let setting = Self.time {
            for index in 0..<Self.count {
                let place = path(index &* 7919 % Self.count)
                try! run(.setData(path: place, data: data(index), version: -1))
            }
        }
        print("set: \(setting / Self.count) ns each")

        var pieces: [[UInt8]] = []
        var longest = 0
        var writer = SnapshotWriter(coordination)
        let writing = Self.time {
            var isDone = false
            while !isDone {
                let time = Self.time {
                    if let piece = writer.next(maxBytes: 1 << 20) {
                        pieces.append(piece)
                    } else {
                        isDone = true
                    }
                }
                longest = max(longest, time)
            }
        }
        let size = pieces.reduce(0) { $0 + $1.count }
        print(
            "snapshot: \(size / 1_000_000) MB in \(writing / 1_000_000) ms, longest piece \(longest / 1000) us"
        )

        let held = coordination
        let copying = Self.time {
            for index in 0..<Self.count / 10 {
                let place = path(index &* 7919 % Self.count)
                try! run(.setData(path: place, data: data(index), version: -1))
            }
        }
        print("set while a snapshot holds the old state: \(copying / (Self.count / 10)) ns each")
        #expect(held.lastZxid < coordination.lastZxid)

        var reader = SnapshotReader()
        var copy: Coordination?
        let reading = Self.time {
            for piece in pieces { try! reader.read(piece) }
            copy = try? reader.finish()
        }
        print("restore: \(reading / 1_000_000) ms")
        var digest: UInt64 = 0
        let digesting = Self.time { digest = copy?.digest ?? 0 }
        print("digest: \(digesting / 1_000_000) ms")
        #expect(digest == held.digest)
        data = { _ in [] }

        try Self.closeSession(with: 100_000)
    }

    @Test func `many watches`() throws {
        let memory = Self.residentBytes
        var table = WatchTable()
        let setting = Self.time {
            for index in 0..<Self.count {
                table.add(.data, "/bench/some/node\(index)", for: Int64(index % 1000))
            }
        }
        let bytes = Double(Self.residentBytes - memory) / Double(Self.count)
        print("watch: \(setting / Self.count) ns each, \(bytes) bytes resident each")
        let removing = Self.time { for watcher in 0..<1000 { table.removeAll(of: Int64(watcher)) } }
        print("unwatch: \(removing / Self.count) ns each")
        #expect(table.count == 0)
    }

    private static func closeSession(with ephemerals: Int) throws {
        var station = Station()
        let client = try station.connect()
        for index in 0..<ephemerals { try station.create("/e\(index)", "", .ephemeral, by: client) }
        let time = Self.time { try! _ = station.run(.closeSession(id: client.id, broker: nil)) }
        print("close a session with \(ephemerals) ephemeral nodes: \(time / 1_000_000) ms")
    }

    /// Nanoseconds of this thread's own: the machine may be busy.
    private static func time(_ body: () -> Void) -> Int {
        let start = now
        body()
        return now - start
    }

    private static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    private static var residentBytes: Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var numbers = (0, 0)
        withUnsafeMutablePointer(to: &numbers) { pointer in
            pointer.withMemoryRebound(to: Int.self, capacity: 2) { values in
                _ = withVaList([values, values + 1]) { vfscanf(file, "%ld %ld", $0) }
            }
        }
        return numbers.1 * 4096
    }
}
