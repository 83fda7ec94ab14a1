import ArgumentParser
import ZooKeeper

struct ZnodeLs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List a node's children, one name a line.",
        discussion: """
            Examples:
              needletail znode ls /
              needletail znode ls /brokers/ids --format json
            """)

    @Argument(help: "The node.") var path = "/"
    @OptionGroup var options: ZnodeOptions
    @Option(help: "text or json.") var format = ZnodeFormat.text

    func validate() throws { try ZnodeText.check(path) }

    func run() throws {
        let session = ZnodeSession(options)
        defer { session.close() }
        let reply = try session.call(.getChildren2(ReadRequest(path: path)))
        guard case .children(let names, let stat) = reply else { throw ZnodeText.unexpected(reply, path) }
        if format == .json {
            print(
                JSON.object([
                    ("path", .string(path)), ("children", .strings(names.sorted())),
                    ("stat", ZnodeText.json(stat)),
                ]))
            return
        }
        var output = Output()
        for name in names.sorted() { output.append(name + "\n") }
        output.flush()
    }
}
