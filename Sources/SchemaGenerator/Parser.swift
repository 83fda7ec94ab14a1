/// Reads a schema file. A line is a declaration or a field; two spaces of indentation put it below another;
/// `#` begins a comment, which goes to the declaration that follows.
package struct Parser {
    private struct Line {
        let number: Int
        let depth: Int
        let words: [Substring]
        let comment: [String]
    }

    private let file: String
    private var lines: [Line] = []
    private var next = 0

    private init(file: String) { self.file = file }

    package static func parse(_ text: String, file: String) throws(SchemaError) -> SchemaFile {
        var parser = Parser(file: file)
        try parser.split(text)
        return try parser.parseFile()
    }

    private mutating func split(_ text: String) throws(SchemaError) {
        var comment: [String] = []
        var number = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            let content = line.drop { $0 == " " }
            let indentation = line.count - content.count
            if content.isEmpty { continue }
            if content.hasPrefix("#") {
                comment.append(String(content.dropFirst().drop { $0 == " " }))
                continue
            }
            guard indentation % 2 == 0 else { throw error(number, "odd indentation") }
            let words = content.split(separator: " ")
            lines.append(Line(number: number, depth: indentation / 2, words: words, comment: comment))
            comment = []
        }
    }

    private mutating func parseFile() throws(SchemaError) -> SchemaFile {
        var result = SchemaFile(name: file)
        while next < lines.count {
            let line = lines[next]
            guard line.depth == 0 else { throw error(line.number, "indented below nothing") }
            if line.words[0] == "api" {
                guard result.api == nil, line.words.count >= 3, let key = Int(line.words[1]) else {
                    throw error(line.number, "expected one 'api NUMBER NAME'")
                }
                result.api = ApiLine(line: line.number, key: key, name: String(line.words[2]))
                next += 1
            } else {
                result.messages.append(try parseMessage())
            }
        }
        return result
    }

    private mutating func parseMessage() throws(SchemaError) -> MessageLine {
        let line = lines[next]
        next += 1
        guard let kind = MessageLine.Kind(rawValue: String(line.words[0])) else {
            throw error(line.number, "unknown declaration '\(line.words[0])'")
        }
        var words = line.words.dropFirst()
        var recordType: Int?
        if kind == .coordinatorKey || kind == .coordinatorValue {
            guard words.popFirst() == "type", let type = words.popFirst().flatMap({ Int($0) }) else {
                throw error(line.number, "expected 'type NUMBER' after '\(kind.rawValue)'")
            }
            recordType = type
        }
        guard let name = words.popFirst(), words.popFirst() == "versions",
            let versions = words.popFirst().flatMap(VersionRange.init), words.popFirst() == "flexible",
            let flexible = words.popFirst().flatMap(VersionRange.init),
            words.isEmpty || words == ["unstable-latest"]
        else {
            throw error(line.number, "expected '\(kind.rawValue) NAME versions VERSIONS flexible VERSIONS'")
        }
        var message = MessageLine(
            line: line.number, kind: kind, name: String(name), versions: versions, flexible: flexible,
            isLatestUnstable: !words.isEmpty, recordType: recordType, comment: line.comment)
        while next < lines.count, lines[next].depth > 0 {
            let line = lines[next]
            guard line.depth == 1 else { throw error(line.number, "indented too far") }
            if line.words[0] == "struct" {
                guard line.words.count == 3, VersionRange(line.words[2]) != nil else {
                    throw error(line.number, "expected 'struct NAME VERSIONS'")
                }
                next += 1
                let fields = try parseFields(depth: 2)
                message.structs.append(
                    StructLine(line: line.number, name: String(line.words[1]), fields: fields))
            } else {
                message.fields.append(try parseField())
            }
        }
        return message
    }

    private mutating func parseFields(depth: Int) throws(SchemaError) -> [FieldLine] {
        var fields: [FieldLine] = []
        while next < lines.count, lines[next].depth >= depth {
            guard lines[next].depth == depth else { throw error(lines[next].number, "indented too far") }
            fields.append(try parseField())
        }
        return fields
    }

    private mutating func parseField() throws(SchemaError) -> FieldLine {
        let line = lines[next]
        next += 1
        var words = line.words[...]
        let name = words.removeFirst()
        guard name.hasSuffix(":"), name.count > 1, let type = words.popFirst(),
            let versionText = words.popFirst()
        else { throw error(line.number, "expected 'NAME: TYPE VERSIONS'") }
        guard let versions = VersionRange(versionText) else {
            throw error(line.number, "'\(versionText)' is not a range of versions")
        }
        let isArray = type.hasPrefix("[]")
        var field = FieldLine(
            line: line.number, name: String(name.dropLast()), isArray: isArray,
            typeName: String(isArray ? type.dropFirst(2) : type), versions: versions, comment: line.comment)
        while let word = words.popFirst() {
            switch word {
            case "nullable":
                guard let range = words.popFirst().flatMap(VersionRange.init) else {
                    throw error(line.number, "expected versions after 'nullable'")
                }
                field.nullable = range
            case "tag":
                guard let number = words.popFirst().flatMap({ Int($0) }), words.popFirst() == "from",
                    let range = words.popFirst().flatMap(VersionRange.init)
                else { throw error(line.number, "expected 'tag NUMBER from VERSIONS'") }
                field.tag = (number, range)
            case "ignorable": field.isIgnorable = true
            case "key": break  // Says that elements are looked up by it; arrays serve us.
            case "flexible":
                guard words.popFirst() == "none" else { throw error(line.number, "expected 'flexible none'") }
            case "=":
                guard let text = words.popFirst() else {
                    throw error(line.number, "expected a value after '='")
                }
                field.defaultText = String(text)
            default: throw error(line.number, "unknown word '\(word)'")
            }
        }
        field.fields = try parseFields(depth: line.depth + 1)
        return field
    }

    private func error(_ line: Int, _ message: String) -> SchemaError {
        SchemaError(file: file, line: line, message: message)
    }
}
