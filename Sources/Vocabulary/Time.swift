/// A point of monotonic time, in nanoseconds from a start of no meaning. For deadlines; never stored.
package struct Instant: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let nanoseconds: Int64

    @inlinable package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static let distantFuture = Instant(nanoseconds: .max)
    package var description: String { "\(nanoseconds) ns" }

    @inlinable package static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
    @inlinable package static func - (a: Instant, b: Instant) -> Int64 { a.nanoseconds - b.nanoseconds }
    /// That many milliseconds later; saturates.
    @inlinable package func adding(milliseconds: Int64) -> Instant {
        let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        if overflow { return milliseconds < 0 ? self : .distantFuture }
        let (sum, carry) = nanoseconds.addingReportingOverflow(product)
        return Instant(nanoseconds: carry ? .max : sum)
    }
}

/// A point of wall-clock time, in milliseconds since 1970: what records carry; -1 stands for none.
package struct Timestamp: Hashable, Comparable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    package let milliseconds: Int64

    @inlinable package init(milliseconds: Int64) { self.milliseconds = milliseconds }
    @inlinable package init(integerLiteral value: Int64) { milliseconds = value }

    package static let none = Timestamp(milliseconds: -1)
    package var description: String { String(milliseconds) }

    @inlinable package static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }
}
