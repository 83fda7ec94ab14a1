/// Patches base offset and leader epoch in place: both lie outside the checksum.
package func stamp(_ batch: UnsafeMutableRawBufferPointer, baseOffset: Int64, leaderEpoch: Int32) {
    store(baseOffset, batch, 0)
    store(leaderEpoch, batch, 12)
}

extension BatchHeader {
    /// Makes a LogAppendTime batch of it, in place: every record has `now` for its timestamp. The checksum is made anew.
    mutating func setLogAppendTime(_ now: Int64, in batch: UnsafeMutableRawBufferPointer) {
        attributes |= 0x08
        maxTimestamp = now
        seal(batch)
    }

    /// Sets the maximum timestamp right where a producer got it wrong, in place. The checksum is made anew.
    mutating func setMaxTimestamp(_ timestamp: Int64, in batch: UnsafeMutableRawBufferPointer) {
        maxTimestamp = timestamp
        seal(batch)
    }
}
