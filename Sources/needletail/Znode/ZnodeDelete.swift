import ArgumentParser
import ZooKeeper

struct ZnodeDelete: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete nodes.",
        discussion: """
            Examples:
              needletail znode delete /app/config
              needletail znode delete /app --recursive
              needletail znode delete /app/config --if-version 3
            """)

    @Argument(help: "The nodes.") var paths: [String]
    @OptionGroup var options: ZnodeOptions
    @Flag(help: "All below them too.") var recursive = false
    @Option(help: "Only when the node has this version.") var ifVersion: Int32 = -1
    @Flag(help: "A node that is not there is no error.") var ifExists = false
    @Option(help: "text or json.") var format = ZnodeFormat.text

    func validate() throws {
        if paths.isEmpty { throw ValidationError("Name at least one node.") }
        for path in paths {
            try ZnodeText.check(path)
            if path == "/" { throw ValidationError("The root cannot be deleted.") }
        }
        if recursive, ifVersion != -1 {
            throw ValidationError("--recursive and --if-version do not go together.")
        }
    }

    func run() throws {
        let session = ZnodeSession(options)
        defer { session.close() }
        var failed = false
        for path in paths {
            let (deleted, code) =
                recursive ? try ZnodeSubtree.delete(path, session) : try deleteOne(path, session)
            if code == .ok || code == .noNode && ifExists {
                report(path, deleted)
            } else {
                failed = true
                let advice = code == .notEmpty && !recursive ? "; --recursive deletes them too" : ""
                complain("error: \(path): \(ZnodeText.explain(code))\(advice)")
            }
        }
        if failed { throw ExitCode.failure }
    }

    private func deleteOne(_ path: String, _ session: ZnodeSession) throws -> (deleted: Int, ResultCode) {
        let reply = try session.call(.delete(VersionedPath(path: path, version: ifVersion)))
        return (reply.code == .ok ? 1 : 0, reply.code)
    }

    private func report(_ path: String, _ deleted: Int) {
        switch format {
        case .text:
            if deleted == 0 { print("\(path) does not exist") }
            if deleted > 0 { print("deleted \(path)" + (recursive ? ", \(count(deleted, "node"))" : "")) }
        case .json:
            print(JSON.object([("path", .string(path)), ("deleted", .int(Int64(deleted)))]))
        }
    }
}

/// A node with all below it.
enum ZnodeSubtree {
    /// Deletes what is there; what others put there meanwhile is found in the next round.
    /// - Returns: how many nodes went, and OK or why the last ones did not.
    static func delete(_ path: String, _ session: ZnodeSession) throws -> (deleted: Int, ResultCode) {
        var total = 0
        var last = ResultCode.noNode
        for round in 0..<10 {
            let nodes = try list(path, session)
            if nodes.isEmpty { return (total, round == 0 ? .noNode : .ok) }
            // Deepest first, and all of one depth at once.
            let byDepth = Dictionary(grouping: nodes) { $0.utf8.count(where: { $0 == UInt8(ascii: "/") }) }
            last = .ok
            for depth in byDepth.keys.sorted(by: >) {
                let replies = try session.call(byDepth[depth]!.map { .delete(VersionedPath(path: $0)) })
                total += replies.count { $0.code == .ok }
                if let bad = replies.first(where: { $0.code != .ok && $0.code != .noNode }) {
                    last = bad.code
                }
            }
            if last != .notEmpty { return (total, last) }
        }
        return (total, last)
    }

    /// The node itself and all below it; none when it is not there.
    private static func list(_ path: String, _ session: ZnodeSession) throws -> [String] {
        var found: [String] = []
        var level = [path]
        while !level.isEmpty {
            let replies = try session.call(level.map { .getChildren(ReadRequest(path: $0)) })
            var next: [String] = []
            for (path, reply) in zip(level, replies) {
                switch reply {
                case .names(let names):
                    found.append(path)
                    next += names.map { ZnodeText.child($0, of: path) }
                case .failure(.noNode): continue
                default: throw ZnodeText.unexpected(reply, path)
                }
            }
            level = next
        }
        return found
    }
}
