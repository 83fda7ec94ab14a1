/// The versions in which something exists: `3`, `0-4`, `2+`, or `none`.
package struct VersionRange: Equatable, Sendable {
    package let first: Int
    /// Nil when there is no last.
    package let last: Int?

    package init(first: Int, last: Int?) {
        self.first = first
        self.last = last
    }

    package static let none = VersionRange(first: 1, last: 0)
    package var isEmpty: Bool { last.map { $0 < first } ?? false }

    /// - Returns: nil when `text` is none of the four forms.
    package init?(_ text: Substring) {
        if text == "none" {
            self = .none
        } else if text.hasSuffix("+") {
            guard let first = Int(text.dropLast()) else { return nil }
            self.init(first: first, last: nil)
        } else if let dash = text.firstIndex(of: "-") {
            guard let first = Int(text[..<dash]), let last = Int(text[text.index(after: dash)...]),
                first <= last
            else { return nil }
            self.init(first: first, last: last)
        } else {
            guard let only = Int(text) else { return nil }
            self.init(first: only, last: only)
        }
        guard first >= 0 else { return nil }
    }

    package func contains(_ version: Int) -> Bool {
        version >= first && (last.map { version <= $0 } ?? true)
    }

    /// Whether every version of `span` is within.
    package func covers(_ span: ClosedRange<Int>) -> Bool {
        contains(span.lowerBound) && contains(span.upperBound)
    }

    /// The versions of `span` that are within; nil when there are none.
    package func clamped(to span: ClosedRange<Int>) -> ClosedRange<Int>? {
        let low = max(first, span.lowerBound)
        let high = min(last ?? span.upperBound, span.upperBound)
        return low <= high ? low...high : nil
    }
}
