/// Joins CRC-32Cs: the checksum of `a + b` from those of `a` and `b` alone, whatever the length of `b`.
///
/// A load generator changes 40 bytes of a batch and leaves the 256 KiB behind them; so it need not read those again.
/// Appending n zero bytes is a linear map of the checksum's 32 bits; this holds its matrix for one n, made by squaring.
/// Source: Mark Adler's method in zlib's `crc32_combine`.
package struct ChecksumShift: Sendable {
    /// What becomes of each single bit.
    private var columns: [UInt32]

    /// - Parameter byteCount: the length of `b`.
    package init(byteCount: Int) {
        // One zero bit: shift right, reduced by the reflected Castagnoli polynomial.
        var power: [UInt32] = [0x82f6_3b78] + (0..<31).map { 1 << $0 }
        columns = (0..<32).map { 1 << $0 }
        var bits = byteCount * 8
        while bits > 0 {
            if bits & 1 == 1 { columns = columns.map { Self.apply(power, $0) } }
            power = power.map { Self.apply(power, $0) }
            bits >>= 1
        }
    }

    /// The checksum of `a + b`.
    package func join(_ a: UInt32, _ b: UInt32) -> UInt32 { Self.apply(columns, a) ^ b }

    private static func apply(_ columns: [UInt32], _ value: UInt32) -> UInt32 {
        var sum: UInt32 = 0
        var left = value
        while left != 0 {
            sum ^= columns[left.trailingZeroBitCount]
            left &= left - 1
        }
        return sum
    }
}
