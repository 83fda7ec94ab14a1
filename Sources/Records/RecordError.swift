/// What can be wrong with a batch or its records. A peer's or a disk's mistake, never ours.
@usableFromInline
package enum RecordError: Error, Equatable, Sendable {
    /// The bytes end before what they announce.
    case truncated(at: Int)
    /// Not version 2 of the format.
    case badMagic(Int8)
    /// A batch's length is smaller than its header.
    case badLength(Int32)
    /// Attributes name a codec that does not exist.
    case unknownCodec(UInt8)
    case badChecksum(stored: UInt32, computed: UInt32)
    /// A record's fields do not fill its length exactly, or one of its lengths is impossible.
    case badRecord(at: Int)
    /// A varint longer than its type.
    case badVarint(at: Int)
    /// More records announced than bytes could hold, or fewer than there are.
    case badCount(Int32)
    /// The compressed bytes are damaged, cut, or not of this codec.
    case undecodable(Codec)
    /// The records would take more than that once decompressed.
    case tooLarge(limit: Int)
}
