import HashTreeCollections
import Testing
import Vocabulary

@testable import Coordination

/// Whatever is asked, in whatever order, committed early or late or never.
struct RandomWritesTests {
    private static let names = ["a", "b", "c"]
    private static let secret = Identity(scheme: "digest", id: "bob:hash")

    @Test(arguments: UInt64(1)...30)
    func `the tree is what a plain dictionary makes of the same commands`(seed: UInt64) throws {
        var chance = SeededGenerator(seed: seed)
        var station = Station()
        var model = ZnodeModel()
        var clients = try Self.connect(3, to: &station, &model)
        for _ in 0..<1000 {
            station.now = Timestamp(
                milliseconds: station.now.milliseconds + Int64.random(in: 0...9, using: &chance))
            let command = Self.command(clients, &chance)
            let answer = Self.decide(command, on: &station, &clients, &chance)
            let expected = model.run(command, zxid: station.zxid, at: station.now.milliseconds)
            #expect(answer == expected, "seed \(seed), \(command)")
            if Int.random(in: 0...2, using: &chance) == 0 {
                station.commit(Int.random(in: 1...8, using: &chance))
            }
        }
        station.commit()
        #expect(station.coordination.overlay.isEmpty)
        #expect(station.coordination.overlay.nodes.isEmpty)
        try Self.expectEqual(station.coordination, model)
        #expect(station.log.count > 100, "seed \(seed) did nothing")
        #expect(model.nodes.count > 4, "seed \(seed) left nothing")
    }

    @Test(arguments: UInt64(1)...30)
    func `a leader that loses its decisions decides as one that never made them`(seed: UInt64) throws {
        var chance = SeededGenerator(seed: seed)
        var station = Station()
        var model = ZnodeModel()
        var clients = try Self.connect(3, to: &station, &model)
        var committed = model
        for _ in 0..<40 {
            for _ in 0..<Int.random(in: 1...12, using: &chance) {
                let command = Self.command(clients, &chance)
                let answer = Self.decide(command, on: &station, &clients, &chance)
                let expected = model.run(command, zxid: station.zxid, at: station.now.milliseconds)
                #expect(answer == expected, "seed \(seed), \(command)")
            }
            if Bool.random(using: &chance) {
                station.commit()
                committed = model
            } else {
                station.resign()
                model = committed
            }
        }
        try Self.expectEqual(station.coordination, committed)
    }

    @Test(arguments: UInt64(1)...20)
    func `replaying the log elsewhere, or reading a snapshot, gives the same state`(seed: UInt64) throws {
        var chance = SeededGenerator(seed: seed)
        var station = Station()
        var model = ZnodeModel()
        var clients = try Self.connect(3, to: &station, &model)
        for _ in 0..<300 {
            _ = Self.decide(Self.command(clients, &chance), on: &station, &clients, &chance)
            if Bool.random(using: &chance) { station.commit() }
        }
        station.commit()
        var other = Coordination()
        var changes: [ZnodeChange] = []
        for (zxid, transaction, time) in station.log {
            changes += other.replay(transaction, zxid: zxid, at: time)
        }
        #expect(changes == station.changes)
        #expect(other.tree == station.coordination.tree)
        #expect(other.sessions == station.coordination.sessions)
        #expect(other.digest == station.coordination.digest)
        #expect(other.lastZxid == station.coordination.lastZxid)

        let read = try SnapshotTests.copy(other, piece: Int.random(in: 1...300, using: &chance))
        #expect(read.tree == other.tree)
        #expect(read.sessions == other.sessions)
        #expect(read.lastZxid == other.lastZxid)
        #expect(read.digest == other.digest)
    }

    // MARK: Commands

    private static func connect(
        _ count: Int, to station: inout Station, _ model: inout ZnodeModel
    ) throws -> [TestClient] {
        var clients: [TestClient] = []
        for index in 0..<count {
            var client = try station.connect(broker: BrokerID(Int32(index + 1)))
            model.sessions[client.id] = client.session
            if index == 0 { client.identities.append(secret) }
            clients.append(client)
        }
        return clients
    }

