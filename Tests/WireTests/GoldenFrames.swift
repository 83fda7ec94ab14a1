import Foundation
import Messages
import Testing
import Wire

/// A frame that another implementation wrote, as something to damage.
struct GoldenFrame {
    let type: any VersionedMessage.Type
    let version: Int16
    let bytes: [UInt8]

    private struct Line: Decodable {
        let name: String
        let version: Int16
        let hex: String
    }

    /// Every message of the golden file, without headers.
    static let all: [GoldenFrame] = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../GoldenTests/Golden/messages.jsonl")
        let types = Dictionary(uniqueKeysWithValues: everyType.map { (String(describing: $0), $0) })
        guard let data = try? Data(contentsOf: file) else { return [] }
        return data.split(separator: UInt8(ascii: "\n")).compactMap { text in
            guard let line = try? JSONDecoder().decode(Line.self, from: Data(text)) else { return nil }
            guard let type = types[line.name] else { return nil }
            return GoldenFrame(type: type, version: line.version, bytes: bytes(Array(line.hex.utf8)))
        }
    }()

    static let everyType: [any VersionedMessage.Type] =
        MessageCatalog.requests.map { $0 as any VersionedMessage.Type } + MessageCatalog.responses
        + MessageCatalog.records

    private static func bytes(_ hex: [UInt8]) -> [UInt8] {
        func digit(_ character: UInt8) -> UInt8 { character < 58 ? character - 48 : character - 87 }
        return stride(from: 0, to: hex.count, by: 2).map { digit(hex[$0]) << 4 | digit(hex[$0 + 1]) }
    }
}
