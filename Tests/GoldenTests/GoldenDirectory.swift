import Foundation

/// Where the golden files lie: `GOLDEN_DIR`, or the project's own copies.
enum GoldenDirectory {
    static var isOurs: Bool { ProcessInfo.processInfo.environment["GOLDEN_DIR"] == nil }

    static var url: URL {
        if let path = ProcessInfo.processInfo.environment["GOLDEN_DIR"] { return URL(fileURLWithPath: path) }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")
    }

    /// The lines of a file, each one JSON object.
    static func lines(of name: String) throws -> [[String: Any]] {
        let data = try Data(contentsOf: url.appendingPathComponent(name))
        return try data.split(separator: UInt8(ascii: "\n")).map { line in
            guard let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any] else {
                throw CocoaError(.fileReadCorruptFile)
            }
            return object
        }
    }
}
