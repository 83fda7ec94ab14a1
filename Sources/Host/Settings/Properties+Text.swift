extension Properties {
    /// As a file that reads back the same; values have no blanks at their ends.
    package var text: String {
        properties.map { "\(Self.escaped($0.name, isName: true))=\(Self.escaped($0.value, isName: false))\n" }
            .joined()
    }

    private static func escaped(_ text: String, isName: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\r": escaped += "\\r"
            case "\t": escaped += "\\t"
            case "\u{0C}": escaped += "\\f"
            case " ", "=", ":", "#", "!": escaped += isName ? "\\\(scalar)" : "\(scalar)"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
