import ArgumentParser
import ZooKeeper

struct ZnodeTree: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tree", abstract: "Show a node and all below it.",
        discussion: """
            With --format json one line for each node. Nodes that go while the tree is read are left out.

            Examples:
              needletail znode tree /
              needletail znode tree /brokers --depth 2 --format json
            """)

    @Argument(help: "The node.") var path = "/"
    @OptionGroup var options: ZnodeOptions
    @Option(help: "How many levels below it.") var depth: Int?
    @Option(help: "text or json.") var format = ZnodeFormat.text

    private struct Node {
        var children: [String] = []
        var stat: ZnodeStat?  // Nil: not allowed to look.
    }

    func validate() throws {
        try ZnodeText.check(path)
        if let depth, depth < 0 { throw ValidationError("--depth must not be negative.") }
    }

    func run() throws {
        let session = ZnodeSession(options)
        defer { session.close() }
        let nodes = try read(session)
        var output = Output()
        var open = [(path: path, name: path, level: 0)]
        while let (path, name, level) = open.popLast(), !output.isClosed {
            guard let node = nodes[path] else { continue }
            output.append(format == .json ? json(path, node) : text(name, node, level))
            for child in node.children.sorted(by: >) {
                open.append((ZnodeText.child(child, of: path), child, level + 1))
            }
        }
        output.flush()
    }

    /// Level by level, each asked for at once.
    private func read(_ session: ZnodeSession) throws -> [String: Node] {
        var nodes: [String: Node] = [:]
        var level = [path]
        var levelsLeft = depth ?? .max
        while !level.isEmpty {
            let replies = try session.call(level.map { .getChildren2(ReadRequest(path: $0)) })
            var next: [String] = []
            for (path, reply) in zip(level, replies) {
                switch reply {
                case .children(let names, let stat):
                    nodes[path] = Node(children: levelsLeft > 0 ? names : [], stat: stat)
                    if levelsLeft > 0 { next += names.map { ZnodeText.child($0, of: path) } }
                case .failure(.noAuth): nodes[path] = Node()
                case .failure(.noNode) where path != self.path: continue
                default: throw ZnodeText.unexpected(reply, path)
                }
            }
            level = next
            levelsLeft -= 1
        }
        return nodes
    }

    private func text(_ name: String, _ node: Node, _ level: Int) -> String {
        var notes: [String] = []
        if let stat = node.stat {
            if stat.dataLength > 0 { notes.append(count(Int(stat.dataLength), "byte")) }
            if stat.ephemeralOwner != 0 { notes.append("ephemeral") }
        } else {
            notes.append("not allowed to read")
        }
        let note = notes.isEmpty ? "" : "  (\(notes.joined(separator: ", ")))"
        return String(repeating: "  ", count: level) + name + note + "\n"
    }

    private func json(_ path: String, _ node: Node) -> String {
        let stat = node.stat.map(ZnodeText.json) ?? .null
        return "\(JSON.object([("path", .string(path)), ("stat", stat)]))\n"
    }
}
