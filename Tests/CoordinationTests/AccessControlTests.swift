import Testing
import Vocabulary

@testable import Coordination

/// Access lists, as ZooKeeper applies them.
struct AccessControlTests {
    static let bob = Identity(scheme: "digest", id: "bob:hash")
    static let eve = Identity(scheme: "digest", id: "eve:hash")
    var station = Station()
    let nobody: TestClient
    let bob: TestClient
    let eve: TestClient

    init() throws {
        nobody = try station.connect()
        var bob = nobody
        bob.identities.append(Self.bob)
        var eve = nobody
        eve.identities.append(Self.eve)
        (self.bob, self.eve) = (bob, eve)
    }

    @Test mutating func `each permission allows what it is for, and nothing else`() throws {
        let all: [Permissions] = [.read, .write, .create, .delete, .admin]
        for (index, permission) in all.enumerated() {
            let path = "/p\(index)"
            try station.create(path, by: nobody)
            try station.create(path + "/child", by: nobody)
            try station.setACL(path, [ACLEntry(permission, .anyone)], by: nobody)
            func allowed(_ body: () throws -> Void) -> Bool {
                do { try body() } catch {
                    #expect(error as? CoordinationError == .noAuth)
                    return false
                }
                return true
            }
            let coordination = station.coordination
            #expect(allowed { _ = try coordination.data(path, for: []) } == (permission == .read))
            #expect(allowed { _ = try coordination.children(path, for: []) } == (permission == .read))
            #expect(allowed { _ = try coordination.descendantCount(path, for: []) } == (permission == .read))
            #expect(
                allowed { _ = try coordination.acl(path, for: []) } == [.read, .admin].contains(permission))
            #expect(allowed { _ = try coordination.exists(path) }, "anybody may ask whether there is a node")
            #expect(allowed { try station.set(path, "", by: nobody) } == (permission == .write))
            #expect(allowed { try station.create(path + "/new", by: nobody) } == (permission == .create))
            #expect(allowed { try station.delete(path + "/child", by: nobody) } == (permission == .delete))
            #expect(
                allowed { try station.run(.write(.check(path: path, version: -1), by: nobody.caller)) }
                    == (permission == .read))
            #expect(allowed { try station.setACL(path, .open, by: nobody) } == (permission == .admin))
        }
    }

    @Test mutating func `a digest opens to who has shown it`() throws {
        try station.create("/b", "secret", acl: [ACLEntry(.all, Self.bob)], by: nobody)
        #expect(try station.get("/b", by: bob) == "secret")
        #expect(throws: CoordinationError.noAuth) { try station.get("/b", by: eve) }
        #expect(throws: CoordinationError.noAuth) { try station.get("/b", by: nobody) }
        #expect(throws: CoordinationError.noAuth) { try station.set("/b", "", by: eve) }
    }

    @Test mutating func `the list of a node that is only decided holds`() throws {
        let acl = [ACLEntry(.all, Self.bob)]
        try station.decide(
            .write(.create(path: "/b", data: nil, acl: acl, kind: .persistent), by: nobody.caller))
        #expect(throws: CoordinationError.noAuth) {
            try station.decide(.write(.setData(path: "/b", data: nil, version: -1), by: eve.caller))
        }
        try station.decide(.write(.setACL(path: "/b", acl: .open, version: 0), by: bob.caller))
        try station.decide(.write(.setData(path: "/b", data: nil, version: -1), by: eve.caller))
        station.commit()
        #expect(try station.stat("/b").aversion == 1)
    }

    @Test mutating func `auth stands for what the writer has proven, not for his address`() throws {
        try station.create("/b", acl: [ACLEntry([.read, .admin], .caller)], by: bob)
        #expect(
            try station.coordination.acl("/b", for: bob.identities).acl == [
                ACLEntry([.read, .admin], Self.bob)
            ])
        #expect(throws: CoordinationError.invalidACL) {
            try station.create("/n", acl: [ACLEntry(.all, .caller)], by: nobody)
        }
        #expect(throws: CoordinationError.invalidACL) {
            try station.create("/n", acl: [ACLEntry(.read, .anyone), ACLEntry(.all, .caller)], by: nobody)
        }
    }

    @Test mutating func `a superuser passes every list`() throws {
        try station.create("/b", "secret", acl: [ACLEntry(.read, Self.bob)], by: nobody)
        var god = nobody
        god.identities.append(.superuser)
        try station.set("/b", "seen", by: god)
        #expect(try station.coordination.acl("/b", for: god.identities).acl == [ACLEntry(.read, Self.bob)])
    }

    @Test mutating func `digests are shown to administrators only`() throws {
        let list = [
            ACLEntry(.read, .anyone), ACLEntry([.read, .admin], Self.bob),
            ACLEntry(.read, Identity(scheme: "ip", id: "10.0.0.0/8")),
        ]
        try station.create("/b", acl: list, by: nobody)
        #expect(try station.coordination.acl("/b", for: bob.identities).acl == list)
        let seen = try station.coordination.acl("/b", for: nobody.identities).acl
        #expect(seen[1] == ACLEntry([.read, .admin], Identity(scheme: "digest", id: "bob:x")))
        #expect([seen[0], seen[2]] == [list[0], list[2]])
    }

    @Test(
        arguments: [
            [], [ACLEntry(.all, Identity(scheme: "world", id: "someone"))],
            [ACLEntry(.all, Identity(scheme: "nonsense", id: "x"))],
            [ACLEntry(.all, Identity(scheme: "digest", id: "nocolon"))],
            [ACLEntry(.all, Identity(scheme: "digest", id: "a:b:c"))],
            [ACLEntry(.all, Identity(scheme: "digest", id: "bob:"))],
            [ACLEntry(.all, Identity(scheme: "ip", id: "300.1.1.1"))],
            [ACLEntry(.all, Identity(scheme: "", id: ""))],
            [ACLEntry(.all, Identity(scheme: "sasl", id: "x"))],
            [ACLEntry(.all, .anyone), ACLEntry(.all, Identity(scheme: "ip", id: ""))],
        ] as [ACL])
    mutating func `a list that says nothing sensible is refused`(list: ACL) throws {
        #expect(throws: CoordinationError.invalidACL) { try station.create("/a", acl: list, by: bob) }
        #expect(throws: CoordinationError.invalidACL) { try station.setACL("/", list, by: bob) }
    }

    @Test mutating func `a scheme that somebody brings identities for is taken`() throws {
        station.coordination.config.moreSchemes = ["sasl"]
        let kerberos = Identity(scheme: "sasl", id: "bob@REALM")
        try station.create("/a", "x", acl: [ACLEntry(.all, kerberos)], by: nobody)
        #expect(throws: CoordinationError.noAuth) { try station.get("/a", by: bob) }
        var client = nobody
        client.identities.append(kerberos)
        #expect(try station.get("/a", by: client) == "x")
        try station.create("/b", acl: [ACLEntry(.all, .caller)], by: client)
        #expect(try station.coordination.acl("/b", for: client.identities).acl == [ACLEntry(.all, kerberos)])
    }

    @Test mutating func `repetitions in a list are kept once`() throws {
        let list = [ACLEntry(.all, Self.bob), ACLEntry(.all, Self.bob), ACLEntry(.all, .caller)]
        try station.create("/a", acl: list, by: bob)
        #expect(try station.coordination.acl("/a", for: bob.identities).acl == [ACLEntry(.all, Self.bob)])
    }

    @Test mutating func `an address opens to its network`() throws {
        try station.create(
            "/a", acl: [ACLEntry(.read, Identity(scheme: "ip", id: "10.1.0.0/16"))], by: nobody)
        for (address, isAllowed) in [("10.1.2.3", true), ("10.2.0.1", false), ("::1", false), ("", false)] {
            let identities = [Identity(scheme: "ip", id: address)]
            let data = try? station.coordination.data("/a", for: identities)
            #expect((data != nil) == isAllowed, "\(address)")
        }
    }

    @Test mutating func `equal lists are one in memory`() throws {
        var cache = ACLCache()
        let make = { (id: Int) in [ACLEntry(.all, Identity(scheme: "digest", id: "user\(id):hash"))] }
        func address(_ list: ACL) -> Int { list.withUnsafeBytes { Int(bitPattern: $0.baseAddress) } }
        let first = cache.shared(make(1))
        #expect(address(cache.shared(make(1))) == address(first))
        for id in 0...ACLCache.listsMax { #expect(cache.shared(make(id)) == make(id)) }
        #expect(address(cache.shared([ACLEntry(.all, .anyone)])) == address(.open))
    }
}

