package import Vocabulary

/// A client's session, as replicated. Whether the client lives is for the leader's `SessionTracker` to know.
package struct Session: Hashable, Sendable {
    package let id: Int64
    /// Who shows it may take the session over, from another connection or broker.
    package let password: SessionPassword
    /// How long nothing may be heard of the client.
    package internal(set) var timeoutMs: Int32
    /// The broker its client is connected to; requests that still come through another are refused.
    package internal(set) var broker: BrokerID

    package init(id: Int64, password: SessionPassword, timeoutMs: Int32, broker: BrokerID) {
        self.id = id
        self.password = password
        self.timeoutMs = timeoutMs
        self.broker = broker
    }

    /// The id of the session that the transaction `zxid` creates: unique for ever, as that is. ZooKeeper's have the
    /// server's number in the first byte too; here it stays below 128, so that no id is taken for a mark of `ZnodeOwner`.
    static func id(createdBy zxid: Int64, through broker: BrokerID) -> Int64 {
        Int64(broker.value & 0x7F) << 56 | zxid & 0x00FF_FFFF_FFFF_FFFF
    }
}

/// The 16 bytes that prove a session is one's own.
package struct SessionPassword: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// - Returns: nil unless there are 16 bytes.
    package init?(_ bytes: [UInt8]) {
        if bytes.count != 16 { return nil }
        high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8...].reduce(0) { $0 << 8 | UInt64($1) }
    }

    package var bytes: [UInt8] {
        [high, low].flatMap { half in stride(from: 56, through: 0, by: -8).map { UInt8(half >> $0 & 0xFF) } }
    }
}
