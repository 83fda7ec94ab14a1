import Testing
import Vocabulary
import Wire

@testable import ZooKeeper

/// Random frames: what is written is read back, and bytes changed at random never trap.
struct RoundTripTests {
    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func `every request is read as it was written`(seed: UInt64) throws {
        var frames = RandomFrames(seed: seed)
        for opCode in OpCode.allCases {
            let request = frames.request(opCode)
            let frame = request.frame(xid: 7)
            var at = 4
            let header = try ZooKeeperRequestHeader(frame.span.bytes, &at)
            #expect(header == ZooKeeperRequestHeader(xid: 7, type: opCode.rawValue))
            #expect(try ZooKeeperRequest(frame.span.bytes, &at, type: header.type) == request)
            #expect(at == frame.count)
        }
    }

    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func `every reply is read as it was written`(seed: UInt64) throws {
        var frames = RandomFrames(seed: seed)
        for opCode in OpCode.allCases {
            let reply = frames.reply(to: opCode)
            let frame = reply.frame(xid: -4, zxid: 1 << 40)
            var at = 4
            let header = try ZooKeeperReplyHeader(frame.span.bytes, &at)
            #expect(header == ZooKeeperReplyHeader(xid: -4, zxid: 1 << 40, code: reply.code))
            #expect(try ZooKeeperReply(frame.span.bytes, &at, to: opCode, code: header.code) == reply)
            #expect(at == frame.count)
        }
    }

    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func `bytes changed at random are an error or another message, never a trap`(seed: UInt64) {
        var frames = RandomFrames(seed: seed)
        for opCode in OpCode.allCases {
            for _ in 0..<20 {
                let request = frames.damaged(frames.request(opCode).frame(xid: 1))
                var at = 12
                _ = try? ZooKeeperRequest(request.span.bytes, &at, type: opCode.rawValue)
                let reply = frames.damaged(frames.reply(to: opCode).frame(xid: 1, zxid: 1))
                at = 20
                _ = try? ZooKeeperReply(reply.span.bytes, &at, to: opCode)
            }
        }
    }
}

/// Messages of every kind with random contents.
private struct RandomFrames {
    private var chance: SeededGenerator

    init(seed: UInt64) { chance = SeededGenerator(seed: seed) }

    mutating func damaged(_ frame: [UInt8]) -> [UInt8] {
        var frame = frame
        for _ in 0..<3 { frame[number(0..<frame.count)] = UInt8.random(in: 0...255, using: &chance) }
        return Array(frame.prefix(number(20..<max(21, frame.count + 1))))
    }

    mutating func request(_ opCode: OpCode) -> ZooKeeperRequest {
        switch opCode {
        case .create, .create2, .createContainer, .createTTL: .create(create(opCode))
        case .delete: .delete(VersionedPath(path: text(), version: int32()))
        case .exists: .exists(read())
        case .getData: .getData(read())
        case .setData: .setData(SetDataRequest(path: text(), data: bytes(), version: int32()))
        case .getACL: .getACL(path: text())
        case .setACL: .setACL(SetACLRequest(path: text(), acl: acl(), version: int32()))
        case .getChildren: .getChildren(read())
        case .getChildren2: .getChildren2(read())
        case .sync: .sync(path: text())
        case .ping: .ping
        case .check: .check(VersionedPath(path: text(), version: int32()))
        case .multi: .multi((0..<number(0..<6)).map { _ in operation() })
        case .reconfig:
            .reconfig(
                ReconfigRequest(
                    joining: chance.next() % 2 == 0 ? nil : text(), leaving: text(), members: nil,
                    configID: Int64(int32())))
        case .checkWatches: .checkWatches(watch())
        case .removeWatches: .removeWatches(watch())
        case .deleteContainer: .deleteContainer(path: text())
        case .multiRead:
            .multiRead(
                (0..<number(0..<6)).map { _ in number(0..<2) == 0 ? .getData(read()) : .getChildren(read()) })
        case .auth: .auth(AuthRequest(scheme: text(), auth: bytes() ?? []))
        case .setWatches, .setWatches2: .setWatches(setWatches(opCode))
        case .sasl: .sasl(token: bytes())
        case .getEphemerals: .getEphemerals(prefix: text())
        case .getAllChildrenNumber: .getAllChildrenNumber(path: text())
        case .addWatch: .addWatch(WatchRequest(path: text(), mode: .persistentRecursive))
        case .whoAmI: .whoAmI
        case .closeSession: .closeSession
        }
    }