    /// A session that is created takes the place of some client's.
    private static func decide(
        _ command: CoordinationCommand, on station: inout Station, _ clients: inout [TestClient],
        _ chance: inout SeededGenerator
    ) -> Result<CoordinationReply, CoordinationError> {
        do throws(CoordinationError) {
            let reply = try station.decide(command)
            if case .session(let session) = reply {
                let index = Int.random(in: 0..<clients.count, using: &chance)
                clients[index] = TestClient(session: session, identities: clients[index].identities)
            }
            return .success(reply)
        } catch {
            return .failure(error)
        }
    }

    private static func command(_ clients: [TestClient], _ chance: inout SeededGenerator)
        -> CoordinationCommand
    {
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &chance) }
        let client = clients[pick(0...clients.count - 1)]
        switch pick(0...29) {
        case 0: return .closeSession(id: client.id, broker: pick(0...1) == 0 ? nil : client.session.broker)
        case 1...2:
            let password = SessionPassword(high: 1, low: UInt64(pick(0...9)))
            return .createSession(timeoutMs: 5, password: password, broker: BrokerID(Int32(pick(1...3))))
        case 3: return .deleteContainer(path: path(&chance))
        case 4...8:
            let operations = (0..<pick(0...5)).map { _ in operation(&chance) }
            return .multi(operations, by: client.caller)
        default: return .write(operation(&chance), by: client.caller)
        }
    }

    private static func operation(_ chance: inout SeededGenerator) -> ZnodeOperation {
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &chance) }
        let version = Int32(pick(0...3) == 0 ? pick(0...2) : -1)
        let data: [UInt8]? = pick(0...9) == 0 ? nil : Array(repeating: 7, count: pick(0...20))
        let lists: [ACL] = [
            .open, .open, .open, [ACLEntry(.all, secret)], .readOnly, [ACLEntry(.all, .caller)], [],
        ]
        let acl = lists[pick(0...lists.count - 1)]
        let kinds: [ZnodeKind] = [
            .persistent, .persistent, .persistent, .persistentSequential, .ephemeral, .ephemeralSequential,
            .container, .ttl(milliseconds: Int64(pick(0...50))), .ttlSequential(milliseconds: 30),
        ]
        switch pick(0...9) {
        case 0...4:
            return .create(path: path(&chance), data: data, acl: acl, kind: kinds[pick(0...kinds.count - 1)])
        case 5...6: return .delete(path: path(&chance), version: version)
        case 7: return .setData(path: path(&chance), data: data, version: version)
        case 8: return .setACL(path: path(&chance), acl: acl, version: version)
        default: return .check(path: path(&chance), version: version)
        }
    }

    private static func path(_ chance: inout SeededGenerator) -> String {
        if Int.random(in: 0...30, using: &chance) == 0 {
            return ["/", "x", "/a/", "/a//b", "/zookeeper", ""][
                Int.random(in: 0...5, using: &chance)]
        }
        var path = ""
        for _ in 0...Int.random(in: 0...2, using: &chance) {
            path += "/" + names[Int.random(in: 0...2, using: &chance)]
        }
        return path
    }

    private static func expectEqual(_ coordination: Coordination, _ model: ZnodeModel) throws {
        #expect(coordination.tree.count == model.nodes.count)
        #expect(Set(coordination.sessions.keys) == Set(model.sessions.keys))
        for (path, node) in model.nodes {
            #expect(try coordination.exists(path) == model.stat(path), "\(path)")
            #expect(try coordination.data(path, for: [.superuser]).data == node.data, "\(path)")
            #expect(try coordination.acl(path, for: [.superuser]).acl == node.acl, "\(path)")
            #expect(
                try coordination.children(path, for: [.superuser]).names.sorted() == model.children(of: path),
                "\(path)")
            let below = model.nodes.keys.filter { $0 != "/" && $0.hasPrefix(path == "/" ? "/" : path + "/") }
            #expect(try coordination.descendantCount(path, for: [.superuser]) == below.count, "\(path)")
        }
        #expect(
            coordination.tree.dataBytes == model.nodes.values.reduce(0) { $0 + Int64($1.data?.count ?? 0) })
        for id in model.sessions.keys {
            let paths = model.nodes.filter { $0.value.owner == id }.keys.sorted()
            #expect(coordination.ephemerals(of: id, prefix: "") == paths)
        }
    }
}
