/// Swift source being written: lines, and how deep they are indented.
struct SourceText {
    private(set) var text = ""
    private var depth = 0

    mutating func line(_ content: String = "") {
        if !content.isEmpty { text += String(repeating: "    ", count: depth) + content }
        text += "\n"
    }

    mutating func lines(_ contents: [String]) {
        for content in contents { line(content) }
    }

    /// `head {`, what `body` writes, and `}`.
    mutating func block(_ head: String, _ body: (inout SourceText) throws -> Void) rethrows {
        line(head + " {")
        depth += 1
        try body(&self)
        depth -= 1
        line("}")
    }
}
