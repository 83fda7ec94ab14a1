package import Wire

/// What a watch tells its client, in a frame of its own with the xid `Xid.notification`.
package struct WatcherEvent: JuteRecord {
    /// Source: ZooKeeper's `Watcher.Event.EventType`.
    package enum Kind: Int32, Sendable, CaseIterable {
        case none = -1
        case nodeCreated = 1
        case nodeDeleted = 2
        case nodeDataChanged = 3
        case nodeChildrenChanged = 4
        case dataWatchRemoved = 5
        case childWatchRemoved = 6
        case persistentWatchRemoved = 7
    }

    /// The session's state as the server sees it. Source: ZooKeeper's `Watcher.Event.KeeperState`.
    package enum State: Int32, Sendable, CaseIterable {
        case disconnected = 0
        case syncConnected = 3
        case authFailed = 4
        case connectedReadOnly = 5
        case saslAuthenticated = 6
        case closed = 7
        case expired = -112
    }

    package var kind: Kind
    package var state: State
    package var path: String

    package init(_ kind: Kind, state: State = .syncConnected, path: String) {
        self.kind = kind
        self.state = state
        self.path = path
    }

    /// - Throws: `.unexpectedValue` for a kind or a state without a name here.
    package init(_ frame: RawSpan, _ at: inout Int) throws(WireError) {
        let start = at
        let rawKind = try readInt32(frame, &at, "WatcherEvent.type")
        guard let kind = Kind(rawValue: rawKind) else {
            throw WireError(.unexpectedValue(Int(rawKind)), at: start, "WatcherEvent.type")
        }
        let rawState = try readInt32(frame, &at, "WatcherEvent.state")
        guard let state = State(rawValue: rawState) else {
            throw WireError(.unexpectedValue(Int(rawState)), at: start + 4, "WatcherEvent.state")
        }
        self.kind = kind
        self.state = state
        path = try readJuteString(frame, &at, "WatcherEvent.path")
    }

    package var size: Int { 8 + juteStringSize(path) }

    package func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int) {
        writeInt32(kind.rawValue, out, &at)
        writeInt32(state.rawValue, out, &at)
        writeJuteString(path, out, &at)
    }

    /// The whole frame that a server sends.
    /// - Parameter zxid: the transaction that fired the watch, as ZooKeeper 3.9 tells it; -1 is what older ones say.
    package func notificationFrame(zxid: Int64 = -1) -> [UInt8] {
        let header = ZooKeeperReplyHeader(xid: Xid.notification, zxid: zxid, code: .ok)
        return makeFrame(bodySize: header.size + size) { (out, at) in
            header.write(out, &at)
            write(out, &at)
        }
    }
}
