import ArgumentParser

/// `needletail znode`: look at and change the nodes of a ZooKeeper-compatible service, ours or another.
struct ZnodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "znode",
        abstract: "List, read, write, create, delete and watch znodes.",
        discussion: """
            Works with needletail's own coordination service and with any other that speaks ZooKeeper's protocol.

            Examples:
              needletail znode create /app/config 'retries=3' --parents
              needletail znode get /app/config --stat
              needletail znode set /app/config 'retries=5'
              needletail znode tree /
              needletail znode watch /app --recursive
              needletail znode ls / --zookeeper zk1:2181,zk2:2181/app
            """,
        subcommands: [
            ZnodeLs.self, ZnodeTree.self, ZnodeGet.self, ZnodeSet.self, ZnodeCreate.self, ZnodeDelete.self,
            ZnodeWatch.self,
        ])
}

/// How results are printed.
enum ZnodeFormat: String, ExpressibleByArgument, CaseIterable { case text, json }
