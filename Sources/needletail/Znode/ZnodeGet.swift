import ArgumentParser
import ZooKeeper

struct ZnodeGet: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Print what a node holds.",
        discussion: """
            A line end is added behind the data, unless --raw is given. In JSON, data that is no text comes as \
            dataBase64.

            Examples:
              needletail znode get /app/config
              needletail znode get /controller --stat
              needletail znode get /app/blob --raw > blob
            """)

    @Argument(help: "The node.") var path: String
    @OptionGroup var options: ZnodeOptions
    @Flag(help: "Versions, times and sizes too.") var stat = false
    @Flag(help: "The bytes and nothing else.") var raw = false
    @Option(help: "text or json.") var format = ZnodeFormat.text

    func validate() throws {
        try ZnodeText.check(path)
        if raw, stat || format == .json {
            throw ValidationError("--raw goes with neither --stat nor --format json.")
        }
    }

    func run() throws {
        let session = ZnodeSession(options)
        defer { session.close() }
        let reply = try session.call(.getData(ReadRequest(path: path)))
        guard case .data(let data, let nodeStat) = reply else { throw ZnodeText.unexpected(reply, path) }
        if format == .json {
            print(
                JSON.object(
                    [("path", .string(path))] + ZnodeText.json(data: data)
                        + [("stat", ZnodeText.json(nodeStat))]))
            return
        }
        var output = Output()
        output.append(data ?? [])
        if !raw { output.append("\n") }
        if stat { output.append(ZnodeText.lines(nodeStat)) }
        output.flush()
    }
}
