import Records
package import Vocabulary

/// Fields of a finished batch that are set late, when it is sent; each write is followed by a new checksum.
package enum BatchPatch {
    /// The idempotent producer's mark (KIP-98): assigned when the batch is first sent, since its place in the
    /// partition's sequence is known only then.
    package static func setProducer(_ batch: inout [UInt8], id: Int64, epoch: Int16, sequence: Int32) {
        write(&batch) { out in
            out.storeBytes(of: id.bigEndian, toByteOffset: 43, as: Int64.self)
            out.storeBytes(of: epoch.bigEndian, toByteOffset: 51, as: Int16.self)
            out.storeBytes(of: sequence.bigEndian, toByteOffset: 53, as: Int32.self)
        }
    }

    /// All records of a batch whose timestamp deltas are zero get this time.
    package static func setTimestamp(_ batch: inout [UInt8], _ time: Timestamp) {
        write(&batch) { out in
            out.storeBytes(of: time.milliseconds.bigEndian, toByteOffset: 27, as: Int64.self)
            out.storeBytes(of: time.milliseconds.bigEndian, toByteOffset: 35, as: Int64.self)
        }
    }

    /// Changes anything behind the checksum and sums up anew.
    package static func write(_ batch: inout [UInt8], _ change: (UnsafeMutableRawBufferPointer) -> Void) {
        invariant(batch.count >= BatchHeader.byteCount, "a batch of \(batch.count) bytes")
        batch.withUnsafeMutableBytes { bytes in
            change(bytes)
            let crc = crc32c(UnsafeRawBufferPointer(rebasing: bytes[BatchHeader.checksummedFrom...]))
            bytes.storeBytes(of: crc.bigEndian, toByteOffset: 17, as: UInt32.self)
        }
    }

    /// `count` numbers after `sequence`; they go from 2^31 - 1 to 0.
    package static func advance(_ sequence: Int32, by count: Int32) -> Int32 { (sequence &+ count) & .max }
}
