/// What ZooKeeper's clients are offered: ZooKeeper's own properties, each with `zookeeper.` before its name.
package struct ZooKeeperSettings: Sendable, Equatable {
    /// Four-letter words that are answered.
    package enum Commands: Sendable, Equatable {
        case all
        case only(Set<String>)

        package func contains(_ word: String) -> Bool {
            switch self {
            case .all: true
            case .only(let words): words.contains(word)
            }
        }
    }

    /// `zookeeper.tickTime`: the unit that the bounds of session timeouts come from.
    package var tickMs: Int64 = 2000
    /// `zookeeper.minSessionTimeout`, `zookeeper.maxSessionTimeout`: what a client asks for is moved between them. By default 2
    /// and 20 ticks.
    package var sessionTimeoutMinMs: Int64 = 4000
    package var sessionTimeoutMaxMs: Int64 = 40_000
    /// `zookeeper.maxClientCnxns`: connections of one address; `Int.max` where ZooKeeper says 0.
    package var connectionsPerAddressMax = 60
    /// `zookeeper.jute.maxbuffer`: bytes of one request, and so of one node's data, nearly.
    package var frameBytesMax = 0xF_FFFF
    /// `zookeeper.globalOutstandingLimit`: requests begun and not answered, of all clients; above it no more are read.
    package var outstandingRequestsMax = 1000
    /// `zookeeper.4lw.commands.whitelist`
    package var commands = Commands.only(["srvr"])
    /// `zookeeper.reconfigEnabled`
    package var isReconfigEnabled = false
    /// `zookeeper.readonlymode.enabled`: clients that agree are served reads while the quorum cannot be reached.
    package var isReadOnlyModeEnabled = false
    /// `zookeeper.extendedTypesEnabled`: nodes with a time to live.
    package var areExtendedTypesEnabled = true
    /// `zookeeper.enforceQuota`: writes over a quota are refused, not only noted.
    package var areQuotasEnforced = true
    /// `zookeeper.znode.container.checkIntervalMs`: how often empty containers and nodes whose time is over are removed.
    package var containerCheckMs: Int64 = 60_000
    /// `zookeeper.skipACL`: nobody is asked for permission.
    package var skipsACLs = false
    /// `zookeeper.DigestAuthenticationProvider.superDigest`: `super:` and the base64 SHA-1 of `super:password`. Who knows the
    /// password may do everything. Never shown.
    package var superDigest: String?

    package init() {}

    /// What connections to `zookeeper.listeners` are named by.
    package static let listenerName = "ZOOKEEPER"

    /// ZooKeeper's words, of which the whitelist names some.
    package static let knownCommands: Set<String> = [
        "conf", "cons", "crst", "dirs", "dump", "envi", "gtmk", "hash", "isro", "mntr", "ruok", "srst", "srvr", "stat",
        "stmk", "wchc", "wchp", "wchs",
    ]
}
