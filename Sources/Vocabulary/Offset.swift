/// A record's place in its partition, counted from 0; never reused.
package struct Offset: Hashable, Comparable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    package let value: Int64

    @inlinable package init(_ value: Int64) { self.value = value }
    @inlinable package init(integerLiteral value: Int64) { self.value = value }

    package var description: String { String(value) }

    @inlinable package static func < (a: Offset, b: Offset) -> Bool { a.value < b.value }
    /// The offset `count` records further on.
    @inlinable package static func + (a: Offset, count: Int64) -> Offset { Offset(a.value + count) }
    /// How many offsets lie between the two.
    @inlinable package static func - (a: Offset, b: Offset) -> Int64 { a.value - b.value }
}

/// How often the partition's leadership has changed; -1 stands for unknown.
package struct LeaderEpoch: Hashable, Comparable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    package let value: Int32

    @inlinable package init(_ value: Int32) { self.value = value }
    @inlinable package init(integerLiteral value: Int32) { self.value = value }

    package static let unknown = LeaderEpoch(-1)
    package var description: String { String(value) }

    @inlinable package static func < (a: LeaderEpoch, b: LeaderEpoch) -> Bool { a.value < b.value }
}
