import Foundation
import Messages
import Testing
import Vocabulary
import Wire

/// Frames as no honest peer writes them: an error or a message, never a trap, and never much memory.
struct HostileFrameTests {
    @Test func `a frame cut at any byte is an error that names a field`() throws {
        #expect(GoldenFrame.all.count > 2000)
        for frame in GoldenFrame.all {
            for end in 0..<frame.bytes.count {
                guard
                    let error = Self.read(
                        frame.type, frame.bytes.span.bytes.extracting(0..<end), frame.version)
                else {
                    Issue.record(
                        "\(frame.type) v\(frame.version) cut at \(end) of \(frame.bytes.count) is read")
                    continue
                }
                if error.field.isEmpty || error.position > end { Issue.record("\(frame.type): \(error)") }
            }
        }
    }

    /// Wherever the length fields are, one of these hits them.
    @Test(
        arguments: [
            [0x7F, 0xFF, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0xFF], [0x80, 0, 0, 0], [0x7F, 0xFF],
            [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        ] as [[UInt8]])
    func `a length raised anywhere does no harm`(damage: [UInt8]) throws {
        let before = Self.residentPeakBytes()
        for frame in GoldenFrame.all where frame.bytes.count < 160 {
            for place in 0..<frame.bytes.count {
                var bytes = frame.bytes
                for (index, byte) in damage.enumerated() where place + index < bytes.count {
                    bytes[place + index] = byte
                }
                Self.readAndCheck(frame.type, bytes, frame.version)
            }
        }
        #expect(Self.residentPeakBytes() - before < 64 << 20)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>) func `random bytes do no harm`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for type in GoldenFrame.everyType {
            for version in type.validVersions {
                for _ in 0..<4 {
                    // Small bytes make plausible lengths, and so go deeper.
                    let most: UInt8 = Bool.random(using: &generator) ? 255 : 4
                    let count = Int.random(in: 0...200, using: &generator)
                    let bytes = (0..<count).map { _ in UInt8.random(in: 0...most, using: &generator) }
                    Self.readAndCheck(type, bytes, version)
                }
            }
        }
    }

    /// The worst that a megabyte can do: as many of the smallest elements as its count may claim.
    @Test func `a megabyte of zeros makes no mountain`() {
        let before = Self.residentPeakBytes()
        for type in GoldenFrame.everyType {
            for version in [type.validVersions.lowerBound, type.validVersions.upperBound] {
                var bytes = [UInt8](repeating: 0, count: 1 << 20)
                _ = Self.read(type, bytes.span.bytes, version)
                for place in 0..<24 {
                    let old = Array(bytes[place..<place + 4])
                    bytes.replaceSubrange(place..<place + 4, with: [0, 0, 0x40, 0])
                    _ = Self.read(type, bytes.span.bytes, version)
                    bytes.replaceSubrange(place..<place + 4, with: old)
                }
            }
        }
        #expect(Self.residentPeakBytes() - before < 128 << 20)
    }

    private static func read<M: VersionedMessage>(_ type: M.Type, _ frame: RawSpan, _ version: Int16)
        -> WireError?
    {
        do throws(WireError) {
            var at = 0
            _ = try M(frame, &at, version: version)
            return nil
        } catch {
            return error
        }
    }

    /// Reads; and what could be read must be writable, and read the same again.
    private static func readAndCheck<M: VersionedMessage>(_ type: M.Type, _ bytes: [UInt8], _ version: Int16)
    {
        do throws(WireError) {
            var at = 0
            let message = try M(bytes.span.bytes, &at, version: version)
            let again = message.encoded(version: version)
            at = 0
            let copy = try M(again.span.bytes, &at, version: version)
            if at != again.count || copy.encoded(version: version) != again {
                Issue.record("\(M.self) v\(version) is read otherwise than written: \(bytes)")
            }
        } catch {
            if error.field.isEmpty || error.position > bytes.count { Issue.record("\(M.self): \(error)") }
        }
    }

    private static func residentPeakBytes() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Int(usage.ru_maxrss) * 1024
    }
}
