/// Text that equals only the same bytes: the names and paths of znodes.
///
/// `String` calls `é` written as one scalar and as two equal, ZooKeeper's clients do not. Up to 15 bytes lie in place.
package struct ExactText: Hashable, Comparable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible
{
    package let text: String

    package init(_ text: String) { self.text = text }
    package init(stringLiteral text: String) { self.text = text }

    package var description: String { text }

    package static func == (a: ExactText, b: ExactText) -> Bool {
        let (left, right) = (a.text.utf8Span.span, b.text.utf8Span.span)
        let count = left.count
        if count != right.count { return false }
        var at = 0
        while count - at >= 8 {  // Both reads end within `count`.
            if left.bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self)
                != right.bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self)
            {
                return false
            }
            at += 8
        }
        while at < count {
            if left[at] != right[at] { return false }
            at += 1
        }
        return true
    }

    package func hash(into hasher: inout Hasher) {
        text.utf8Span.span.withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    /// By bytes, which is also by scalars.
    package static func < (a: ExactText, b: ExactText) -> Bool {
        let (left, right) = (a.text.utf8Span.span, b.text.utf8Span.span)
        for index in 0..<min(left.count, right.count) where left[index] != right[index] {
            return left[index] < right[index]
        }
        return left.count < right.count
    }
}
