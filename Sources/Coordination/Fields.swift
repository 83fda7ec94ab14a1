import Vocabulary

/// How this room's values stand among other fields.
extension FieldWriter {
    mutating func put(_ list: ACL) {
        // One byte says what nearly every list says.
        if list == .open { return put(varint: 0) }
        put(varint: UInt64(list.count) + 1)
        for entry in list {
            put(zigzag: entry.permissions.rawValue)
            put(entry.identity)
        }
    }

    mutating func put(_ identity: Identity) {
        put(identity.scheme)
        put(identity.id)
    }

    mutating func put(_ session: Session) {
        put(session.id)
        put(session.password.high)
        put(session.password.low)
        put(zigzag: session.timeoutMs)
        put(zigzag: session.broker.value)
    }
}

extension FieldReader {
    mutating func path() throws(FieldError) -> ZnodePath {
        let start = at
        guard let path = ZnodePath(try string()) else {
            throw .malformed(at: start, "text that is no znode's path")
        }
        return path
    }

    mutating func acl() throws(FieldError) -> ACL {
        let countAndOne = try varint()
        if countAndOne == 0 { return .open }
        var list: ACL = []
        // Each takes bytes: a count that promises too much ends with them.
        for _ in 1..<countAndOne {
            list.append(ACLEntry(Permissions(rawValue: try zigzag32()), try identity()))
        }
        return list
    }

    mutating func identity() throws(FieldError) -> Identity {
        Identity(scheme: try string(), id: try string())
    }

    mutating func session() throws(FieldError) -> Session {
        Session(
            id: try integer(Int64.self),
            password: SessionPassword(high: try integer(UInt64.self), low: try integer(UInt64.self)),
            timeoutMs: try zigzag32(), broker: BrokerID(try zigzag32()))
    }
}
