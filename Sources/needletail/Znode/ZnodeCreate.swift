import ArgumentParser
import ZooKeeper

struct ZnodeCreate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create a node and print its path.",
        discussion: """
            An ephemeral node lives as long as its session: the command then runs until it is interrupted, and the node \
            is gone with it.

            Examples:
              needletail znode create /app/config 'retries=3' --parents
              needletail znode create /app/jobs/job- --sequential
              needletail znode create /app/leader "$HOSTNAME" --ephemeral
              needletail znode create /app/cache --ttl-ms 60000
              needletail znode create /app/secret x --acl digest:ann:HASH:cdrwa --acl world:anyone:r
            """)

    @Argument(help: "The node.") var path: String
    @OptionGroup var data: ZnodeData
    @OptionGroup var options: ZnodeOptions
    @Flag(help: "It goes when this command is interrupted.") var ephemeral = false
    @Flag(help: "The server puts a number of ten digits behind the name.") var sequential = false
    @Flag(help: "The server deletes it when its last child is gone.") var container = false
    @Option(
        help: ArgumentHelp(
            "The server deletes it when it was not changed for so long and has no children.", valueName: "ms")
    )
    var ttlMs: Int64?
    @Option(
        help: ArgumentHelp(
            "Who may do what (letters of cdrwa); may be repeated; anyone everything by default.",
            valueName: "scheme:id:perms"))
    var acl: [ZnodeACLArgument] = []
    @Flag(help: "Create the nodes above it too, where they are missing.") var parents = false
    @Flag(help: "A node that is there already is no error; it stays as it is.") var ifNotExists = false
    @Option(help: "text or json.") var format = ZnodeFormat.text

    func validate() throws {
        // The name of a sequential node may be its number alone.
        try ZnodeText.check(sequential && path.hasSuffix("/") ? path + "0" : path)
        if container, ephemeral || sequential || ttlMs != nil {
            throw ValidationError("--container goes with neither --ephemeral, --sequential nor --ttl-ms.")
        }
        if ephemeral, ttlMs != nil {
            throw ValidationError("--ephemeral and --ttl-ms do not go together.")
        }
        if let ttlMs, ttlMs < 1 { throw ValidationError("--ttl-ms must be at least 1.") }
    }

    func run() throws {
        let session = ZnodeSession(options)
        defer { session.close() }
        let bytes = try data.bytes()
        if parents { try makeParents(session) }
        let reply = try session.call(.create(request(bytes)))
        switch reply {
        case .created(let created, let stat): report(created, stat)
        case .failure(.nodeExists) where ifNotExists:
            if format == .text { print("\(path) exists already") } else { report(path, nil) }
            return
        default: throw ZnodeText.unexpected(reply, path)
        }
        guard ephemeral else { return }
        complain("the node lives until this command is interrupted")
        session.tellsOfConnection = true
        try session.hold()
    }

    private func request(_ bytes: [UInt8]) -> CreateRequest {
        let mode: CreateMode
        let opCode: OpCode
        switch (container, ttlMs != nil, ephemeral, sequential) {
        case (true, _, _, _): (mode, opCode) = (.container, .createContainer)
        case (_, true, _, false): (mode, opCode) = (.persistentWithTTL, .createTTL)
        case (_, true, _, true): (mode, opCode) = (.persistentSequentialWithTTL, .createTTL)
        case (_, _, true, false): (mode, opCode) = (.ephemeral, .create2)
        case (_, _, true, true): (mode, opCode) = (.ephemeralSequential, .create2)
        case (_, _, false, false): (mode, opCode) = (.persistent, .create2)
        case (_, _, false, true): (mode, opCode) = (.persistentSequential, .create2)
        }
        return CreateRequest(
            opCode, path: path, data: bytes, acl: acl.isEmpty ? ZnodeACL.open : acl.map(\.acl), mode: mode,
            ttlMs: ttlMs ?? 0)
    }

    private func makeParents(_ session: ZnodeSession) throws {
        var parent = ""
        for part in path.split(separator: "/").dropLast(path.hasSuffix("/") ? 0 : 1) {
            parent += "/" + part
            let reply = try session.call(.create(CreateRequest(path: parent)))
            switch reply {
            case .created, .failure(.nodeExists): continue
            // Who may not create here may still find that it exists.
            case .failure(.noAuth):
                guard case .stat = try session.call(.exists(ReadRequest(path: parent))) else {
                    throw ZnodeText.failure(.noAuth, parent)
                }
            default: throw ZnodeText.unexpected(reply, parent)
            }
        }
    }

    /// At once, not when the program ends: who reads the path of an ephemeral node from a pipe needs it while the node lives.
    private func report(_ created: String, _ stat: ZnodeStat?) {
        var output = Output()
        switch format {
        case .text: output.append("\(created)\n")
        case .json:
            let fields: [(String, JSON)] = [
                ("path", .string(created)), ("created", .bool(stat != nil)),
                ("stat", stat.map(ZnodeText.json) ?? .null),
            ]
            output.append("\(JSON.object(fields))\n")
        }
        output.flush()
    }
}
