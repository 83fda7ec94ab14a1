import CChecksums

/// CRC-32C (Castagnoli) by the machine's own instructions where it has them: about 20 GB/s from 16 KiB up.
///
/// - Parameter seed: the checksum of the bytes before these, to go on from there; 0 at the start.
package func crc32c(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
    checksums_crc32c(seed, bytes.baseAddress, bytes.count)
}

/// The same over a span.
package func crc32c(_ bytes: RawSpan, seed: UInt32 = 0) -> UInt32 {
    bytes.withUnsafeBytes { crc32c($0, seed: seed) }
}

/// Whether a batch's bytes are those its producer (or the broker that patched it) summed up.
///
/// - Parameter batch: at least `header.sizeInBytes`; what lies behind them is not looked at. False when shorter.
package func batchChecksumHolds(_ batch: RawSpan, header: BatchHeader) -> Bool {
    guard batch.byteCount >= header.sizeInBytes else { return false }
    return crc32c(batch.extracting(BatchHeader.checksummedFrom..<header.sizeInBytes)) == header.crc
}

/// The same over raw memory.
package func batchChecksumHolds(_ batch: UnsafeRawBufferPointer, header: BatchHeader) -> Bool {
    batchChecksumHolds(batch.bytes, header: header)
}
