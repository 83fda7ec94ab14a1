/// A broker's `node.id`; -1 stands for none.
package struct BrokerID: Hashable, Comparable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    package let value: Int32

    @inlinable package init(_ value: Int32) { self.value = value }
    @inlinable package init(integerLiteral value: Int32) { self.value = value }

    package static let none = BrokerID(-1)
    package var description: String { String(value) }

    @inlinable package static func < (a: BrokerID, b: BrokerID) -> Bool { a.value < b.value }
}

/// A partition by name: `orders-0`, the name of its directory too.
package struct TopicPartition: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let topic: String
    package let partition: Int32

    @inlinable package init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    package var description: String { "\(topic)-\(partition)" }

    package static func < (a: TopicPartition, b: TopicPartition) -> Bool {
        a.topic == b.topic ? a.partition < b.partition : a.topic < b.topic
    }
}

/// 128 bits that name a topic for good, also after one of the same name replaced it (KIP-516). Also used for
/// directory ids and cluster ids. Written as 22 characters of url-safe base64 without padding, as Kafka does.
package struct UUID128: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    @inlinable package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// All bits zero: no topic.
    package static let zero = UUID128(high: 0, low: 0)
    /// Kafka's id of the metadata log's topic, `__cluster_metadata`.
    package static let metadataTopic = UUID128(high: 0, low: 1)

    /// A random id (version 4), whose text never begins with a dash, so that it can be a command's argument.
    package init(using generator: inout some RandomNumberGenerator) {
        var first: UInt64
        repeat { first = generator.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000 } while first >> 58 == 62
        high = first
        low = generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    }

    /// - Returns: nil unless `text` is 22 characters of url-safe base64 (padding is let pass).
    package init?(_ text: String) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var digits = 0
        for character in text.utf8 where character != UInt8(ascii: "=") {
            guard let digit = Self.digit(of: character), digits < 22 else { return nil }
            // The last digit carries two bits; its other four must be zero.
            let bits: UInt64 = digits == 21 ? 2 : 6
            let value = digits == 21 ? digit >> 4 : digit
            high = high << bits | low >> (64 - bits)
            low = low << bits | value
            digits += 1
        }
        guard digits == 22 else { return nil }
        self.init(high: high, low: low)
    }

    package var description: String {
        var text = ""
        text.reserveCapacity(22)
        for index in 0..<22 {
            let shift = 122 - 6 * index
            let digit: UInt64
            if shift >= 64 {
                digit = high >> UInt64(shift - 64) & 63
            } else if shift > 58 {
                digit = (high << UInt64(64 - shift) | low >> UInt64(shift)) & 63
            } else if shift >= 0 {
                digit = low >> UInt64(shift) & 63
            } else {
                digit = low << UInt64(-shift) & 63
            }
            text.unicodeScalars.append(Unicode.Scalar(Self.alphabet[Int(digit)]))
        }
        return text
    }

    package static func < (a: UUID128, b: UUID128) -> Bool { a.high == b.high ? a.low < b.low : a.high < b.high }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    private static func digit(of character: UInt8) -> UInt64? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt64(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt64(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "-"), UInt8(ascii: "+"): 62
        case UInt8(ascii: "_"), UInt8(ascii: "/"): 63
        default: nil
        }
    }
}

/// A topic's id (KIP-516).
package typealias TopicID = UUID128
