import ArgumentParser
import Client
import Glibc
import ZooKeeper

/// Where the service is, for every command that talks to one.
struct ZnodeOptions: ParsableArguments {
    @Option(
        name: [.customShort("z"), .long],
        help: ArgumentHelp(
            "Servers, comma-separated; a path behind them stands for the root.", valueName: "host:port"))
    var zookeeper = "127.0.0.1:2181"

    @Option(help: ArgumentHelp("How long the session may be unheard before it expires.", valueName: "ms"))
    var sessionTimeout: Int32 = 10_000

    @Option(help: ArgumentHelp("How long one request may take.", valueName: "ms"))
    var requestTimeout: Int64 = 30_000

    @Option(
        help: ArgumentHelp(
            "An identity, as digest:user:password; may be repeated.", valueName: "scheme:credentials"))
    var auth: [ZnodeIdentity] = []

    @Flag(help: "A server without a quorum will do; it may be behind, and only answers reads.")
    var allowReadOnly = false

    func validate() throws {
        if ZooKeeperAddress(zookeeper) == nil {
            throw ValidationError("'\(zookeeper)' is not host:port, or several of them, and perhaps a path.")
        }
        if sessionTimeout < 1 || requestTimeout < 1 {
            throw ValidationError("--session-timeout and --request-timeout must be at least 1.")
        }
    }

    /// - Parameter index: of this client among those of the program, so that they do not all begin with one server.
    func settings(index: Int = 0) -> ZooKeeperClient.Settings {
        // Checked by `validate`.
        var settings = ZooKeeperClient.Settings(address: ZooKeeperAddress(zookeeper)!)
        settings.sessionTimeoutMs = sessionTimeout
        settings.connectTimeoutMs = min(10_000, requestTimeout)
        settings.acceptsReadOnly = allowReadOnly
        settings.identities = auth.map(\.request)
        settings.seed = UInt64(truncatingIfNeeded: Int(getpid()) &* 1_000_003 &+ index)
        return settings
    }
}

/// `digest:user:password`.
struct ZnodeIdentity: ExpressibleByArgument {
    let request: AuthRequest

    init?(argument: String) {
        guard let colon = argument.firstIndex(of: ":"), colon > argument.startIndex else { return nil }
        request = AuthRequest(
            scheme: String(argument[..<colon]), auth: Array(argument[argument.index(after: colon)...].utf8))
    }
}

/// `world:anyone:r`, `digest:user:hash:cdrwa`: scheme, id, and letters of create, delete, read, write, admin.
struct ZnodeACLArgument: ExpressibleByArgument {
    let acl: ZnodeACL

    init?(argument: String) {
        guard let first = argument.firstIndex(of: ":"), let last = argument.lastIndex(of: ":"),
            first > argument.startIndex, last > first
        else { return nil }
        var permissions: Int32 = 0
        for letter in argument[argument.index(after: last)...] {
            switch letter {
            case "c": permissions |= ZnodeACL.create
            case "d": permissions |= ZnodeACL.delete
            case "r": permissions |= ZnodeACL.read
            case "w": permissions |= ZnodeACL.write
            case "a": permissions |= ZnodeACL.admin
            default: return nil
            }
        }
        guard permissions != 0 else { return nil }
        acl = ZnodeACL(
            permissions: permissions, scheme: String(argument[..<first]),
            id: String(argument[argument.index(after: first)..<last]))
    }
}

/// What a node is to hold: an argument, or a file.
struct ZnodeData: ParsableArguments {
    @Argument(help: "The data; none by default.") var data: String?
    @Option(help: ArgumentHelp("Take the data from a file; - is standard input.", valueName: "path"))
    var file: String?

    func validate() throws {
        if data != nil, file != nil { throw ValidationError("Give data or --file, not both.") }
    }

    func bytes() throws -> [UInt8] {
        guard let file else { return Array((data ?? "").utf8) }
        guard let bytes = readBytes(file == "-" ? "/dev/stdin" : file) else {
            throw Failure.failed("cannot read \(file): \(describe(errno))")
        }
        return bytes
    }
}