struct IPPrefixTests {
    @Test(arguments: [
        ("10.0.0.7", "10.0.0.7", true), ("10.0.0.7", "10.0.0.8", false), ("10.0.0.0/8", "10.9.8.7", true),
        ("10.0.0.0/8", "11.0.0.0", false), ("0.0.0.0/0", "255.255.255.255", true),
        ("192.168.1.128/25", "192.168.1.129", true), ("192.168.1.128/25", "192.168.1.127", false),
        ("10.0.0.0/8", "10.0.0.0/7", false), ("::1", "::1", true), ("::1", "0:0:0:0:0:0:0:1", true),
        ("2001:db8::/32", "2001:db8:1::5", true), ("2001:db8::/32", "2001:db9::", false),
        ("::ffff:10.0.0.1", "::ffff:a00:1", true), ("::/0", "10.0.0.1", false),
        ("fe80::1%eth0", "fe80::1", true),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", true), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8", true),
    ])
    func `an address is or is not among those of a prefix`(prefix: String, address: String, isThere: Bool)
        throws
    {
        #expect(try #require(IPPrefix(prefix)).contains(try #require(IPPrefix(address))) == isThere)
    }

    @Test(arguments: [
        "", "10", "10.0.0", "10.0.0.256", "10.0.0.0.0", "10.0.0.-1", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x",
        "10.0.0.0/8/8", "a.b.c.d", ":", ":::", "1:2:3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3",
        "::g",
        "::12345", "::/129", "1:2:3:4:5:6:7:8::", "1:", ":1", "1:2:3:4:5:6:7:", "::1.2.3", "+1.2.3.4", "::+1",
    ])
    func `what is no address is none`(text: String) {
        #expect(IPPrefix(text) == nil)
    }
}
