/// Bytes that are none of the forms in which this program stores and sends what it decides.
@usableFromInline
package enum FieldError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Written by a later version of the program, or damaged.
    case unknownType(UInt64, at: Int)
    /// Written by a later version of the program.
    case unknownVersion(UInt64, at: Int)
    case truncated(at: Int)
    case malformed(at: Int, String)

    @usableFromInline
    package var description: String {
        switch self {
        case .unknownType(let type, let at):
            "unknown type \(type) at byte \(at): it was written by a later version of this program"
        case .unknownVersion(let version, let at):
            "unknown version \(version) at byte \(at): it was written by a later version of this program"
        case .truncated(let at): "it ends at byte \(at), in the middle of a field"
        case .malformed(let at, let why): "it is wrong at byte \(at): \(why)"
        }
    }
}