    mutating func reply(to opCode: OpCode) -> ZooKeeperReply {
        if number(0..<8) == 0 { return .failure(.noNode) }
        return switch opCode {
        case .delete, .deleteContainer, .ping, .auth, .setWatches, .setWatches2, .checkWatches,
            .removeWatches,
            .closeSession:
            .done
        case .create, .sync: .path(text())
        case .create2, .createContainer, .createTTL: .created(path: text(), stat())
        case .exists, .setData, .setACL, .check: .stat(stat())
        case .getData, .reconfig: .data(bytes(), stat())
        case .getACL: .acl(acl(), stat())
        case .getChildren, .getEphemerals: .names(texts())
        case .getChildren2: .children(texts(), stat())
        case .getAllChildrenNumber: .count(int32())
        case .multi, .multiRead: .results((0..<number(0..<9)).map { _ in result() })
        case .addWatch: .watchAdded
        case .whoAmI: .identities(texts().map { ClientIdentity(scheme: "s", user: $0) })
        case .sasl: .token(bytes())
        }
    }

    private mutating func operation() -> MultiOperation {
        switch number(0..<5) {
        case 0: .create(create(.createTTL))
        case 1: .create(create(.create))
        case 2: .delete(VersionedPath(path: text(), version: int32()))
        case 3: .setData(SetDataRequest(path: text(), data: bytes(), version: int32()))
        default: .check(VersionedPath(path: text(), version: int32()))
        }
    }

    private mutating func result() -> MultiResult {
        switch number(0..<8) {
        case 0: .created(path: text())
        case 1: .createdWithStat(path: text(), stat())
        case 2: .deleted
        case 3: .dataSet(stat())
        case 4: .checked
        case 5: .data(bytes(), stat())
        case 6: .children(texts())
        default: .error(ResultCode(rawValue: int32()))
        }
    }

    private mutating func create(_ opCode: OpCode) -> CreateRequest {
        var request = CreateRequest(opCode, path: text(), data: bytes(), acl: acl())
        request.flags = int32()
        if opCode == .createTTL { request.ttlMs = Int64(int32()) << 20 }
        return request
    }

    private mutating func setWatches(_ opCode: OpCode) -> SetWatchesRequest {
        var request = SetWatchesRequest(opCode)
        request.relativeZxid = Int64(int32()) << 20
        (request.data, request.exist, request.child) = (texts(), texts(), texts())
        if opCode == .setWatches2 { (request.persistent, request.persistentRecursive) = (texts(), texts()) }
        return request
    }

    private mutating func stat() -> ZnodeStat {
        var stat = ZnodeStat()
        (stat.czxid, stat.mzxid, stat.pzxid) = (Int64(int32()) << 9, Int64(int32()), Int64(int32()) << 20)
        (stat.ctime, stat.mtime, stat.ephemeralOwner) = (Int64(int32()), Int64(int32()), Int64(int32()) << 31)
        (stat.version, stat.cversion, stat.aversion) = (int32(), int32(), int32())
        (stat.dataLength, stat.numChildren) = (int32(), int32())
        return stat
    }

    private mutating func acl() -> [ZnodeACL] {
        (0..<number(0..<4)).map { _ in ZnodeACL(permissions: int32(), scheme: text(), id: text()) }
    }

    private mutating func read() -> ReadRequest { ReadRequest(path: text(), isWatching: number(0..<2) == 0) }
    private mutating func watch() -> WatchRequest {
        WatchRequest(path: text(), kind: WatchRequest.Kind.allCases.randomElement(using: &chance)!)
    }
    private mutating func texts() -> [String] { (0..<number(0..<30)).map { _ in text() } }
    private mutating func text() -> String {
        String((0..<number(0..<40)).map { _ in "/abcüß€🪶".randomElement(using: &chance)! })
    }
    private mutating func bytes() -> [UInt8]? {
        if number(0..<5) == 0 { return nil }
        return (0..<number(0..<300)).map { _ in UInt8.random(in: 0...255, using: &chance) }
    }
    private mutating func int32() -> Int32 { Int32.random(in: .min ... .max, using: &chance) }
    private mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &chance) }
}
