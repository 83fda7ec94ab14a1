import Testing

@testable import Coordination

struct ZnodePathTests {
    @Test(arguments: ["/", "/a", "/a/b", "/a/.b", "/a/..b", "/a/b..", "/...", "/ä/日本", "/a b", "/\u{A0}"])
    func `a path of names is taken`(text: String) throws {
        let path = try #require(ZnodePath(text))
        #expect(path.text == text)
        #expect(path.isRoot || "/" + path.names.map(\.text).joined(separator: "/") == text)
    }

    @Test(arguments: [
        "", "a", "a/b", "//", "/a/", "/a//b", "/.", "/..", "/a/.", "/a/..", "/./a", "/../a", "/a/./b",
        "/a/../b",
        "/\0", "/a\0b", "/\u{1}", "/\u{1F}", "/\u{7F}", "/\u{9F}", "/\u{E000}", "/\u{F8FF}", "/\u{FFF0}",
        "/\u{FFFF}", "/\u{1F600}",
    ])
    func `what ZooKeeper takes for no path is none`(text: String) {
        #expect(ZnodePath(text) == nil)
    }

    @Test func `a path has a bounded depth`() {
        let deep = String(repeating: "/a", count: ZnodePath.depthMax)
        #expect(ZnodePath(deep) != nil)
        #expect(ZnodePath(deep + "/a") == nil)
    }

    @Test func `a parent is the path without its last name`() throws {
        #expect(ZnodePath("/a/bc/d")?.parent?.text == "/a/bc")
        #expect(ZnodePath("/日本/x")?.parent?.text == "/日本")
        #expect(ZnodePath("/a")?.parent == .root)
        #expect(ZnodePath.root.parent == nil)
        #expect(try #require(ZnodePath("/a/b")).appending("c").text == "/a/b/c")
        #expect(ZnodePath.root.appending("c").text == "/c")
    }

    @Test func `a path is within its ancestors and itself, not within a path it merely begins like`() throws {
        let path = try #require(ZnodePath("/a/b"))
        #expect(path.isWithin(path))
        #expect(path.isWithin(.root))
        #expect(path.isWithin(try #require(ZnodePath("/a"))))
        #expect(!path.isWithin(try #require(ZnodePath("/a/b/c"))))
        #expect(!(try #require(ZnodePath("/ab"))).isWithin(try #require(ZnodePath("/a"))))
    }
}
