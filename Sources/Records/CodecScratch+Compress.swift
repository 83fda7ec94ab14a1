import CLZ4
import CSnappy
import CZlib
import CZstd
import Vocabulary

extension CodecScratch {
    /// The most that `count` bytes can become.
    static func compressedBytesMax(_ codec: Codec, _ count: Int) -> Int {
        switch codec {
        case .none: return count
        // As zlib's own bound reckons for its usual window, with room for the framing.
        case .gzip: return count + count >> 12 + count >> 14 + count >> 25 + 64
        case .snappy:
            let blocks = (count + SnappyFraming.blockBytes - 1) / SnappyFraming.blockBytes
            let blockMax = 4 + snappy_max_compressed_length(SnappyFraming.blockBytes)
            return SnappyFraming.headerByteCount + blocks * blockMax
        case .lz4:
            var preferences = lz4Preferences(level: Codec.lz4.defaultLevel)
            return LZ4F_compressFrameBound(count, &preferences)
        case .zstd: return ZSTD_compressBound(count)
        }
    }

    /// Compresses into `out`, which is `compressedBytesMax` large.
    ///
    /// - Returns: how many bytes it became.
    func compress(
        _ input: UnsafeRawBufferPointer, _ codec: Codec, level: Int32, into out: UnsafeMutableRawBufferPointer
    ) -> Int {
        switch codec {
        case .none:
            out.copyMemory(from: input)
            return input.count
        case .gzip: return gzip(input, level: level, into: out)
        case .snappy: return snappy(input, into: out)
        case .lz4:
            var preferences = Self.lz4Preferences(level: level)
            let count = LZ4F_compressFrame(
                out.baseAddress, out.count, input.baseAddress, input.count, &preferences)
            invariant(LZ4F_isError(count) == 0, "lz4 cannot compress \(input.count) bytes")
            return count
        case .zstd:
            let encoder = zstdFrameEncoder(level: level)
            let count = ZSTD_compress2(encoder, out.baseAddress, out.count, input.baseAddress, input.count)
            invariant(ZSTD_isError(count) == 0, "zstd cannot compress \(input.count) bytes")
            return count
        }
    }

    private func gzip(
        _ input: UnsafeRawBufferPointer, level: Int32, into out: UnsafeMutableRawBufferPointer
    ) -> Int {
        guard let stream = gzipEncoder(level: level) else {
            invariantFailed("zlib has no encoder of level \(level)")
        }
        stream.pointee.next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?
            .assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = out.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(out.count)
        let result = deflate(stream, Z_FINISH)
        invariant(
            result == Z_STREAM_END, "zlib stopped at \(result) with \(stream.pointee.avail_out) bytes of room"
        )
        return out.count - Int(stream.pointee.avail_out)
    }

    private func snappy(_ input: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer) -> Int {
        out.copyBytes(from: SnappyFraming.magic)
        store(Int32(1), out, 8)
        store(Int32(1), out, 12)
        var used = SnappyFraming.headerByteCount
        for start in stride(from: 0, to: input.count, by: SnappyFraming.blockBytes) {
            let block = UnsafeRawBufferPointer(
                rebasing: input[start..<min(start + SnappyFraming.blockBytes, input.count)])
            let place = UnsafeMutableRawBufferPointer(rebasing: out[(used + 4)...])
            var count = place.count
            let result = snappy_compress(
                block.assumingMemoryBound(to: CChar.self).baseAddress, block.count,
                place.assumingMemoryBound(to: CChar.self).baseAddress, &count)
            invariant(result == SNAPPY_OK, "snappy cannot compress \(block.count) bytes")
            store(Int32(count), out, used)
            used += 4 + count
        }
        return used
    }

    /// Blocks of 64 KiB, each on its own: Kafka's Java reader knows no others.
    ///
    /// Kafka takes the fast compressor at the default level, 9, and the high one at all others (KIP-390); lz4's own
    /// levels are the high compressor's from 3 up.
    private static func lz4Preferences(level: Int32) -> LZ4F_preferences_t {
        var preferences = LZ4F_preferences_t()
        preferences.frameInfo.blockSizeID = LZ4F_max64KB
        preferences.frameInfo.blockMode = LZ4F_blockIndependent
        preferences.compressionLevel = level == Codec.lz4.defaultLevel ? 0 : max(level, 3)
        return preferences
    }
}
