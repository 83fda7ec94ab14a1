import Simulation
import Testing
import Vocabulary

struct EventQueueTests {
    @Test(arguments: 0..<30 as Range<UInt64>)
    func `what is put in comes out by time, ties in the order they came`(seed: UInt64) {
        var chance = SeededGenerator(seed: seed)
        var queue = EventQueue<Int>()
        var expected: [(at: Int64, event: Int)] = []
        var number = 0
        for _ in 0..<300 {
            if expected.isEmpty || !Bool.random(using: &chance) {
                let at = Int64.random(in: 0..<20, using: &chance)
                queue.put(number, at: Instant(nanoseconds: at))
                let place = expected.firstIndex { $0.at > at } ?? expected.count
                expected.insert((at, number), at: place)
                number += 1
            } else {
                let (at, event) = expected.removeFirst()
                let taken = queue.take()
                #expect(taken?.at == Instant(nanoseconds: at))
                #expect(taken?.event == event)
            }
        }
        #expect(queue.count == expected.count)
    }

    @Test func `an empty queue gives nothing`() {
        var queue = EventQueue<Int>()
        #expect(queue.take() == nil)
        #expect(queue.nextAt == nil)
    }
}
