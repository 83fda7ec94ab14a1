package import Wire

/// What a server tells of a node besides its data. 68 bytes.
package struct ZnodeStat: JuteRecord {
    /// The zxid that created the node, the last that set its data, and the last that added or removed a child.
    package var czxid: Int64 = 0
    package var mzxid: Int64 = 0
    package var pzxid: Int64 = 0
    /// When it was created and its data last set, in milliseconds since 1970.
    package var ctime: Int64 = 0
    package var mtime: Int64 = 0
    /// Counts changes of the data, of the children, and of the ACL.
    package var version: Int32 = 0
    package var cversion: Int32 = 0
    package var aversion: Int32 = 0
    /// The session whose ephemeral this is; zero for other nodes, container and TTL nodes too.
    package var ephemeralOwner: Int64 = 0
    package var dataLength: Int32 = 0
    package var numChildren: Int32 = 0

    package init() {}

    package init(_ frame: RawSpan, _ at: inout Int) throws(WireError) {
        guard frame.byteCount - at >= size else { throw WireError(.truncated(wanted: size), at: at, "Stat") }
        czxid = try readInt64(frame, &at, "Stat.czxid")
        mzxid = try readInt64(frame, &at, "Stat.mzxid")
        ctime = try readInt64(frame, &at, "Stat.ctime")
        mtime = try readInt64(frame, &at, "Stat.mtime")
        version = try readInt32(frame, &at, "Stat.version")
        cversion = try readInt32(frame, &at, "Stat.cversion")
        aversion = try readInt32(frame, &at, "Stat.aversion")
        ephemeralOwner = try readInt64(frame, &at, "Stat.ephemeralOwner")
        dataLength = try readInt32(frame, &at, "Stat.dataLength")
        numChildren = try readInt32(frame, &at, "Stat.numChildren")
        pzxid = try readInt64(frame, &at, "Stat.pzxid")
    }

    package var size: Int { 68 }

    package func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        writeInt64(czxid, out, &at)
        writeInt64(mzxid, out, &at)
        writeInt64(ctime, out, &at)
        writeInt64(mtime, out, &at)
        writeInt32(version, out, &at)
        writeInt32(cversion, out, &at)
        writeInt32(aversion, out, &at)
        writeInt64(ephemeralOwner, out, &at)
        writeInt32(dataLength, out, &at)
        writeInt32(numChildren, out, &at)
        writeInt64(pzxid, out, &at)
    }
}

/// One line of a node's access control list: who may do what.
package struct ZnodeACL: JuteRecord, Hashable {
    package var permissions: Int32
    /// `world`, `auth`, `digest`, `ip`, `x509`, `sasl`.
    package var scheme: String
    package var id: String

    package static let read: Int32 = 1
    package static let write: Int32 = 2
    package static let create: Int32 = 4
    package static let delete: Int32 = 8
    package static let admin: Int32 = 16
    package static let all: Int32 = 31

    /// Anyone may do anything.
    package static let open = [ZnodeACL(permissions: all, scheme: "world", id: "anyone")]

    static let sizeMin = 12

    package init(permissions: Int32, scheme: String, id: String) {
        self.permissions = permissions
        self.scheme = scheme
        self.id = id
    }

    package init(_ frame: RawSpan, _ at: inout Int) throws(WireError) {
        permissions = try readInt32(frame, &at, "ACL.perms")
        scheme = try readJuteString(frame, &at, "ACL.id.scheme")
        id = try readJuteString(frame, &at, "ACL.id.id")
    }

    package var size: Int { 4 + juteStringSize(scheme) + juteStringSize(id) }

    package func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        writeInt32(permissions, out, &at)
        writeJuteString(scheme, out, &at)
        writeJuteString(id, out, &at)
    }
}

/// An identity that a connection has, as `whoAmI` tells it.
package struct ClientIdentity: JuteRecord {
    package var scheme: String
    package var user: String

    static let sizeMin = 8

    package init(scheme: String, user: String) {
        self.scheme = scheme
        self.user = user
    }

    package init(_ frame: RawSpan, _ at: inout Int) throws(WireError) {
        scheme = try readJuteString(frame, &at, "ClientInfo.authScheme")
        user = try readJuteString(frame, &at, "ClientInfo.user")
    }

    package var size: Int { juteStringSize(scheme) + juteStringSize(user) }

    package func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        writeJuteString(scheme, out, &at)
        writeJuteString(user, out, &at)
    }
}

/// What kind of node a create makes; the request's `flags`. Source: ZooKeeper's `CreateMode`.
package enum CreateMode: Int32, Sendable, CaseIterable {
    case persistent = 0
    case ephemeral = 1
    case persistentSequential = 2
    case ephemeralSequential = 3
    case container = 4
    case persistentWithTTL = 5
    case persistentSequentialWithTTL = 6

    package var isEphemeral: Bool { self == .ephemeral || self == .ephemeralSequential }
    package var isSequential: Bool {
        self == .persistentSequential || self == .ephemeralSequential || self == .persistentSequentialWithTTL
    }
    package var hasTTL: Bool { self == .persistentWithTTL || self == .persistentSequentialWithTTL }
}
