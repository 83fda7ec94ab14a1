import Testing
import Vocabulary

@testable import Broker

struct TimerWheelTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

    @Test func `a timer fires once, at its deadline or after, never before`() {
        var wheel = TimerWheel<String>(now: at(0))
        _ = wheel.set(at(5), "a")
        #expect(wheel.fire(at: at(4)) == [])
        #expect(wheel.nextWake == at(5))
        #expect(wheel.fire(at: at(5)) == ["a"])
        #expect(wheel.fire(at: at(500)) == [])
        #expect(wheel.nextWake == nil)
    }

    @Test func `a deadline beyond the wheel's round is kept for its own round`() {
        var wheel = TimerWheel<String>(now: at(0))
        _ = wheel.set(at(10_000), "far")
        #expect(wheel.fire(at: at(9_999)) == [])
        #expect(wheel.fire(at: at(10_000)) == ["far"])
    }

    @Test func `a timer taken back does not fire, and others in its slot do`() {
        var wheel = TimerWheel<String>(now: at(0))
        let a = wheel.set(at(7), "a")
        let b = wheel.set(at(7), "b")
        let c = wheel.set(at(7 + 4096), "c")
        wheel.cancel(b)
        wheel.cancel(c)
        #expect(wheel.fire(at: at(7)) == ["a"])
        _ = a
        #expect(wheel.count == 0)
    }

    @Test func `a deadline in the past fires at the next tick`() {
        var wheel = TimerWheel<String>(now: at(100))
        let late = wheel.set(at(3), "late")
        _ = wheel.set(at(2), "later")
        wheel.cancel(late)
        #expect(wheel.fire(at: at(101)) == ["later"])
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `the wheel does what a sorted list would do`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var now: Int64 = 1_000
        var wheel = TimerWheel<Int>(now: at(now))
        var pending: [Int: (deadline: Int64, handle: TimerWheel<Int>.Handle)] = [:]
        for id in 0..<2_000 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                let deadline = now + Int64.random(in: -5...20_000, using: &random)
                pending[id] = (deadline, wheel.set(at(deadline), id))
            case 2:
                if let victim = pending.keys.sorted().randomElement(using: &random) {
                    wheel.cancel(pending.removeValue(forKey: victim)!.handle)
                }
            default:
                now += Int64.random(in: 1...3_000, using: &random)
                let fired = wheel.fire(at: at(now)).sorted()
                let due = pending.filter { $0.value.deadline <= now }.keys.sorted()
                #expect(fired == due)
                for id in due { pending[id] = nil }
            }
            #expect(wheel.count == pending.count)
            if let wake = wheel.nextWake {
                #expect(wake <= at(max(now + 1, pending.values.map(\.deadline).min()!)))
            } else {
                #expect(pending.isEmpty)
            }
        }
    }
}
