import Foundation
import Messages
import Testing

@testable import Broker

/// The README's table of APIs is made from what is served; a row that is missing or wrong fails here.
struct ReadmeTests {
    @Test func `the README tells the APIs and versions that are served`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let readme = try String(contentsOf: root.appending(path: "README.md").standardized, encoding: .utf8)
        let rows = readme.split(separator: "\n").filter { $0.hasPrefix("| ") && $0.contains("–") }
        let expected = ServedAPIs.all.map { api in
            let versions = ServedAPIs.advertised(api)
            let note = api == .produce ? " (0–2 answered with UNSUPPORTED_VERSION)" : ""
            return "| \(api.name) | \(api.rawValue) | \(versions.lowerBound)–\(versions.upperBound)\(note) |"
        }
        #expect(rows.map(String.init) == expected)
    }
}
