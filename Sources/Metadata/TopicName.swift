/// The rules for topic names.
package enum TopicName {
    /// 255 bytes of a file name, less `-`, five digits of a partition and what a deletion appends.
    package static let lengthMax = 249

    package static let consumerOffsets = "__consumer_offsets"
    package static let transactionState = "__transaction_state"
    package static let shareGroupState = "__share_group_state"
    package static let clusterMetadata = "__cluster_metadata"

    package static func isInternal(_ name: String) -> Bool {
        name == consumerOffsets || name == transactionState || name == shareGroupState
    }

    /// Why `name` cannot be a topic's; nil when it can.
    package static func problem(_ name: String) -> String? {
        let bytes = name.utf8
        if bytes.isEmpty { return "Topic name is invalid: the empty string is not allowed" }
        if name == "." || name == ".." { return "Topic name is invalid: '.' or '..' is not allowed" }
        if bytes.count > lengthMax {
            return
                "Topic name is invalid: the length of '\(name)' is longer than the max allowed length \(lengthMax)"
        }
        if !bytes.allSatisfy(isLegal) {
            return "Topic name is invalid: '\(name)' contains one or more characters other than "
                + "ASCII alphanumerics, '.', '_' and '-'"
        }
        return nil
    }

    /// `a.b` and `a_b` have the same key; nil for names that cannot collide.
    package static func collisionKey(_ name: String) -> String? {
        guard name.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") }) else {
            return nil
        }
        let bytes = name.utf8.map { $0 == UInt8(ascii: ".") ? UInt8(ascii: "_") : $0 }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isLegal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
