/// A properties file in Java's notation: `name=value`, `name: value` or `name value`, `#` and `!` comments, a
/// backslash at the end of a line continues it, `\n`, `\t`, `\uXXXX` escapes.
///
/// Each property remembers its line, so that every complaint can say where.
package struct Properties: Sendable {
    package struct Property: Equatable, Sendable {
        package let name: String
        package let value: String
        /// Where it stands: `broker.properties:12`, or `--override`.
        package let place: String
    }

    package private(set) var properties: [Property] = []
    package private(set) var problems: [SettingsProblem] = []

    package init() {}

    /// - Parameter source: the file's name, for messages.
    package init(parsing text: String, source: String) {
        for (line, number) in Self.logicalLines(text) {
            let place = "\(source):\(number)"
            switch Self.split(line) {
            case .success(let pair): add(pair.name, pair.value, place)
            case .failure(let problem):
                problems.append(SettingsProblem(place: place, message: problem.message))
            }
        }
    }

    /// Later ones win over the file's.
    package mutating func override(_ assignment: String) {
        let place = "--override \(assignment)"
        guard let equals = assignment.firstIndex(of: "="), equals > assignment.startIndex else {
            problems.append(SettingsProblem(place: place, message: "expected NAME=VALUE"))
            return
        }
        let name = Self.trimmed(assignment[..<equals])
        properties.removeAll { $0.name == name }
        properties.append(
            Property(
                name: name, value: Self.trimmed(assignment[assignment.index(after: equals)...]), place: place)
        )
    }

    package mutating func setDefault(_ name: String, _ value: String) {
        if self[name] == nil { properties.append(Property(name: name, value: value, place: "default")) }
    }

    package subscript(name: String) -> String? { property(name)?.value }
    package func property(_ name: String) -> Property? { properties.first { $0.name == name } }

    private mutating func add(_ name: String, _ value: String, _ place: String) {
        if let before = property(name) {
            problems.append(
                SettingsProblem(place: place, message: "'\(name)' is set twice; first at \(before.place)"))
            return
        }
        properties.append(Property(name: name, value: value, place: place))
    }

    // MARK: - The notation

    /// Lines joined where a backslash continues them, without comments and empty ones.
    private static func logicalLines(_ text: String) -> [(Substring.UnicodeScalarView, Int)] {
        var lines: [(Substring.UnicodeScalarView, Int)] = []
        var joined: String.UnicodeScalarView?
        var start = 0
        var number = 0
        // "\r\n" is one Character, so lines are cut in scalars; a lone "\r" ends a line too.
        let scalars = String(text.unicodeScalars.filter { $0 != "\u{FEFF}" }.map(Character.init))
            .unicodeScalars
        for piece in scalars.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" }) {
            number += 1
            var line = piece
            if line.last == "\r" { line.removeLast() }
            line = line.drop { isBlank($0) }
            if joined == nil {
                if line.isEmpty || line.first == "#" || line.first == "!" { continue }
                start = number
            }
            let continues = line.reversed().prefix { $0 == "\\" }.count % 2 == 1
            if continues { line.removeLast() }
            var whole = joined ?? String.UnicodeScalarView()
            whole.append(contentsOf: line)
            joined = whole
            if !continues {
                lines.append((whole[...], start))
                joined = nil
            }
        }
        if let joined { lines.append((joined[...], start)) }
        return lines
    }

    private struct BadLine: Error { let message: String }

    private static func split(_ line: Substring.UnicodeScalarView) -> Result<
        (name: String, value: String), BadLine
    > {
        var index = line.startIndex
        var name = ""
        while index < line.endIndex, line[index] != "=", line[index] != ":", !isBlank(line[index]) {
            guard append(line, &index, to: &name) else {
                return .failure(BadLine(message: "a \\u escape needs four hex digits"))
            }
        }
        while index < line.endIndex, isBlank(line[index]) { index = line.index(after: index) }
        if index < line.endIndex, line[index] == "=" || line[index] == ":" {
            index = line.index(after: index)
        }
        while index < line.endIndex, isBlank(line[index]) { index = line.index(after: index) }
        var value = ""
        while index < line.endIndex {
            guard append(line, &index, to: &value) else {
                return .failure(BadLine(message: "a \\u escape needs four hex digits"))
            }
        }
        if name.isEmpty { return .failure(BadLine(message: "a property needs a name before '='")) }
        return .success((name, trimmed(value[...])))
    }

    /// Appends one character, an escape resolved.
    private static func append(
        _ line: Substring.UnicodeScalarView, _ index: inout Substring.UnicodeScalarView.Index,
        to text: inout String
    ) -> Bool {
        let scalar = line[index]
        index = line.index(after: index)
        guard scalar == "\\", index < line.endIndex else {
            text.unicodeScalars.append(scalar)
            return true
        }
        let escaped = line[index]
        index = line.index(after: index)
        switch escaped {
        case "n": text += "\n"
        case "t": text += "\t"
        case "r": text += "\r"
        case "f": text += "\u{0C}"
        case "u":
            let digits = line[index...].prefix(4)
            guard digits.count == 4, let code = UInt32(String(digits), radix: 16),
                let unit = Unicode.Scalar(code)
            else {
                return false
            }
            text.unicodeScalars.append(unit)
            index = line.index(index, offsetBy: 4)
        default: text.unicodeScalars.append(escaped)
        }
        return true
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || scalar == "\t" || scalar == "\u{0C}"
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }
}

/// One thing wrong with the configuration, and where.
package struct SettingsProblem: Error, Equatable, Sendable, CustomStringConvertible {
    package let place: String
    package let message: String

    package init(place: String, message: String) {
        self.place = place
        self.message = message
    }

    package var description: String { "\(place): \(message)" }
}
