/// What one broker's ApiVersions answer offers.
package struct OfferedVersions: Equatable, Sendable {
    private var ranges: [Int16: ClosedRange<Int16>] = [:]

    package init() {}

    package mutating func offer(apiKey: Int16, min: Int16, max: Int16) {
        if min <= max { ranges[apiKey] = min...max }
    }

    package subscript(apiKey: Int16) -> ClosedRange<Int16>? { ranges[apiKey] }

    /// The highest version both sides speak, nil if there is none.
    package func choose(apiKey: Int16, ours: ClosedRange<Int16>) -> Int16? {
        guard let theirs = ranges[apiKey], theirs.overlaps(ours) else { return nil }
        return Swift.min(theirs.upperBound, ours.upperBound)
    }
}
