/// What clients are told of a znode, field for field ZooKeeper's `Stat`.
package struct ZnodeStat: Hashable, Sendable {
    /// The transactions that created it, last set its data, last created or deleted a child of it.
    package var czxid: Int64
    package var mzxid: Int64
    /// Milliseconds since 1970, by the leader's clock.
    package var ctime: Int64
    package var mtime: Int64
    /// How often its data was set.
    package var version: Int32
    /// How often a child was created or deleted.
    package var cversion: Int32
    /// How often its access list was set.
    package var aversion: Int32
    /// The session of an ephemeral node, 0 for all others.
    package var ephemeralOwner: Int64
    package var dataLength: Int32
    package var numChildren: Int32
    package var pzxid: Int64

    package init(
        czxid: Int64, mzxid: Int64, ctime: Int64, mtime: Int64, version: Int32, cversion: Int32,
        aversion: Int32,
        ephemeralOwner: Int64, dataLength: Int32, numChildren: Int32, pzxid: Int64
    ) {
        self.czxid = czxid
        self.mzxid = mzxid
        self.ctime = ctime
        self.mtime = mtime
        self.version = version
        self.cversion = cversion
        self.aversion = aversion
        self.ephemeralOwner = ephemeralOwner
        self.dataLength = dataLength
        self.numChildren = numChildren
        self.pzxid = pzxid
    }
}
