import Simulation
import Testing

struct WatchedChangesTests {
    private func check(
        told: [Int64], from: Int64 = 10, to: Int64 = 30, path: String = "/a", isRecursive: Bool = false,
        mayRead: Bool = true
    ) -> String? {
        var changes = WatchedChanges()
        changes.guarded = ["/a/guarded"]
        for zxid in [5, 15, 25, 35] as [Int64] { changes.changed("/a", zxid: zxid) }
        changes.changed("/a/b", zxid: 20)
        changes.changed("/a/guarded", zxid: 21)
        changes.changed("/ab", zxid: 22)
        var span = WatchedChanges.Span(client: 1, path: path, isRecursive: isRecursive, from: from)
        for zxid in told { span.told.insert(.init(path: zxid == 20 ? "/a/b" : "/a", zxid: zxid)) }
        changes.ended(span, to: to)
        return changes.check { _ in mayRead }
    }

    @Test func `who watches is told of each change from then on, until the connection ends`() {
        #expect(check(told: [15, 25]) == nil)
        #expect(check(told: [15]) != nil)
        #expect(check(told: [15], to: 24) == nil)
        #expect(check(told: [25], from: 15) == nil)
    }

    @Test func `who watches all below is told of that too, but not of what it may not read`() {
        #expect(check(told: [15, 20, 25], isRecursive: true, mayRead: false) == nil)
        #expect(check(told: [15, 25], isRecursive: true, mayRead: false) != nil)
        #expect(check(told: [15, 20, 25], isRecursive: true) != nil)
    }
}
