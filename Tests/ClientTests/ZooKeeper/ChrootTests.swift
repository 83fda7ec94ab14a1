import Client
import Testing
import ZooKeeper

struct ChrootTests {
    @Test(arguments: ["", "/", "/app", "/app/two"])
    func `every path comes back from below the chroot`(prefix: String) throws {
        let chroot = try #require(Chroot(prefix))
        for path in ["/", "/x", "/x/y", "/app", "/application"] {
            #expect(chroot.raised(chroot.lowered(path)) == path)
        }
    }

    @Test func `a path outside is left as it is`() throws {
        let chroot = try #require(Chroot("/app"))
        #expect(chroot.raised("/application/x") == "/application/x")
        #expect(chroot.raised("/zookeeper/config") == "/zookeeper/config")
    }

    @Test(arguments: ["app", "/app/", "//", "/a//b"])
    func `what is no path is no chroot`(text: String) {
        #expect(Chroot(text) == nil)
    }

    @Test func `every path of a multi is below the chroot, and comes back`() throws {
        let chroot = try #require(Chroot("/app"))
        let lowered = chroot.lowered(
            .multi([
                .create(CreateRequest(.create, path: "/a")), .check(VersionedPath(path: "/")),
                .setData(SetDataRequest(path: "/a", data: nil)), .delete(VersionedPath(path: "/a")),
            ]))
        guard case .multi(let operations) = lowered else {
            Issue.record("not a multi any more")
            return
        }
        #expect(operations.map(\.path) == ["/app/a", "/app", "/app/a", "/app/a"])
        let reply = ZooKeeperReply.results([.created(path: "/app/a"), .checked, .deleted])
        #expect(chroot.raised(reply, to: .multi) == .results([.created(path: "/a"), .checked, .deleted]))
    }

    @Test func `children are names, ephemerals are paths`() throws {
        let chroot = try #require(Chroot("/app"))
        #expect(chroot.raised(.names(["/app/x"]), to: .getEphemerals) == .names(["/x"]))
        #expect(chroot.raised(.names(["app"]), to: .getChildren) == .names(["app"]))
    }

    @Test func `an address is servers and perhaps a chroot`() throws {
        let address = try #require(ZooKeeperAddress("a,[::1]:2182,c:1/app/x"))
        #expect(address.servers.map(\.description) == ["a:2181", "[::1]:2182", "c:1"])
        #expect(address.chroot == Chroot("/app/x"))
        #expect(ZooKeeperAddress("a/")?.chroot == Chroot.none)
        for text in ["", "/app", "a:x", "a//b", "a:70000"] { #expect(ZooKeeperAddress(text) == nil) }
    }
}
