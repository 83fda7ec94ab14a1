package import Wire

/// A read that may leave a watch: exists, getData, getChildren, getChildren2.
package struct ReadRequest: JuteRecord {
    package var path: String
    package var isWatching: Bool

    package init(path: String, isWatching: Bool = false) {
        self.path = path
        self.isWatching = isWatching
    }

    package init(_ frame: RawSpan, _ at: inout Int) throws(WireError) {
        path = try readJuteString(frame, &at, "ReadRequest.path")
        isWatching = try readBool(frame, &at, "ReadRequest.watch")
    }

    package var size: Int { juteStringSize(path) + 1 }

    package func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        writeJuteString(path, out, &at)
        writeBool(isWatching, out, &at)
    }
}

/// A path and a number with a meaning of its own: addWatch, checkWatches, removeWatches.
package struct WatchRequest: JuteRecord {
    /// What checkWatches and removeWatches look for. Source: ZooKeeper's `Watcher.WatcherType`.
    package enum Kind: Int32, Sendable, CaseIterable {
        case children = 1
        case data = 2
        case any = 3
        /// From 3.10 on; older servers know only the three before.
        case persistent = 4
        case persistentRecursive = 5
    }

    /// What addWatch adds. Source: ZooKeeper's `AddWatchMode`.
    package enum Mode: Int32, Sendable, CaseIterable {
        case persistent = 0
        case persistentRecursive = 1
    }

    package var path: String
    /// A `Kind`, or of addWatch a `Mode`; raw, because an unknown one is the server's to refuse, with BADARGUMENTS.
    package var number: Int32

    package init(path: String, kind: Kind) {
        self.path = path
        self.number = kind.rawValue
    }

    package init(path: String, mode: Mode) {
        self.path = path
        self.number = mode.rawValue
    }

    package var kind: Kind? { Kind(rawValue: number) }
    package var mode: Mode? { Mode(rawValue: number) }

    package init(_ frame: RawSpan, _ at: inout Int) throws(WireError) {
        path = try readJuteString(frame, &at, "WatchRequest.path")
        number = try readInt32(frame, &at, "WatchRequest.type")
    }

    package var size: Int { juteStringSize(path) + 4 }

    package func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        writeJuteString(path, out, &at)
        writeInt32(number, out, &at)
    }
}

/// The watches a client had when its connection was lost: setWatches, and setWatches2, which has the last two lists.
package struct SetWatchesRequest: Equatable, Sendable {
    /// What changed behind this zxid fires at once; the rest is armed again.
    package var relativeZxid: Int64 = 0
    package var data: [String] = []
    package var exist: [String] = []
    package var child: [String] = []
    package var persistent: [String] = []
    package var persistentRecursive: [String] = []
    /// `setWatches` or `setWatches2`.
    package let opCode: OpCode

    package init(_ opCode: OpCode = .setWatches2) { self.opCode = opCode }

    init(_ frame: RawSpan, _ at: inout Int, _ opCode: OpCode) throws(WireError) {
        self.opCode = opCode
        relativeZxid = try readInt64(frame, &at, "SetWatches.relativeZxid")
        data = try readJuteStrings(frame, &at, "SetWatches.dataWatches")
        exist = try readJuteStrings(frame, &at, "SetWatches.existWatches")
        child = try readJuteStrings(frame, &at, "SetWatches.childWatches")
        guard opCode == .setWatches2 else { return }
        persistent = try readJuteStrings(frame, &at, "SetWatches2.persistentWatches")
        persistentRecursive = try readJuteStrings(frame, &at, "SetWatches2.persistentRecursiveWatches")
    }

    var size: Int {
        let three = 8 + juteStringsSize(data) + juteStringsSize(exist) + juteStringsSize(child)
        guard opCode == .setWatches2 else { return three }
        return three + juteStringsSize(persistent) + juteStringsSize(persistentRecursive)
    }

    func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        writeInt64(relativeZxid, out, &at)
        writeJuteStrings(data, out, &at)
        writeJuteStrings(exist, out, &at)
        writeJuteStrings(child, out, &at)
        guard opCode == .setWatches2 else { return }
        writeJuteStrings(persistent, out, &at)
        writeJuteStrings(persistentRecursive, out, &at)
    }
}

/// Adds an identity to a connection.
package struct AuthRequest: JuteRecord {
    /// Always 0.
    package var type: Int32 = 0
    package var scheme: String
    /// For `digest`: `user:password`.
    package var auth: [UInt8]

    package init(scheme: String, auth: [UInt8]) {
        self.scheme = scheme
        self.auth = auth
    }

    package init(_ frame: RawSpan, _ at: inout Int) throws(WireError) {
        type = try readInt32(frame, &at, "AuthPacket.type")
        scheme = try readJuteString(frame, &at, "AuthPacket.scheme")
        auth = try readNullableBytes(frame, &at, flexible: false, "AuthPacket.auth") ?? []
    }

    package var size: Int { 4 + juteStringSize(scheme) + bytesSize(auth, flexible: false) }

    package func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        writeInt32(type, out, &at)
        writeJuteString(scheme, out, &at)
        writeBytes(auth, out, &at, flexible: false)
    }
}
