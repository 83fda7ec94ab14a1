import Testing
import Vocabulary

@testable import Coordination

/// What is stored and what is sent, byte by byte.
struct CoordinationCodecTests {
    private static func path(_ text: String) -> ZnodePath { ZnodePath(text)! }
    private static let digest = Identity(scheme: "digest", id: "a:b")
    private static let session = Session(
        id: 0x0102_0304_0506_0708, password: SessionPassword(high: 0x1112_1314_1516_1718, low: 2),
        timeoutMs: 30_000, broker: 3)

    /// One of each, and the bytes they must keep for ever. A change here is a change of every log on disk.
    static let golden: [(transaction: CoordinationTransaction, hex: String)] = [
        (
            .writes([.create(path("/ä"), data: [1, 2], acl: .open, owner: 0)]),
            "0005" + "01" + "032fc3a4" + "030102" + "00" + "00"
        ),
        (
            .writes([.create(path("/a"), data: nil, acl: [ACLEntry(.read, digest)], owner: .min)]),
            "0005" + "01" + "022f61" + "00" + "0202066469676573740361" + "3a62" + "ffffffffffffffffff01"
        ),
        (.writes([.delete(path("/a"))]), "0005" + "02" + "022f61"),
        (.writes([.setData(path("/a"), [])]), "0005" + "03" + "022f61" + "01"),
        (.writes([.setACL(path("/"), [])]), "0005" + "04" + "012f" + "01"),
        (.writes([]), "000100"),
        (
            .writes([.delete(path("/a")), .setData(path("/b"), nil)]),
            "000102" + "02" + "022f61" + "03" + "022f62" + "00"
        ),
        (
            .sessionCreated(session),
            "0002" + "0102030405060708" + "1112131415161718" + "0000000000000002" + "e0d403" + "06"
        ),
        (.sessionMoved(id: -2, to: 5, timeoutMs: 1), "0003" + "fffffffffffffffe" + "0a" + "02"),
        (.sessionClosed(id: 258), "0004" + "0000000000000102"),
    ]

    @Test(arguments: golden)
    func `a transaction's bytes do not change, and are read back`(
        transaction: CoordinationTransaction, hex: String
    ) throws {
        #expect(Self.hex(transaction.encode()) == hex)
        #expect(try CoordinationTransaction(decoding: transaction.encode()) == transaction)
    }

    static let commands: [CoordinationCommand] = {
        let caller = Caller(session: -7, broker: 200, identities: [.anyone, digest])
        let kinds: [ZnodeKind] = [
            .persistent, .persistentSequential, .ephemeral, .ephemeralSequential, .container,
            .ttl(milliseconds: 1), .ttlSequential(milliseconds: ZnodeKind.ttlMax),
        ]
        let operations: [ZnodeOperation] =
            kinds.map {
                .create(path: "/a//not checked", data: [9], acl: [ACLEntry(.all, .caller)], kind: $0)
            }
            + [
                .delete(path: "", version: .min), .setData(path: "/a", data: nil, version: .max),
                .setACL(path: "/a", acl: [], version: -1), .check(path: "/a", version: 0),
            ]
        return operations.map { .write($0, by: caller) } + [
            .multi(operations, by: caller), .multi([], by: caller),
            .createSession(timeoutMs: 4000, password: session.password, broker: 1),
            .moveSession(id: .max, password: session.password, timeoutMs: 1, broker: 2),
            .closeSession(id: 9, broker: nil), .closeSession(id: 9, broker: 4), .deleteContainer(path: "/c"),
        ]
    }()

    @Test(arguments: commands)
    func `a command is read back from its bytes`(command: CoordinationCommand) throws {
        #expect(try CoordinationCommand(decoding: command.encode()) == command)
    }

    static let replies: [CoordinationReply] = {
        let stat = ZnodeStat(
            czxid: 1, mzxid: .max, ctime: -1, mtime: 0, version: .min, cversion: .max, aversion: 2,
            ephemeralOwner: .min, dataLength: 5, numChildren: 6, pzxid: 7)
        let results: [ZnodeResult] = [
            .created(path: "/a", stat), .deleted, .dataSet(stat), .aclSet(stat), .checked, .failed(.noNode),
            .failed(.ok),
        ]
        return results.map { .written($0) } + [
            .multi(results), .multi([]), .session(session), .sessionClosed,
        ]
    }()

    @Test(arguments: replies)
    func `a reply is read back from its bytes`(reply: CoordinationReply) throws {
        #expect(try CoordinationReply(decoding: reply.encode()) == reply)
    }

    @Test func `bytes cut anywhere, or with more behind them, are an error`() {
        for bytes in Self.golden.map({ $0.transaction.encode() }) {
            Self.expectNoOther(than: bytes) { bytes throws(FieldError) in
                _ = try CoordinationTransaction(decoding: bytes)
            }
        }
        for bytes in Self.commands.map({ $0.encode() }) {
            Self.expectNoOther(than: bytes) { bytes throws(FieldError) in
                _ = try CoordinationCommand(decoding: bytes)
            }
        }
        for bytes in Self.replies.map({ $0.encode() }) {
            Self.expectNoOther(than: bytes) { bytes throws(FieldError) in
                _ = try CoordinationReply(decoding: bytes)
            }
        }
    }

    @Test func `wrong bytes anywhere are an error or something else, never a trap`() {
        let all =
            Self.golden.map { $0.transaction.encode() } + Self.commands.map { $0.encode() }
            + Self.replies.map { $0.encode() }
        var errors = 0
        for bytes in all {
            for place in bytes.indices {
                for wrong in [0x00, 0x01, 0x7F, 0x80, 0xFF] as [UInt8] {
                    var copy = bytes
                    copy[place] = wrong
                    do { _ = try CoordinationTransaction(decoding: copy).encode() } catch { errors += 1 }
                    do { _ = try CoordinationCommand(decoding: copy).encode() } catch { errors += 1 }
                    do { _ = try CoordinationReply(decoding: copy).encode() } catch { errors += 1 }
                }
            }
        }
        #expect(errors > 1000)
    }

    @Test func `what a later version wrote is refused by name`() {
        #expect(throws: FieldError.unknownVersion(1, at: 0)) {
            try CoordinationTransaction(decoding: [1, 4])
        }
        #expect(throws: FieldError.unknownType(99, at: 1)) {
            try CoordinationTransaction(decoding: [0, 99])
        }
        #expect("\(FieldError.unknownVersion(1, at: 0))".contains("later version"))
    }

    @Test func `a count beyond the bytes at hand reserves nothing`() {
        let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]
        for start in [[0, 1], [0, 5, 2], [0, 5, 3, 1, 0x2F], [0, 5, 4, 1, 0x2F]] as [[UInt8]] {
            #expect(throws: FieldError.self) {
                try CoordinationTransaction(decoding: start + huge)
            }
        }
    }

    private static func expectNoOther(
        than bytes: [UInt8], _ decode: ([UInt8]) throws(FieldError) -> Void
    ) {
        for count in bytes.indices {
            #expect(throws: FieldError.self) { try decode(Array(bytes[..<count])) }
        }
        #expect(throws: FieldError.malformed(at: bytes.count, "bytes left over")) {
            try decode(bytes + [0])
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
