import Testing
import Vocabulary

@testable import Coordination

/// Clients hear of what they watch.
struct WatchTableTests {
    private var table = WatchTable()

    private mutating func fire(_ kind: ZnodeChange.Kind, _ path: String) throws -> [String] {
        let path = try #require(ZnodePath(path))
        let change = ZnodeChange(kind: kind, path: path, acl: .open, parentACL: .open)
        return table.fire([change]).map { "\($0.watcher) \($0.event.kind) \($0.event.path)" }
    }

    @Test mutating func `a data watch fires once for a change, a creation or a deletion`() throws {
        for kind in [ZnodeChange.Kind.dataChanged, .created, .deleted] {
            table.add(.data, "/a", for: 1)
            let name =
                kind == .dataChanged ? "nodeDataChanged" : kind == .created ? "nodeCreated" : "nodeDeleted"
            #expect(try fire(kind, "/a") == ["1 \(name) /a"])
            #expect(try fire(kind, "/a") == [])
        }
        #expect(table.count == 0)
    }

    @Test mutating func `a children watch fires once for a child that comes or goes, or for the node's end`()
        throws
    {
        table.add(.children, "/a", for: 1)
        #expect(try fire(.dataChanged, "/a") == [])
        #expect(try fire(.dataChanged, "/a/b") == [])
        #expect(try fire(.created, "/a/b/c") == [])
        #expect(try fire(.created, "/a/b") == ["1 nodeChildrenChanged /a"])
        #expect(try fire(.created, "/a/c") == [])
        table.add(.children, "/a", for: 1)
        #expect(try fire(.deleted, "/a/b") == ["1 nodeChildrenChanged /a"])
        table.add(.children, "/a", for: 1)
        #expect(try fire(.deleted, "/a") == ["1 nodeDeleted /a"])
        table.add(.children, "/", for: 1)
        #expect(try fire(.created, "/x") == ["1 nodeChildrenChanged /"])
    }

    @Test mutating func `a watcher with several watches on a node hears of its end once`() throws {
        for kind in [WatchKind.data, .children, .persistent, .persistentRecursive] {
            table.add(kind, "/a", for: 1)
        }
        #expect(try fire(.deleted, "/a") == ["1 nodeDeleted /a"])
        #expect(table.count == 2)
    }

    @Test mutating func `a persistent watch stays, and hears of the node and its children`() throws {
        table.add(.persistent, "/a", for: 1)
        for _ in 0..<2 {
            #expect(try fire(.created, "/a") == ["1 nodeCreated /a"])
            #expect(try fire(.created, "/a/b") == ["1 nodeChildrenChanged /a"])
            #expect(try fire(.dataChanged, "/a/b") == [])
            #expect(try fire(.created, "/a/b/c") == [])
            #expect(try fire(.dataChanged, "/a") == ["1 nodeDataChanged /a"])
            #expect(try fire(.deleted, "/a/b") == ["1 nodeChildrenChanged /a"])
            #expect(try fire(.deleted, "/a") == ["1 nodeDeleted /a"])
        }
    }

    @Test mutating func `a recursive watch hears of all below by their own events, never of children's`()
        throws
    {
        table.add(.persistentRecursive, "/a", for: 1)
        #expect(try fire(.created, "/a/b") == ["1 nodeCreated /a/b"])
        #expect(try fire(.created, "/a/b/c/d") == ["1 nodeCreated /a/b/c/d"])
        #expect(try fire(.dataChanged, "/a/b/c") == ["1 nodeDataChanged /a/b/c"])
        #expect(try fire(.deleted, "/a/b") == ["1 nodeDeleted /a/b"])
        #expect(try fire(.dataChanged, "/a") == ["1 nodeDataChanged /a"])
        #expect(try fire(.dataChanged, "/ab") == [])
        table.add(.persistentRecursive, "/", for: 2)
        table.add(.persistentRecursive, "/a/b", for: 1)
        #expect(try fire(.dataChanged, "/a/b/c") == ["1 nodeDataChanged /a/b/c", "2 nodeDataChanged /a/b/c"])
    }

