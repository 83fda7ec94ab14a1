/// Bytes that are no record.
package enum MetadataCodingError: Error, Hashable, Sendable {
    /// Written by a later version of the program.
    case unknownType(UInt64)
    case unknownVersion(UInt64, ofType: UInt64)
    case truncated(at: Int)
    case malformed(at: Int, String)
}
extension MetadataRecord {
    package func encode() -> [UInt8] { [] }
    package init(decoding bytes: [UInt8]) throws(MetadataCodingError) { throw .truncated(at: 0) }
}
