import ArgumentParser
import ZooKeeper

/// How nodes and failures are put in words.
enum ZnodeText {
    /// The line of a failed request, as the end of the program.
    static func failure(_ code: ResultCode, _ path: String) -> ExitCode {
        Failure.failed("\(path): \(explain(code))")
    }

    static func explain(_ code: ResultCode) -> String {
        guard let words = words[code] else { return "\(code)" }
        return "\(code): \(words)"
    }

    /// A reply of another kind than the request can have.
    static func unexpected(_ reply: ZooKeeperReply, _ path: String) -> ExitCode {
        if case .failure(let code) = reply { return failure(code, path) }
        return Failure.failed("\(path): the server's answer is of another kind than the question")
    }

    private static let words: [ResultCode: String] = [
        .noNode: "there is no such node", .nodeExists: "there is such a node already",
        .badVersion: "the node has another version", .notEmpty: "the node has children",
        .noAuth: "not allowed with these identities; see --auth",
        .noChildrenForEphemerals: "an ephemeral node cannot have children",
        .badArguments: "not a path, or not possible for this node", .invalidACL: "not a valid ACL",
        .notReadOnly: "the server has no quorum and takes no writes",
        .unimplemented: "the server cannot do that", .quotaExceeded: "a quota does not allow it",
        .sessionExpired: "the session has expired",
        .marshallingError: "the server could not read the request",
    ]

    /// A path that can be a node's.
    static func check(_ path: String) throws {
        guard path.hasPrefix("/"), path == "/" || !path.hasSuffix("/"), !path.contains("//") else {
            throw ValidationError("'\(path)' is not a path; one begins with / and does not end with it.")
        }
    }

    static func child(_ name: String, of parent: String) -> String {
        parent == "/" ? "/" + name : parent + "/" + name
    }

    static func json(_ stat: ZnodeStat) -> JSON {
        .object([
            ("czxid", .int(stat.czxid)), ("mzxid", .int(stat.mzxid)), ("pzxid", .int(stat.pzxid)),
            ("ctime", .int(stat.ctime)), ("mtime", .int(stat.mtime)), ("version", .int(Int64(stat.version))),
            ("cversion", .int(Int64(stat.cversion))), ("aversion", .int(Int64(stat.aversion))),
            ("ephemeralOwner", .int(stat.ephemeralOwner)), ("dataLength", .int(Int64(stat.dataLength))),
            ("numChildren", .int(Int64(stat.numChildren))),
        ])
    }

    static func json(data: [UInt8]?) -> [(String, JSON)] {
        guard let data else { return [("data", .null)] }
        guard let text = JSON.text(data) else { return [("dataBase64", .string(base64(data)))] }
        return [("data", .string(text))]
    }

    /// `name=value` lines.
    static func lines(_ stat: ZnodeStat) -> String {
        guard case .object(let pairs) = json(stat) else { return "" }
        return pairs.map { name, value in
            if name == "ephemeralOwner" || name.hasSuffix("zxid"), case .int(let number) = value {
                return "\(name)=0x\(String(number, radix: 16))\n"
            }
            return "\(name)=\(value)\n"
        }.joined()
    }
}
