import CLZ4
import CZlib
import CZstd

/// The codecs' working memory: their contexts, and the buffer that decompressed records lie in.
///
/// To be kept and used again where many batches pass: a context costs from 40 KiB to some megabytes to set up. Each is
/// made when first needed. One owner at a time; a loop has one.
package final class CodecScratch {
    /// Above this, memory is given back after use: a single large batch must not weigh on a loop for ever.
    static let keptBytesMax = 4 << 20

    private(set) var output = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var inflater: UnsafeMutablePointer<z_stream>?
    private var deflater: (stream: UnsafeMutablePointer<z_stream>, level: Int32)?
    private var lz4Decoder: OpaquePointer?
    private var zstdDecoder: OpaquePointer?
    private var zstdEncoder: OpaquePointer?

    package init() {}

    deinit {
        output.deallocate()
        if let inflater {
            inflateEnd(inflater)
            inflater.deallocate()
        }
        endDeflater()
        if let lz4Decoder { LZ4F_freeDecompressionContext(lz4Decoder) }
        if let zstdDecoder { ZSTD_freeDCtx(zstdDecoder) }
        if let zstdEncoder { ZSTD_freeCCtx(zstdEncoder) }
    }

    /// Makes the output buffer at least `count` bytes large; its first `used` bytes stay.
    func reserve(_ count: Int, keeping used: Int) {
        guard output.count < count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: output[..<used]))
        output.deallocate()
        output = larger
    }

    /// To be called once the decompressed bytes are done with.
    func trim() {
        if output.count > Self.keptBytesMax {
            output.deallocate()
            output = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        }
        if let decoder = zstdDecoder, ZSTD_sizeof_DCtx(decoder) > Self.keptBytesMax {
            ZSTD_freeDCtx(decoder)
            zstdDecoder = nil
        }
    }

    /// A decompressor of gzip, at the start of a member. Nil when memory is out.
    func gzipDecoder() -> UnsafeMutablePointer<z_stream>? {
        if let inflater {
            inflateReset(inflater)
            return inflater
        }
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 is the largest window; 16 more asks for gzip's framing.
        guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            stream.deallocate()
            return nil
        }
        inflater = stream
        return stream
    }

    /// A compressor of gzip at that level, at the start of a member.
    func gzipEncoder(level: Int32) -> UnsafeMutablePointer<z_stream>? {
        if let deflater, deflater.level == level {
            deflateReset(deflater.stream)
            return deflater.stream
        }
        endDeflater()
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        guard
            deflateInit2_(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
                == Z_OK
        else {
            stream.deallocate()
            return nil
        }
        deflater = (stream, level)
        return stream
    }

    /// A decompressor of lz4 frames, at the start of one.
    func lz4FrameDecoder() -> OpaquePointer? {
        if lz4Decoder == nil { _ = LZ4F_createDecompressionContext(&lz4Decoder, UInt32(LZ4F_VERSION)) }
        if let lz4Decoder { LZ4F_resetDecompressionContext(lz4Decoder) }
        return lz4Decoder
    }

    /// A decompressor of zstd frames, at the start of one.
    func zstdFrameDecoder() -> OpaquePointer? {
        if zstdDecoder == nil { zstdDecoder = ZSTD_createDCtx() }
        if let zstdDecoder { ZSTD_DCtx_reset(zstdDecoder, ZSTD_reset_session_only) }
        return zstdDecoder
    }

    /// A compressor of zstd frames.
    func zstdFrameEncoder(level: Int32) -> OpaquePointer? {
        if zstdEncoder == nil { zstdEncoder = ZSTD_createCCtx() }
        if let zstdEncoder {
            ZSTD_CCtx_reset(zstdEncoder, ZSTD_reset_session_and_parameters)
            ZSTD_CCtx_setParameter(zstdEncoder, ZSTD_c_compressionLevel, level)
        }
        return zstdEncoder
    }

    private func endDeflater() {
        guard let stream = deflater?.stream else { return }
        deflateEnd(stream)
        stream.deallocate()
        deflater = nil
    }
}
