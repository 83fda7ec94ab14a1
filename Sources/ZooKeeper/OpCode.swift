/// What a request asks for; its number on the wire. Source: ZooKeeper 3.9's `ZooDefs.OpCode`.
package enum OpCode: Int32, Sendable, CaseIterable {
    case create = 1
    case delete = 2
    case exists = 3
    case getData = 4
    case setData = 5
    case getACL = 6
    case setACL = 7
    case getChildren = 8
    case sync = 9
    case ping = 11
    /// As `getChildren`, but the answer holds the parent's stat too.
    case getChildren2 = 12
    case check = 13
    case multi = 14
    /// As `create`, but the answer holds the new node's stat too.
    case create2 = 15
    case reconfig = 16
    case checkWatches = 17
    case removeWatches = 18
    case createContainer = 19
    /// A server's own request to itself; no client sends it.
    case deleteContainer = 20
    case createTTL = 21
    case multiRead = 22
    case auth = 100
    case setWatches = 101
    case sasl = 102
    case getEphemerals = 103
    case getAllChildrenNumber = 104
    /// As `setWatches`, with persistent watches too.
    case setWatches2 = 105
    case addWatch = 106
    case whoAmI = 107
    case closeSession = -11
}

/// Transaction ids of a client's own choice count requests; these few are set apart.
package enum Xid {
    /// A watch event, from server to client.
    package static let notification: Int32 = -1
    package static let ping: Int32 = -2
    package static let auth: Int32 = -4
    /// The watches that a client re-arms when it has reconnected.
    package static let setWatches: Int32 = -8
}
