import Ports

/// Room in front of the writer. Hints all of it: an append that finds none makes the file longer as it goes.
extension Log {
    func reserveAhead() {
        if config.fillsAhead { fillAhead() } else { setBlocksAside() }
    }

    /// Sets blocks aside in front of the writer: appends into them cost a fifth to a third less (measured on ext4).
    private func setBlocksAside() {
        let segment = active
        let step = config.reserveStepBytes
        guard step > 0, segment.size >= step / 16, segment.size + step / 4 > segment.reservedUpTo else {
            return
        }
        let ahead = segment.size >= 16 * step ? 4 * step : step
        let upTo = min(config.segmentBytes, segment.size + ahead)
        guard upTo > segment.reservedUpTo else { return }
        disk.reserve(segment.log, upTo: upTo)
        segment.reservedUpTo = upTo
    }

    /// So far the file is filled: a quarter of the segment's size, within these bounds.
    private static var fillBytes: ClosedRange<Int64> { 16 << 10...1 << 20 }
    private static let zeros = [UInt8](repeating: 0, count: Int(fillBytes.lowerBound))

    /// Fills the file with zeros in front of the writer, when less than half of them are left.
    ///
    /// Where they cannot be written, for want of room above all, nothing is lost, and it is tried again only when as much has been
    /// appended. A disk that fails will say so at the next append or sync.
    private func fillAhead() {
        let segment = active
        let ahead = min(max(segment.size / 4, Self.fillBytes.lowerBound), Self.fillBytes.upperBound)
        guard segment.size + ahead / 2 > segment.reservedUpTo else { return }
        let from = max(segment.size, segment.reservedUpTo)
        let upTo = min(config.segmentBytes, segment.size + ahead)
        guard upTo > from else { return }
        Self.zeros.withUnsafeBytes { zeros in
            let count = Int(upTo - from)
            var pieces = Array(repeating: zeros, count: count / zeros.count)
            pieces.append(UnsafeRawBufferPointer(rebasing: zeros[..<(count % zeros.count)]))
            try? disk.write(pieces, to: segment.log, at: from)
        }
        segment.reservedUpTo = upTo
    }
}
