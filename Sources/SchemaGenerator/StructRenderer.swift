/// Writes one structure: its fields, and how it is read, measured and written.
struct StructRenderer {
    let structure: StructModel
    /// The message's; nil when it has no flexible version.
    let flexibleFrom: Int?

    func render(_ out: inout SourceText) {
        for field in structure.fields {
            out.lines(field.comment.map { "/// \($0)" })
            let note = field.versions.covers(structure.span) ? "" : "  // \(spelled(field.versions))"
            out.line("package var \(declared(field)): \(swiftType(field)) = \(initialValue(field))\(note)")
        }
        out.line()
        out.line("package init() {}")
        out.line()
        renderRead(&out)
        out.line()
        renderSize(&out)
        out.line()
        renderWrite(&out)
    }

    // MARK: What read, size and write share

    var span: ClosedRange<Int> { structure.span }
    var plainFields: [FieldModel] { structure.fields.filter { $0.tag == nil } }
    var taggedFields: [FieldModel] {
        structure.fields.filter { $0.tag != nil }.sorted { $0.tag!.number < $1.tag!.number }
    }

    /// Whether a version is flexible, as an expression: known, or the local that `flexibleLocal` declares.
    var flexible: String {
        guard let flexibleFrom, flexibleFrom <= span.upperBound else { return "false" }
        return flexibleFrom <= span.lowerBound ? "true" : "flexible"
    }

    /// Picked once per structure.
    var flexibleLocal: [String] {
        flexible == "flexible" ? ["let flexible: Bool = version >= \(flexibleFrom!)"] : []
    }

    func label(_ field: FieldModel) -> String { "\"\(structure.path).\(field.name)\"" }

    /// When a field with `versions` is there, given that the version is within `span`; nil for always.
    func condition(_ versions: VersionRange, within span: ClosedRange<Int>) -> String? {
        guard let reach = versions.clamped(to: span) else { return "false" }
        let low = reach.lowerBound > span.lowerBound ? "version >= \(reach.lowerBound)" : nil
        let high = reach.upperBound < span.upperBound ? "version <= \(reach.upperBound)" : nil
        if low != nil, high != nil, reach.count == 1 { return "version == \(reach.lowerBound)" }
        let parts = [low, high].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: " && ")
    }

    /// Groups neighbours that are there in the same versions, so that each group needs one test.
    func grouped(_ fields: [FieldModel]) -> [(condition: String?, fields: [FieldModel])] {
        var groups: [(condition: String?, fields: [FieldModel])] = []
        for field in fields {
            let condition = condition(field.versions, within: span)
            if !groups.isEmpty, groups[groups.count - 1].condition == condition {
                groups[groups.count - 1].fields.append(field)
            } else {
                groups.append((condition, [field]))
            }
        }
        return groups
    }

    /// When a tagged field can be there, given that the version is flexible.
    func tagCondition(_ field: FieldModel) -> String? {
        let low = max(span.lowerBound, flexibleFrom ?? 0)
        let first = max(field.versions.first, field.tag!.versions.first)
        return condition(VersionRange(first: first, last: field.versions.last), within: low...span.upperBound)
    }

    /// Whether a field may be null in all of the versions that have it, in some, or in none.
    enum Nullability { case always, sometimes(String), never }

    func nullability(_ field: FieldModel) -> Nullability {
        guard let reach = field.versions.clamped(to: span) else { return .never }
        if field.nullable.covers(reach) { return .always }
        guard field.nullable.clamped(to: reach) != nil else { return .never }
        return .sometimes(condition(field.nullable, within: reach)!)
    }

    /// The size of all values of a type, where it is the same for all.
    func fixedSize(_ type: FieldType) -> Int? {
        switch type {
        case .bool, .int8: 1
        case .int16, .uint16: 2
        case .int32, .uint32: 4
        case .int64, .float64: 8
        case .uuid: 16
        case .string, .bytes, .structure, .array: nil
        }
    }

    /// An expression that is true when a field has its default value.
    func isDefault(_ field: FieldModel) -> String {
        let value = "self.\(field.name)"
        switch field.defaultValue {
        case .null: return "\(value) == nil"
        case .integer(let text): return "\(value) == \(text)"
        case .bool: return value
        case .string(let text): return "\(value) == \(text)"
        case .empty: break
        }
        switch field.type {
        case .bool: return "!\(value)"
        case .uuid: return "\(value) == UUID128.zero"
        case .string, .bytes, .array:
            return field.isNullable ? "\(value)?.isEmpty ?? true" : "\(value).isEmpty"
        case .structure(let name): return "\(value) == \(name)()"
        default: return "\(value) == 0"
        }
    }

    func isNotDefault(_ field: FieldModel) -> String {
        let value = "self.\(field.name)"
        switch field.defaultValue {
        case .null: return "\(value) != nil"
        case .integer(let text): return "\(value) != \(text)"
        case .bool: return "!\(value)"
        case .string(let text): return "\(value) != \(text)"
        case .empty: break
        }
        switch field.type {
        case .bool: return value
        case .uuid: return "\(value) != UUID128.zero"
        case .string, .bytes, .array:
            return field.isNullable ? "\(value)?.isEmpty != true" : "!\(value).isEmpty"
        case .structure(let name): return "\(value) != \(name)()"
        default: return "\(value) != 0"
        }
    }

    // MARK: Declarations

    private static let keywords: Set<String> = [
        "as", "case", "class", "default", "defer", "do", "else", "enum", "extension", "for", "func", "import",
        "in",
        "init", "internal", "is", "let", "operator", "private", "protocol", "public", "repeat", "return",
        "self",
        "static", "struct", "switch", "throw", "try", "typealias", "var", "where", "while",
    ]

    private func declared(_ field: FieldModel) -> String {
        Self.keywords.contains(field.name) ? "`\(field.name)`" : field.name
    }

    private func swiftType(_ field: FieldModel) -> String {
        swiftType(field.type) + (field.isNullable ? "?" : "")
    }

    private func swiftType(_ type: FieldType) -> String {
        switch type {
        case .bool: "Bool"
        case .int8: "Int8"
        case .int16: "Int16"
        case .int32: "Int32"
        case .int64: "Int64"
        case .uint16: "UInt16"
        case .uint32: "UInt32"
        case .float64: "Double"
        case .uuid: "UUID128"
        case .string: "String"
        case .bytes: "[UInt8]"
        case .structure(let name): name
        case .array(let element, _): "[\(swiftType(element))]"
        }
    }

    private func initialValue(_ field: FieldModel) -> String {
        switch field.defaultValue {
        case .null: return "nil"
        case .integer(let text), .string(let text): return text
        case .bool(let value): return value ? "true" : "false"
        case .empty: break
        }
        switch field.type {
        case .bool: return "false"
        case .uuid: return "UUID128.zero"
        case .string: return "\"\""
        case .bytes, .array: return "[]"
        case .structure(let name): return "\(name)()"
        default: return "0"
        }
    }

    private func spelled(_ versions: VersionRange) -> String {
        guard let last = versions.last else { return "\(versions.first)+" }
        return last == versions.first ? "\(last)" : "\(versions.first)-\(last)"
    }
}
