import Vocabulary

/// A request, a response, a stored record, or a structure within one: what schemagen makes of a schema.
///
/// One struct covers all versions of a message. Reading leaves fields that the version lacks at their defaults.
/// Writing drops them: silently where the schema says `ignorable`; where it does not, a value that would be lost
/// is our mistake, which stops debug builds (`assert`) and is dropped in release, because a client that speaks an
/// old version must not be able to stop a broker. For the same reason null is written as empty where the version
/// knows no null.
@usableFromInline
package protocol Message: Sendable {
    /// All fields at their defaults.
    init()

    /// Reads one message from `frame` at `at`, and moves `at` behind it.
    ///
    /// Trusts nothing: no length, count or tag makes it trap, or reserve more memory than the frame justifies.
    init(_ frame: RawSpan, _ at: inout Int, version: Int16) throws(WireError)

    /// The exact number of bytes that `write` will write.
    func size(version: Int16) -> Int

    /// Writes the message into `out` at `at`, and moves `at` behind it. `out` must have room for `size(version:)`.
    func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int, version: Int16)
}

/// A message that stands alone, and so knows its versions.
package protocol VersionedMessage: Message {
    static var validVersions: ClosedRange<Int16> { get }
    /// The first version with compact lengths and tagged fields (KIP-482); `Int16.max` when there is none.
    static var flexibleFrom: Int16 { get }
}

/// A request, which knows its API and the type of its answer.
package protocol RequestMessage: VersionedMessage {
    associatedtype Response: VersionedMessage
    static var apiKey: Int16 { get }
}

extension Message {
    /// The message alone, without header or length, in bytes of its own. Not for hot paths.
    package func encoded(version: Int16) -> [UInt8] {
        let byteCount = size(version: version)
        return [UInt8](unsafeUninitializedCapacity: byteCount) { out, initializedCount in
            var at = 0
            write(UnsafeMutableRawBufferPointer(out), &at, version: version)
            invariant(at == byteCount, "\(Self.self) v\(version) wrote \(at) bytes, but said \(byteCount)")
            initializedCount = at
        }
    }
}
