import Metadata
import Testing

struct TopicNameTests {
    @Test(arguments: ["a", "A-9", "a.b", "a_b", "...", String(repeating: "x", count: 249)])
    func `letters, digits, dots, underscores and dashes pass`(name: String) {
        #expect(TopicName.problem(name) == nil)
    }

    @Test(arguments: ["", ".", "..", "a b", "ä", "a/b", "a\0", String(repeating: "x", count: 250)])
    func `everything else is refused with a reason`(name: String) {
        #expect(TopicName.problem(name)?.hasPrefix("Topic name is invalid: ") == true)
    }

    @Test func `names collide that differ only in dots and underscores`() {
        #expect(TopicName.collisionKey("a.b_c") == TopicName.collisionKey("a_b.c"))
        #expect(TopicName.collisionKey("abc") == nil)
    }
}
