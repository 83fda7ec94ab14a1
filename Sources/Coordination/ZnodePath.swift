/// A znode's path that has been checked: `/`, or names each led by a slash, `/brokers/ids/1`.
package struct ZnodePath: Hashable, Sendable, CustomStringConvertible {
    package let text: String
    let names: [ExactText]

    /// ZooKeeper knows no such bound; this tree is walked by recursion, so it has one.
    package static let depthMax = 200

    package static let root = ZnodePath(text: "/", names: [])
    package static let zookeeper = ZnodePath(text: "/zookeeper", names: ["zookeeper"])
    package static let quota = ZnodePath(text: "/zookeeper/quota", names: ["zookeeper", "quota"])
    package static let config = ZnodePath(text: "/zookeeper/config", names: ["zookeeper", "config"])

    private init(text: String, names: [ExactText]) {
        self.text = text
        self.names = names
    }

    /// - Returns: nil unless ZooKeeper would take the path: absolute, no empty, `.` or `..` name, no slash at the end,
    ///   no control character and nothing of what UTF-16 keeps for private use, specials and surrogates.
    package init?(_ text: String) {
        let bytes = text.utf8
        guard bytes.first == UInt8(ascii: "/") else { return nil }
        if bytes.count == 1 {
            self = .root
            return
        }
        var names: [ExactText] = []
        var start = bytes.index(after: bytes.startIndex)
        while true {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "/")) ?? bytes.endIndex
            guard names.count < Self.depthMax, let name = Self.name(text[start..<end]) else { return nil }
            names.append(name)
            if end == bytes.endIndex { break }
            start = bytes.index(after: end)
        }
        self.init(text: text, names: names)
    }

    /// The path `text`, whose last name is added to the names of `parent`.
    init?(_ text: String, childOf parent: ZnodePath, named name: Substring) {
        guard parent.names.count < Self.depthMax, let name = Self.name(name) else { return nil }
        self.init(text: text, names: parent.names + [name])
    }

    package var description: String { text }
    var key: ExactText { ExactText(text) }
    var isRoot: Bool { names.isEmpty }

    /// Nil for the root.
    package var parent: ZnodePath? {
        guard let name = names.last else { return nil }
        if names.count == 1 { return .root }
        let text = String(text.utf8.dropLast(name.text.utf8.count + 1))!  // Cut at a slash: still UTF-8.
        return ZnodePath(text: text, names: Array(names.dropLast()))
    }

    /// - Parameter name: of a node, so checked before.
    func appending(_ name: ExactText) -> ZnodePath {
        ZnodePath(text: (isRoot ? "/" : text + "/") + name.text, names: names + [name])
    }

    /// Whether it is `other` or lies below it.
    func isWithin(_ other: ZnodePath) -> Bool {
        names.count >= other.names.count && zip(names, other.names).allSatisfy(==)
    }

    /// The path of the same names below `base`. It may be deeper than a node can be.
    func within(_ base: ZnodePath) -> ZnodePath {
        if isRoot { return base }
        return ZnodePath(text: (base.isRoot ? "" : base.text) + text, names: base.names + names)
    }

    /// The path of the names that come after those of `base`; nil when it does not lie there.
    func outside(_ base: ZnodePath) -> ZnodePath? {
        guard isWithin(base) else { return nil }
        if names.count == base.names.count { return .root }
        let rest = Array(names[base.names.count...])
        return ZnodePath(text: "/" + rest.map(\.text).joined(separator: "/"), names: rest)
    }

    package static func == (a: ZnodePath, b: ZnodePath) -> Bool { a.key == b.key }
    package func hash(into hasher: inout Hasher) { hasher.combine(key) }

    /// - Returns: nil for what no node can be called.
    static func name(_ text: Substring) -> ExactText? {
        let name = ExactText(String(text))
        let bytes = name.text.utf8Span.span
        if bytes.isEmpty { return nil }
        var isASCII = true
        for index in bytes.indices {
            if bytes[index] < 0x20 || bytes[index] == 0x7F { return nil }
            if bytes[index] >= 0x80 { isASCII = false }
        }
        if bytes[0] == UInt8(ascii: "."), name == "." || name == ".." { return nil }
        return isASCII || name.text.unicodeScalars.allSatisfy(isAllowed) ? name : nil
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x80...0x9F, 0xE000...0xF8FF, 0xFFF0...: false
        default: true
        }
    }
}
