package import Wire

/// Makes a node. The four op codes that do differ in what they answer and in the field behind.
package struct CreateRequest: Equatable, Sendable {
    package var path: String
    /// Null is kept apart from empty: a reader is given back what was written.
    package var data: [UInt8]?
    package var acl: [ZnodeACL]
    /// A `CreateMode`; raw, because an unknown one is the server's to refuse, with BADARGUMENTS.
    package var flags: Int32
    /// Milliseconds; on the wire only of `createTTL`.
    package var ttlMs: Int64
    /// `create`, `create2`, `createContainer` or `createTTL`.
    package let opCode: OpCode

    package init(
        _ opCode: OpCode = .create2, path: String, data: [UInt8]? = nil, acl: [ZnodeACL] = ZnodeACL.open,
        mode: CreateMode = .persistent, ttlMs: Int64 = 0
    ) {
        self.opCode = opCode
        self.path = path
        self.data = data
        self.acl = acl
        self.flags = mode.rawValue
        self.ttlMs = ttlMs
    }

    package var mode: CreateMode? { CreateMode(rawValue: flags) }

    init(_ frame: RawSpan, _ at: inout Int, _ opCode: OpCode) throws(WireError) {
        self.opCode = opCode
        path = try readJuteString(frame, &at, "CreateRequest.path")
        data = try readNullableBytes(frame, &at, flexible: false, "CreateRequest.data")
        acl = try readJuteRecords(frame, &at, elementSizeMin: ZnodeACL.sizeMin, "CreateRequest.acl")
        flags = try readInt32(frame, &at, "CreateRequest.flags")
        ttlMs = opCode == .createTTL ? try readInt64(frame, &at, "CreateTTLRequest.ttl") : 0
    }

    var size: Int {
        let fixed = juteStringSize(path) + nullableBytesSize(data, flexible: false) + juteRecordsSize(acl) + 4
        return opCode == .createTTL ? fixed + 8 : fixed
    }

    func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        writeJuteString(path, out, &at)
        writeNullableBytes(data, out, &at, flexible: false)
        writeJuteRecords(acl, out, &at)
        writeInt32(flags, out, &at)
        if opCode == .createTTL { writeInt64(ttlMs, out, &at) }
    }
}

/// A path and the version that its node must have: delete and check. -1 is any version.
package struct VersionedPath: JuteRecord {
    package var path: String
    package var version: Int32

    package init(path: String, version: Int32 = -1) {
        self.path = path
        self.version = version
    }

    package init(_ frame: RawSpan, _ at: inout Int) throws(WireError) {
        path = try readJuteString(frame, &at, "DeleteRequest.path")
        version = try readInt32(frame, &at, "DeleteRequest.version")
    }

    package var size: Int { juteStringSize(path) + 4 }

    package func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        writeJuteString(path, out, &at)
        writeInt32(version, out, &at)
    }
}

package struct SetDataRequest: JuteRecord {
    package var path: String
    package var data: [UInt8]?
    /// The version the node must have; -1 is any.
    package var version: Int32

    package init(path: String, data: [UInt8]?, version: Int32 = -1) {
        self.path = path
        self.data = data
        self.version = version
    }

    package init(_ frame: RawSpan, _ at: inout Int) throws(WireError) {
        path = try readJuteString(frame, &at, "SetDataRequest.path")
        data = try readNullableBytes(frame, &at, flexible: false, "SetDataRequest.data")
        version = try readInt32(frame, &at, "SetDataRequest.version")
    }

    package var size: Int { juteStringSize(path) + nullableBytesSize(data, flexible: false) + 4 }

    package func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        writeJuteString(path, out, &at)
        writeNullableBytes(data, out, &at, flexible: false)
        writeInt32(version, out, &at)
    }
}

package struct SetACLRequest: JuteRecord {
    package var path: String
    package var acl: [ZnodeACL]
    /// The `aversion` the node must have; -1 is any.
    package var version: Int32

    package init(path: String, acl: [ZnodeACL], version: Int32 = -1) {
        self.path = path
        self.acl = acl
        self.version = version
    }

    package init(_ frame: RawSpan, _ at: inout Int) throws(WireError) {
        path = try readJuteString(frame, &at, "SetACLRequest.path")
        acl = try readJuteRecords(frame, &at, elementSizeMin: ZnodeACL.sizeMin, "SetACLRequest.acl")
        version = try readInt32(frame, &at, "SetACLRequest.version")
    }

    package var size: Int { juteStringSize(path) + juteRecordsSize(acl) + 4 }

    package func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        writeJuteString(path, out, &at)
        writeJuteRecords(acl, out, &at)
        writeInt32(version, out, &at)
    }
}

/// Changes the ensemble: by difference (`joining`, `leaving`), or as a whole (`members`). Null is not given.
package struct ReconfigRequest: JuteRecord {
    package var joining: String?
    package var leaving: String?
    package var members: String?
    /// The configuration (a zxid) this one must follow; -1 is any.
    package var configID: Int64

    package init(joining: String? = nil, leaving: String? = nil, members: String? = nil, configID: Int64 = -1)
    {
        self.joining = joining
        self.leaving = leaving
        self.members = members
        self.configID = configID
    }

    package init(_ frame: RawSpan, _ at: inout Int) throws(WireError) {
        joining = try readNullableJuteString(frame, &at, "ReconfigRequest.joiningServers")
        leaving = try readNullableJuteString(frame, &at, "ReconfigRequest.leavingServers")
        members = try readNullableJuteString(frame, &at, "ReconfigRequest.newMembers")
        configID = try readInt64(frame, &at, "ReconfigRequest.curConfigId")
    }

    package var size: Int {
        [joining, leaving, members].reduce(8) { $0 + ($1.map(juteStringSize) ?? 4) }
    }

    package func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        writeNullableJuteString(joining, out, &at)
        writeNullableJuteString(leaving, out, &at)
        writeNullableJuteString(members, out, &at)
        writeInt64(configID, out, &at)
    }
}
