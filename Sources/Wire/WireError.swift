/// Why a frame could not be read: the peer's mistake, so a value and never a trap.
///
/// Names the place twice: the byte where reading stopped, and the field that was being read, so that a log line
/// alone tells what is wrong with a client: `FetchRequest.topics.partitions.fetchOffset at byte 41: ...`.
@usableFromInline
package struct WireError: Error, Equatable, Sendable, CustomStringConvertible {
    @usableFromInline
    package enum Reason: Equatable, Sendable {
        /// The frame ends before the value does; `wanted` is what the value still needs, in bytes.
        case truncated(wanted: Int)
        /// A length below -1, or -1 (null) where the version at hand knows no null.
        case negativeLength(Int)
        /// Null where the version at hand knows no null.
        case unexpectedNull
        /// An element count that even the smallest elements could not fit into the rest of the frame.
        case countTooLarge(Int)
        /// A varint that does not end, or does not fit its type.
        case varintTooLong
        case invalidUTF8
        /// A number that stands for nothing the reader knows, where it must know it to read on.
        case unexpectedValue(Int)
        /// A tagged field whose value is shorter or longer than its size said.
        case taggedFieldSize(tag: UInt32)
    }

    package let reason: Reason
    /// The offset in the frame where the broken value begins.
    package let position: Int
    private let label: StaticString

    @usableFromInline
    @inline(never)
    package init(_ reason: Reason, at position: Int, _ field: StaticString) {
        self.reason = reason
        self.position = position
        self.label = field
    }

    /// The field's path, as in `MetadataRequest.topics.name`; empty when hand-written code gave none.
    package var field: String { label.description }

    @usableFromInline
    package var description: String {
        let place = field.isEmpty ? "byte \(position)" : "\(field) at byte \(position)"
        switch reason {
        case .truncated(let wanted): return "\(place): \(wanted) bytes wanted, but the frame ends"
        case .negativeLength(let length): return "\(place): negative length \(length)"
        case .unexpectedNull: return "\(place): null is not allowed in this version"
        case .countTooLarge(let count): return "\(place): \(count) elements cannot fit into the frame"
        case .varintTooLong: return "\(place): varint too long"
        case .invalidUTF8: return "\(place): not valid UTF-8"
        case .unexpectedValue(let value): return "\(place): unexpected value \(value)"
        case .taggedFieldSize(let tag):
            return "\(place): tagged field \(tag) does not have the size it claims"
        }
    }

    @usableFromInline
    package static func == (a: WireError, b: WireError) -> Bool {
        a.reason == b.reason && a.position == b.position && a.field == b.field
    }
}
