import CLZ4
import CSnappy
import CZlib
import CZstd

extension CodecScratch {
    /// What one call into a codec did.
    private typealias Step = (consumed: Int, produced: Int, frameEnded: Bool)

    /// Decompresses into this scratch's buffer; the bytes are good until it is next used.
    ///
    /// Sizes that the input claims are not believed: the buffer grows with what really comes out, and never beyond
    /// `limit`. Several frames or members, one after the other, are let pass, as the usual readers do.
    /// - Throws: `undecodable` (damaged, cut), `tooLarge`.
    func decompress(
        _ input: UnsafeRawBufferPointer, _ codec: Codec, limit: Int
    ) throws(RecordError) -> UnsafeRawBufferPointer {
        switch codec {
        case .none: return input
        case .gzip: return try gunzip(input, limit: limit)
        case .snappy: return try unsnappy(input, limit: limit)
        case .lz4: return try unlz4(input, limit: limit)
        case .zstd: return try unzstd(input, limit: limit)
        }
    }

    private func gunzip(_ input: UnsafeRawBufferPointer, limit: Int) throws(RecordError)
        -> UnsafeRawBufferPointer
    {
        guard let stream = gzipDecoder() else { throw .undecodable(.gzip) }
        return try pump(input, .gzip, limit: limit) { input, output throws(RecordError) in
            let most = Int(UInt32.max)
            let (given, room) = (min(input.count, most), min(output.count, most))
            stream.pointee.next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?
                .assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_in = UInt32(given)
            stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(room)
            let result = inflate(stream, Z_NO_FLUSH)
            guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
                throw .undecodable(.gzip)
            }
            if result == Z_STREAM_END { inflateReset(stream) }
            return (
                given - Int(stream.pointee.avail_in), room - Int(stream.pointee.avail_out),
                result == Z_STREAM_END
            )
        }
    }

    private func unlz4(_ input: UnsafeRawBufferPointer, limit: Int) throws(RecordError)
        -> UnsafeRawBufferPointer
    {
        guard let decoder = lz4FrameDecoder() else { throw .undecodable(.lz4) }
        return try pump(input, .lz4, limit: limit) { input, output throws(RecordError) in
            var consumed = input.count
            var produced = output.count
            let result = LZ4F_decompress(
                decoder, output.baseAddress, &produced, input.baseAddress, &consumed, nil)
            guard LZ4F_isError(result) == 0 else { throw .undecodable(.lz4) }
            return (consumed, produced, result == 0)
        }
    }

    private func unzstd(_ input: UnsafeRawBufferPointer, limit: Int) throws(RecordError)
        -> UnsafeRawBufferPointer
    {
        guard let decoder = zstdFrameDecoder() else { throw .undecodable(.zstd) }
        return try pump(input, .zstd, limit: limit) { input, output throws(RecordError) in
            var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
            var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
            let result = ZSTD_decompressStream(decoder, &target, &source)
            guard ZSTD_isError(result) == 0 else { throw .undecodable(.zstd) }
            return (source.pos, target.pos, result == 0)
        }
    }

    /// Feeds a codec until the input is used up at a frame's end.
    private func pump(
        _ input: UnsafeRawBufferPointer, _ codec: Codec, limit: Int,
        _ step: (UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer) throws(RecordError) -> Step
    ) throws(RecordError) -> UnsafeRawBufferPointer {
        var at = 0
        var used = 0
        // One byte more than the limit shows that there is more.
        reserve(min(limit + 1, max(4096, input.count * 4)), keeping: 0)
        while true {
            if used == output.count { reserve(min(limit + 1, output.count * 2), keeping: used) }
            let done = try step(
                UnsafeRawBufferPointer(rebasing: input[at...]),
                UnsafeMutableRawBufferPointer(rebasing: output[used...]))
            at += done.consumed
            used += done.produced
            guard used <= limit else { throw .tooLarge(limit: limit) }
            if done.frameEnded && at == input.count {
                return UnsafeRawBufferPointer(rebasing: output[..<used])
            }
            // Neither eats nor gives: the input is cut.
            guard done.consumed > 0 || done.produced > 0 else { throw .undecodable(codec) }
        }
    }

    /// Snappy as Kafka's clients write it (blocks in the framing of snappy-java), or one bare block.
    private func unsnappy(_ input: UnsafeRawBufferPointer, limit: Int) throws(RecordError)
        -> UnsafeRawBufferPointer
    {
        var used = 0
        guard SnappyFraming.begins(input) else {
            try unsnappyBlock(input, &used, limit: limit)
            return UnsafeRawBufferPointer(rebasing: output[..<used])
        }
        var at = 0
        while at < input.count {
            let rest = UnsafeRawBufferPointer(rebasing: input[at...])
            if SnappyFraming.begins(rest) {  // At the start, and again where two streams were put together.
                at += SnappyFraming.headerByteCount
                continue
            }
            guard rest.count >= 4 else { throw .undecodable(.snappy) }
            let count = Int(UInt32(bigEndian: rest.loadUnaligned(as: UInt32.self)))
            guard count <= rest.count - 4 else { throw .undecodable(.snappy) }
            try unsnappyBlock(UnsafeRawBufferPointer(rebasing: rest[4..<4 + count]), &used, limit: limit)
            at += 4 + count
        }
        return UnsafeRawBufferPointer(rebasing: output[..<used])
    }

    private func unsnappyBlock(
        _ block: UnsafeRawBufferPointer, _ used: inout Int, limit: Int
    ) throws(RecordError) {
        let bytes = block.assumingMemoryBound(to: CChar.self).baseAddress
        var count = 0
        guard snappy_uncompressed_length(bytes, block.count, &count) == SNAPPY_OK else {
            throw .undecodable(.snappy)
        }
        // The densest element makes 64 bytes of three: a larger claim is a lie, and is not given memory.
        guard count <= block.count * 22 else { throw .undecodable(.snappy) }
        guard count <= limit - used else { throw .tooLarge(limit: limit) }
        if used + count > output.count {
            reserve(max(used + count, min(limit, output.count * 2)), keeping: used)
        }
        var produced = output.count - used
        let place = output.baseAddress.map { ($0 + used).assumingMemoryBound(to: CChar.self) }
        guard snappy_uncompress(bytes, block.count, place, &produced) == SNAPPY_OK else {
            throw .undecodable(.snappy)
        }
        used += produced
    }
}

/// The framing of snappy-java ("xerial"): a header, then blocks with a four-byte length (big-endian) before each.
enum SnappyFraming {
    static let magic: [UInt8] = [0x82, 0x53, 0x4E, 0x41, 0x50, 0x50, 0x59, 0x00]
    /// Magic, then version and oldest compatible version, both 1, four bytes each.
    static let headerByteCount = 16
    /// What a block holds, uncompressed, when we write it.
    static let blockBytes = 32 * 1024

    static func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= headerByteCount && bytes.prefix(magic.count).elementsEqual(magic)
    }
}
