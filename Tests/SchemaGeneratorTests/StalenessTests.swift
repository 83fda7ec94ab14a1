import Foundation
import SchemaGenerator
import Testing

/// The committed sources are what the committed schemas make.
struct StalenessTests {
    private static let messages = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("../../Sources/Messages").standardized

    private static func names(in folder: URL, ending: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(ending) }
            .sorted()
    }

    @Test func `Sources/Messages is up to date with its schemas`() throws {
        let folder = Self.messages.appendingPathComponent("Schemas")
        let schemas = try Self.names(in: folder, ending: ".schema").map { name in
            (name: name, text: try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8))
        }
        #expect(schemas.count > 100)
        let generated = try Generator.generate(schemas)
        var stale: [String] = []
        for file in generated {
            let committed = try? String(
                contentsOf: Self.messages.appendingPathComponent(file.name), encoding: .utf8)
            if committed != file.text { stale.append(file.name) }
        }
        let known = Set(generated.map(\.name))
        for name in try Self.names(in: Self.messages, ending: ".swift") where !known.contains(name) {
            let text = try String(contentsOf: Self.messages.appendingPathComponent(name), encoding: .utf8)
            if text.hasPrefix(Generator.mark) { stale.append(name) }
        }
        #expect(stale.isEmpty, "stale, run: swift run schemagen")
    }
}
