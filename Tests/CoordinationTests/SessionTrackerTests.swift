import Testing
import Vocabulary

@testable import Coordination

/// The leader knows whose time is over.
struct SessionTrackerTests {
    private static func at(_ milliseconds: Int64) -> Instant {
        Instant(nanoseconds: milliseconds * 1_000_000)
    }
    private var tracker = SessionTracker()

    @Test mutating func `a session expires when nothing was heard for its timeout`() throws {
        tracker.add(1, timeoutMs: 1000, at: Self.at(0))
        #expect(tracker.takeExpired(at: Self.at(999)) == [])
        let deadline = try #require(tracker.nextDeadline)
        #expect(deadline >= Self.at(1000))
        #expect(deadline <= Self.at(1135))
        #expect(tracker.takeExpired(at: deadline) == [1])
        #expect(tracker.takeExpired(at: Self.at(9999)) == [])
        #expect(tracker.count == 0)
        #expect(tracker.nextDeadline == nil)
    }

    @Test mutating func `hearing of a session gives it its timeout anew`() {
        tracker.add(1, timeoutMs: 1000, at: Self.at(0))
        for time in stride(from: Int64(500), through: 10_000, by: 500) {
            tracker.heard(1, at: Self.at(time))
            #expect(tracker.takeExpired(at: Self.at(time + 400)) == [])
        }
        #expect(tracker.takeExpired(at: Self.at(11_200)) == [1])
    }

    @Test mutating func `news that comes late takes no time away`() {
        tracker.add(1, timeoutMs: 1000, at: Self.at(0))
        tracker.heard(1, at: Self.at(800))
        tracker.heard(1, at: Self.at(200))
        #expect(tracker.takeExpired(at: Self.at(1700)) == [])
    }

    @Test mutating func `a timeout that became shorter counts at once`() {
        tracker.add(1, timeoutMs: 60_000, at: Self.at(0))
        tracker.add(1, timeoutMs: 1000, at: Self.at(0))
        #expect(tracker.count == 1)
        #expect(tracker.takeExpired(at: Self.at(1200)) == [1])
        #expect(tracker.takeExpired(at: Self.at(70_000)) == [])
    }

    @Test mutating func `a removed session does not expire, and an unknown one is not heard of`() {
        tracker.add(1, timeoutMs: 1000, at: Self.at(0))
        tracker.remove(1)
        tracker.remove(2)
        tracker.heard(1, at: Self.at(5))
        #expect(tracker.count == 0)
        #expect(tracker.takeExpired(at: Self.at(5000)) == [])
    }

    @Test mutating func `a new leader gives everyone a fresh timeout`() {
        let sessions = (1...3).map { id in
            Session(
                id: Int64(id), password: SessionPassword(high: 0, low: 0), timeoutMs: Int32(id) * 1000,
                broker: 1)
        }
        tracker = SessionTracker(sessions, at: Self.at(50_000))
        #expect(tracker.takeExpired(at: Self.at(50_999)) == [])
        #expect(tracker.takeExpired(at: Self.at(51_200)) == [1])
        tracker.restart(at: Self.at(60_000))
        #expect(tracker.takeExpired(at: Self.at(61_900)) == [])
        #expect(tracker.takeExpired(at: Self.at(63_200)) == [2, 3])
    }

    @Test mutating func `the longest timeout at the end of time does not trap`() {
        tracker.add(1, timeoutMs: .max, at: Instant(nanoseconds: .max - 5))
        tracker.heard(1, at: .distantFuture)
        #expect(tracker.nextDeadline == .distantFuture)
        _ = tracker.takeExpired(at: .distantFuture)
    }

    @Test(arguments: UInt64(1)...20)
    func `those expire, in whatever order things happen, whose last news is older than their timeout`(
        seed: UInt64
    ) {
        var chance = SeededGenerator(seed: seed)
        var tracker = SessionTracker()
        var model: [Int64: (timeoutMs: Int32, heard: Int64)] = [:]
        var now: Int64 = 0
        var expiredCount = 0
        for _ in 0..<2000 {
            now += Int64.random(in: 0...60, using: &chance)
            let id = Int64.random(in: 1...40, using: &chance)
            switch Int.random(in: 0...9, using: &chance) {
            case 0...1:
                let timeoutMs = Int32.random(in: 1...3000, using: &chance)
                tracker.add(id, timeoutMs: timeoutMs, at: Self.at(now))
                model[id] = (timeoutMs, now)
            case 2:
                tracker.remove(id)
                model[id] = nil
            default:
                tracker.heard(id, at: Self.at(now))
                model[id]?.heard = now
            }
            let expired = tracker.takeExpired(at: Self.at(now))
            expiredCount += expired.count
            #expect(expired == expired.sorted())
            for id in expired {
                let (timeoutMs, heard) = model.removeValue(forKey: id) ?? (.max, .max)
                #expect(heard + Int64(timeoutMs) <= now, "seed \(seed): \(id) expired early")
            }
            for (id, entry) in model {
                #expect(entry.heard + Int64(entry.timeoutMs) > now - 135, "seed \(seed): \(id) lives on")
            }
            #expect(tracker.count == model.count)
            if let next = tracker.nextDeadline { #expect(next > Self.at(now)) }
        }
        #expect(expiredCount > 20)
    }
}
