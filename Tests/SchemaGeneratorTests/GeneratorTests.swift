import Foundation
import Testing

@testable import SchemaGenerator

struct GeneratorTests {
    static let heartbeat = """
        api 12 Heartbeat listeners broker

        # Says that a member lives.
        request HeartbeatRequest versions 0-4 flexible 4+
          groupId: string 0+
          # Which round of the group this is.
          generationId: int32 0+
          groupInstanceId: string 3+ nullable 3+ = null

        response HeartbeatResponse versions 0-4 flexible 4+
          throttleTimeMs: int32 1+ ignorable
          errorCode: int16 0+
        """

    @Test func `a message becomes a struct that covers all its versions`() throws {
        let files = try Generator.generate([("012-Heartbeat.schema", Self.heartbeat)])
        #expect(files.map(\.name) == ["Heartbeat.swift", "ApiKey.swift", "MessageCatalog.swift"])
        let text = try #require(files.first?.text)
        #expect(text.hasPrefix(Generator.mark))
        for line in [
            "package import Wire",
            "/// Says that a member lives.",
            "package struct HeartbeatRequest: RequestMessage {",
            "    package typealias Response = HeartbeatResponse",
            "    package static var apiKey: Int16 { 12 }",
            "    package static var validVersions: ClosedRange<Int16> { 0...4 }",
            "    package static var flexibleFrom: Int16 { 4 }",
            "    /// Which round of the group this is.",
            "    package var generationId: Int32 = 0",
            "    package var groupInstanceId: String? = nil  // 3+",
            "        let flexible: Bool = version >= 4",
            "        self.groupId = try readString(frame, &at, flexible: flexible, \"HeartbeatRequest.groupId\")",
        ] {
            #expect(text.split(separator: "\n").contains(Substring(line)), "no line: \(line)")
        }
        #expect(!text.contains("Vocabulary"))
    }

    @Test func `structures know the versions in which they are met`() throws {
        let files = try Generator.generate([
            (
                "X.schema",
                """
                data X versions 0-5 flexible none
                  items: []Item 3+
                    id: uuid 3+
                    note: int8 4+
                """
            )
        ])
        let text = try #require(files.first { $0.name == "XRecord.swift" }?.text)
        #expect(text.contains("elementSizeMin: 16"))
        #expect(text.contains("package import Vocabulary"))
        #expect(text.contains("            self.id = try readUUID(frame, &at, \"X.items.id\")"))
        #expect(text.contains("            if version >= 4 {"))
        #expect(!text.contains("skipTags"))
    }

    @Test func `tagged fields are written in the order of their tags`() throws {
        let files = try Generator.generate([
            (
                "X.schema",
                """
                data X versions 0-1 flexible 1+
                  b: int64 1+ tag 1 from 1+ = -1
                  a: string 1+ nullable 1+ tag 0 from 1+ = null
                """
            )
        ])
        let text = try #require(files.first { $0.name == "XRecord.swift" }?.text)
        let first = try #require(text.range(of: "writeTag(0, byteCount: nullableStringSize("))
        let second = try #require(text.range(of: "writeTag(1, byteCount: 8"))
        #expect(first.lowerBound < second.lowerBound)
    }

    @Test(arguments: [
        ("data X versions 0 flexible none\n  a: strin 0+", "X.schema:2: unknown type 'strin'"),
        ("data X versions 0 flexible none\n  a string 0+", "X.schema:2: expected 'NAME: TYPE VERSIONS'"),
        ("data X versions 0 flexible none\n  a: string x+", "X.schema:2: 'x+' is not a range of versions"),
        ("data X versions 0 flexible none\n   a: string 0+", "X.schema:2: odd indentation"),
        ("data X versions 0 flexible none\n    a: string 0+", "X.schema:2: indented too far"),
        ("  a: string 0+", "X.schema:1: indented below nothing"),
        ("dota X versions 0 flexible none", "X.schema:1: unknown declaration 'dota'"),
        ("data X versions 0", "X.schema:1: expected 'data NAME versions VERSIONS flexible VERSIONS'"),
        ("data X versions 0+ flexible none", "X.schema:1: versions of a message need a first and a last"),
        (
            "data X versions 0 flexible none\n\n  a: int8 0+ = 128",
            "X.schema:3: '128' is not a value of type 'int8'"
        ),
        (
            "data X versions 0 flexible none\n  a: int8 0+ = null",
            "X.schema:2: 'a' is null by default, but never"
        ),
        ("data X versions 0 flexible none\n  a: int8 0+ nullable 0+", "X.schema:2: 'int8' cannot be null"),
        ("data X versions 0 flexible none\n  a: int8 0+ shiny", "X.schema:2: unknown word 'shiny'"),
        (
            "data X versions 0 flexible none\n  a: int8 0+\n  a: int8 0+",
            "X.schema:3: field 'a' exists already"
        ),
        (
            "data X versions 0 flexible none\n  a: int8 0+ tag 0 from 0+",
            "X.schema:2: a tag needs a flexible version"
        ),
        (
            "data X versions 0 flexible 0+\n  a: int8 0+ tag 0 from 0+\n  b: int8 0+ tag 0 from 0+",
            "X.schema:3: tag 0 exists already"
        ),
        (
            "data X versions 0 flexible none\n  a: []A 0+\n  struct A 0+\n    b: []A 0+",
            "X.schema:4: structure 'A' contains itself"
        ),
        (
            "data X versions 0-1 flexible none\n  a: []A 0+\n    b: int8 1+",
            "X.schema:2: elements of 'a' can be empty"
        ),
        (
            "api 1 X listeners broker\nrequest XRequest versions 0 flexible none",
            "X.schema:1: an api has one request and one response"
        ),
    ])
    func `a mistake is told with its place`(text: String, message: String) {
        let error = #expect(throws: SchemaError.self) { try Generator.generate([("X.schema", text)]) }
        #expect(error?.description == message)
    }
}
