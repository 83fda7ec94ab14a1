import ArgumentParser
import ZooKeeper

struct ZnodeSet: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change what a node holds.",
        discussion: """
            Examples:
              needletail znode set /app/config 'retries=5'
              needletail znode set /app/config 'retries=5' --if-version 3
              needletail znode set /app/blob --file blob
            """)

    @Argument(help: "The node.") var path: String
    @OptionGroup var data: ZnodeData
    @OptionGroup var options: ZnodeOptions
    @Option(help: "Only when the node has this version.") var ifVersion: Int32 = -1
    @Option(help: "text or json.") var format = ZnodeFormat.text

    func validate() throws { try ZnodeText.check(path) }

    func run() throws {
        let session = ZnodeSession(options)
        defer { session.close() }
        let bytes = try data.bytes()
        let reply = try session.call(.setData(SetDataRequest(path: path, data: bytes, version: ifVersion)))
        guard case .stat(let stat) = reply else { throw ZnodeText.unexpected(reply, path) }
        switch format {
        case .text: print("set \(path) to version \(stat.version)")
        case .json: print(JSON.object([("path", .string(path)), ("stat", ZnodeText.json(stat))]))
        }
    }
}
