import Foundation
import SchemaGenerator

// Rewrites Sources/Messages/*.swift from Sources/Messages/Schemas/*.schema. Run it from the package's folder:
// swift run schemagen

let messages = URL(fileURLWithPath: CommandLine.arguments.dropFirst().first ?? "Sources/Messages")
let schemas = messages.appendingPathComponent("Schemas")

do {
    let files = FileManager.default
    let names = try files.contentsOfDirectory(atPath: schemas.path).filter { $0.hasSuffix(".schema") }
    let texts = try names.map { name in
        (name: name, text: try String(contentsOf: schemas.appendingPathComponent(name), encoding: .utf8))
    }
    let generated = try Generator.generate(texts)

    // Files of schemas that are gone go too; those written by hand stay.
    let kept = Set(generated.map(\.name))
    for name in try files.contentsOfDirectory(atPath: messages.path) where name.hasSuffix(".swift") {
        let file = messages.appendingPathComponent(name)
        let isGenerated = try String(contentsOf: file, encoding: .utf8).hasPrefix(Generator.mark)
        if isGenerated, !kept.contains(name) { try files.removeItem(at: file) }
    }
    var written = 0
    for file in generated {
        let place = messages.appendingPathComponent(file.name)
        if let old = try? String(contentsOf: place, encoding: .utf8), old == file.text { continue }
        try file.text.write(to: place, atomically: true, encoding: .utf8)
        written += 1
    }
    print("\(generated.count) files, \(written) of them changed")
} catch {
    FileHandle.standardError.write(Data("schemagen: \(error)\n".utf8))
    exit(1)
}