    @Test mutating func `a node's own event comes before its parent's children, watchers by their number`()
        throws
    {
        for watcher in [3, 1, 2] as [Int64] {
            table.add(.data, "/a/b", for: watcher)
            table.add(.children, "/a", for: watcher)
        }
        #expect(
            try fire(.created, "/a/b") == [
                "1 nodeCreated /a/b", "2 nodeCreated /a/b", "3 nodeCreated /a/b", "1 nodeChildrenChanged /a",
                "2 nodeChildrenChanged /a", "3 nodeChildrenChanged /a",
            ])
    }

    @Test mutating func `an event carries the list of the node it tells of`() throws {
        var station = Station()
        let client = try station.connect()
        try station.create("/a", by: client)
        try station.setACL(
            "/a", [ACLEntry(.all, .anyone), ACLEntry(.read, .superuser)].dropLast(), by: client)
        table.add(.children, "/a", for: 1)
        table.add(.data, "/a/b", for: 1)
        station.changes = []
        try station.create("/a/b", acl: .readOnly, by: client)
        let fired = table.fire(station.changes)
        #expect(fired.map(\.event.acl) == [.readOnly, .open])
        #expect(station.coordination.mayRead(.readOnly, []))
        let bob = Identity(scheme: "digest", id: "bob:x")
        #expect(!station.coordination.mayRead([ACLEntry(.write, .anyone), ACLEntry(.read, bob)], []))
        #expect(station.coordination.mayRead([ACLEntry(.read, bob)], [bob]))
    }

    // MARK: Asking and removing

    @Test mutating func `a client asks for and removes one type of watch, or any`() {
        let kinds: [(WatchKind, WatcherType)] = [
            (.children, .children), (.data, .data), (.persistent, .persistent),
            (.persistentRecursive, .persistentRecursive),
        ]
        for (kind, type) in kinds {
            table.add(kind, "/a", for: 1)
            for (_, asked) in kinds { #expect(table.contains(asked, "/a", for: 1) == (asked == type)) }
            #expect(table.contains(.any, "/a", for: 1))
            #expect(!table.contains(.any, "/a", for: 2))
            #expect(!table.contains(.any, "/b", for: 1))
            for (_, asked) in kinds where asked != type {
                #expect(table.remove(asked, "/a", for: 1) == false)
            }
            #expect(table.remove(type, "/a", for: 2) == false)
            #expect(table.remove(type, "/a", for: 1) == true)
            #expect(table.remove(type, "/a", for: 1) == false)
            table.add(kind, "/a", for: 1)
            #expect(table.remove(.any, "/a", for: 1) == true)
        }
        #expect((table.count, table.pathCount, table.watcherCount, table.recursiveCount) == (0, 0, 0, 0))
    }

    @Test mutating func `a watch set twice is one`() throws {
        table.add(.data, "/a", for: 1)
        table.add(.data, "/a", for: 1)
        #expect(table.count == 1)
        #expect(try fire(.dataChanged, "/a") == ["1 nodeDataChanged /a"])
    }

    @Test mutating func `with a client its watches go, and no others`() throws {
        for watcher in 1...3 as ClosedRange<Int64> {
            table.add(.data, "/a", for: watcher)
            table.add(.persistentRecursive, "/", for: watcher)
            table.add(.children, "/own\(watcher)", for: watcher)
        }
        table.removeAll(of: 2)
        table.removeAll(of: 9)
        #expect((table.count, table.watcherCount, table.pathCount, table.recursiveCount) == (6, 2, 4, 2))
        #expect(try fire(.dataChanged, "/a") == ["1 nodeDataChanged /a", "3 nodeDataChanged /a"])
    }

    @Test mutating func `the watches are listed by watcher and by path`() {
        table.add(.data, "/b", for: 7)
        table.add(.children, "/a", for: 7)
        table.add(.persistent, "/a", for: 5)
        #expect(
            table.pathsByWatcher.map { "\($0.watcher) \($0.paths)" } == ["5 [\"/a\"]", "7 [\"/a\", \"/b\"]"])
        #expect(table.watchersByPath.map { "\($0.path) \($0.watchers)" } == ["/a [5, 7]", "/b [7]"])
        #expect((table.watcherCount, table.pathCount, table.count) == (2, 2, 3))
    }

    // MARK: Coming back

    @Test mutating func `watches set again fire at once for what the client missed`() throws {
        var station = Station()
        let client = try station.connect()
        for path in ["/same", "/changed", "/gone", "/parent", "/full"] {
            try station.create(path, by: client)
        }
        try station.create("/full/child", by: client)
        let seen = station.zxid
        try station.set("/changed", "new", by: client)
        try station.delete("/gone", by: client)
        try station.create("/born", by: client)
        try station.create("/parent/child", by: client)
        try station.set("/full/child", "new", by: client)

        var former = FormerWatches()
        former.data = ["/same", "/changed", "/gone"]
        former.exists = ["/born", "/unborn"]
        former.children = ["/parent", "/full", "/gone"]
        former.persistent = ["/p"]
        former.persistentRecursive = ["/r"]
        let events = table.renew(former, for: 1, since: seen, in: station.coordination)
        #expect(
            events.map { "\($0.kind) \($0.path)" } == [
                "nodeDataChanged /changed", "nodeDeleted /gone", "nodeCreated /born",
                "nodeChildrenChanged /parent", "nodeDeleted /gone",
            ])
        #expect(table.pathsByWatcher.first?.paths == ["/full", "/p", "/r", "/same", "/unborn"])
        #expect(table.contains(.children, "/full", for: 1))
        #expect(table.contains(.persistent, "/p", for: 1))
        #expect(table.contains(.persistentRecursive, "/r", for: 1))
        #expect(try fire(.created, "/unborn") == ["1 nodeCreated /unborn"])
    }

    // MARK: Against a plain model

    @Test(arguments: UInt64(1)...20)
    mutating func `whatever is set, removed and fired, the same hear of it as with plain sets`(seed: UInt64)
        throws
    {
        struct Watch: Hashable {
            let path: String
            let kind: WatchKind
            let watcher: Int64
        }
        var chance = SeededGenerator(seed: seed)
        var model: Set<Watch> = []
        let paths = ["/", "/a", "/a/b", "/a/b/c", "/a/c", "/ab"]
        let kinds: [WatchKind] = [.data, .children, .persistent, .persistentRecursive]
        var events = 0
        func above(_ path: String) -> String {
            let parent = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
            return parent.isEmpty ? "/" : String(parent)
        }
        for _ in 0..<500 {
            let path = paths[Int.random(in: 0..<paths.count, using: &chance)]
            let watcher = Int64.random(in: 1...4, using: &chance)
            let kind = kinds[Int.random(in: 0...3, using: &chance)]
            switch Int.random(in: 0...9, using: &chance) {
            case 0...5:
                table.add(kind, path, for: watcher)
                model.insert(Watch(path: path, kind: kind, watcher: watcher))
            case 6:
                let types: [WatchKind: WatcherType] = [
                    .data: .data, .children: .children, .persistent: .persistent,
                    .persistentRecursive: .persistentRecursive,
                ]
                let watch = Watch(path: path, kind: kind, watcher: watcher)
                #expect(
                    table.remove(try #require(types[kind]), path, for: watcher)
                        == (model.remove(watch) != nil))
            case 7 where Bool.random(using: &chance):
                table.removeAll(of: watcher)
                model = model.filter { $0.watcher != watcher }
            default:
                if path == "/" { continue }
                let change = [ZnodeChange.Kind.created, .deleted, .dataChanged][
                    Int.random(in: 0...2, using: &chance)]
                let own = model.filter { watch in
                    switch watch.kind {
                    case .data, .persistent: watch.path == path
                    case .children: watch.path == path && change == .deleted
                    case .persistentRecursive:
                        watch.path == path || watch.path == "/" || path.hasPrefix(watch.path + "/")
                    }
                }
                let parents = model.filter { watch in
                    change != .dataChanged && watch.path == above(path)
                        && (watch.kind == .children || watch.kind == .persistent)
                }
                let kind =
                    change == .created
                    ? "nodeCreated" : change == .deleted ? "nodeDeleted" : "nodeDataChanged"
                let expected =
                    Set(own.map(\.watcher)).sorted().map { "\($0) \(kind) \(path)" }
                    + Set(parents.map(\.watcher)).sorted().map { "\($0) nodeChildrenChanged \(above(path))" }
                model.subtract(own.union(parents).filter { $0.kind == .data || $0.kind == .children })
                #expect(try fire(change, path) == expected, "seed \(seed)")
                events += expected.count
            }
            #expect(table.count == model.count)
            #expect(table.pathCount == Set(model.map(\.path)).count)
            #expect(table.watcherCount == Set(model.map(\.watcher)).count)
            #expect(table.recursiveCount == model.count { $0.kind == .persistentRecursive })
        }
        #expect(events > 50)
    }
}
