extension StructRenderer {
    // MARK: Size

    func renderSize(_ out: inout SourceText) {
        var checks: [String] = []
        for field in structure.fields where !field.isIgnorable {
            guard let condition = condition(field.versions, within: span) else { continue }
            let test = condition.contains("&&") ? "(\(condition))" : condition
            let isDefault = isDefault(field)
            let rest = isDefault.contains("??") ? "(\(isDefault))" : isDefault
            checks.append("assert(\(test) || \(rest), \"\(structure.path).\(field.name) would be lost\")")
        }
        var constant = 0
        var body = SourceText()
        for group in grouped(plainFields) {
            let fixed = group.fields.compactMap { fixedSize($0.type) }.reduce(0, +)
            let varying = group.fields.filter { fixedSize($0.type) == nil }
                .map { "size += \(size($0, flexible: flexible))" }
            let lines = (fixed > 0 && group.condition != nil ? ["size += \(fixed)"] : []) + varying
            if let condition = group.condition {
                body.block("if \(condition)") { $0.lines(lines) }
            } else {
                constant += fixed
                body.lines(lines)
            }
        }
        switch flexible {
        case "false": break
        case "true":
            constant += 1  // The number of tagged fields, which is less than 128.
            renderTagSizes(&body)
        default:
            body.block("if flexible") { body in
                body.line("size += 1")
                renderTagSizes(&body)
            }
        }
        out.block("package func size(version: Int16) -> Int") { out in
            out.lines(checks)
            if body.text.isEmpty { return out.line("return \(constant)") }
            if body.text.contains("flexible: flexible") || body.text.contains("if flexible") {
                out.lines(flexibleLocal)
            }
            out.line("var size: Int = \(constant)")
            for line in body.text.split(separator: "\n") { out.line(String(line)) }
            out.line("return size")
        }
    }

    private func renderTagSizes(_ out: inout SourceText) {
        for field in taggedFields {
            out.block("if \(tagIsWritten(field))") { out in
                out.line(
                    "size += taggedFieldSize(\(field.tag!.number), byteCount: \(size(field, flexible: "true")))"
                )
            }
        }
    }

    private func tagIsWritten(_ field: FieldModel) -> String {
        [tagCondition(field), isNotDefault(field)].compactMap { $0 }.joined(separator: " && ")
    }

    /// Null is as long as empty, so versions that know no null need no case of their own.
    private func size(_ field: FieldModel, flexible: String) -> String {
        let value = "self.\(field.name)"
        let null = field.isNullable
        switch field.type {
        case .string: return "\(null ? "nullableStringSize" : "stringSize")(\(value), flexible: \(flexible))"
        case .bytes: return "\(null ? "nullableBytesSize" : "bytesSize")(\(value), flexible: \(flexible))"
        case .structure:
            return null ? "nullableStructSize(\(value), version: version)" : "\(value).size(version: version)"
        case .array(.string, _): return "stringsSize(\(value), flexible: \(flexible))"
        case .array(.uuid, _): return "uuidsSize(\(value), flexible: \(flexible))"
        case .array(.structure, _): return "arraySize(\(value), version: version, flexible: \(flexible))"
        case .array: return "integersSize(\(value), flexible: \(flexible))"
        default: return String(fixedSize(field.type) ?? 0)
        }
    }

    // MARK: Write

    func renderWrite(_ out: inout SourceText) {
        let head = "package func write(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int, version: Int16)"
        out.block(head) { out in
            out.lines(flexibleLocal)
            for group in grouped(plainFields) {
                if let condition = group.condition {
                    out.block("if \(condition)") { out in
                        for field in group.fields { renderWrite(field, &out) }
                    }
                } else {
                    for field in group.fields { renderWrite(field, &out) }
                }
            }
            switch flexible {
            case "false": break
            case "true": renderTagWrites(&out)
            default: out.block("if flexible") { out in renderTagWrites(&out) }
            }
        }
    }

    private func renderWrite(_ field: FieldModel, _ out: inout SourceText) {
        switch nullability(field) {
        case .always: out.line(writer(field, nullable: true, flexible: flexible))
        case .never: out.line(writer(field, nullable: false, flexible: flexible))
        case .sometimes(let condition):
            out.line("if \(condition) {")
            out.line("    \(writer(field, nullable: true, flexible: flexible))")
            out.line("} else {")
            out.line("    \(writer(field, nullable: false, flexible: flexible))")
            out.line("}")
        }
    }

    private func renderTagWrites(_ out: inout SourceText) {
        guard !taggedFields.isEmpty else { return out.line("writeUVarint(0, out, &at)") }
        out.line("var tags: UInt32 = 0")
        for field in taggedFields { out.line("if \(tagIsWritten(field)) { tags += 1 }") }
        out.line("writeUVarint(tags, out, &at)")
        for field in taggedFields {
            out.block("if \(tagIsWritten(field))") { out in
                let byteCount = size(field, flexible: "true")
                out.line("writeTag(\(field.tag!.number), byteCount: \(byteCount), out, &at)")
                out.line(writer(field, nullable: field.isNullable, flexible: "true"))
            }
        }
    }

    private func writer(_ field: FieldModel, nullable: Bool, flexible: String) -> String {
        let plain = "self.\(field.name)"
        func orEmpty(_ empty: String) -> String {
            field.isNullable && !nullable ? "\(plain) ?? \(empty)" : plain
        }
        let null = nullable ? "Nullable" : ""
        let structWriter = field.tag == nil ? "writeNullableStruct" : "writeTaggedStruct"
        switch field.type {
        case .bool: return "writeBool(\(plain), out, &at)"
        case .int8: return "writeInt8(\(plain), out, &at)"
        case .int16: return "writeInt16(\(plain), out, &at)"
        case .int32: return "writeInt32(\(plain), out, &at)"
        case .int64: return "writeInt64(\(plain), out, &at)"
        case .uint16: return "writeUInt16(\(plain), out, &at)"
        case .uint32: return "writeUInt32(\(plain), out, &at)"
        case .float64: return "writeFloat64(\(plain), out, &at)"
        case .uuid: return "writeUUID(\(plain), out, &at)"
        case .string: return "write\(null)String(\(orEmpty("\"\"")), out, &at, flexible: \(flexible))"
        case .bytes: return "write\(null)Bytes(\(orEmpty("[]")), out, &at, flexible: \(flexible))"
        case .structure:
            return nullable
                ? "\(structWriter)(\(plain), out, &at, version: version)"
                : "\(plain).write(out, &at, version: version)"
        case .array(.string, _): return "writeStrings(\(orEmpty("[]")), out, &at, flexible: \(flexible))"
        case .array(.uuid, _): return "writeUUIDs(\(orEmpty("[]")), out, &at, flexible: \(flexible))"
        case .array(.structure, _):
            return "writeArray(\(orEmpty("[]")), out, &at, version: version, flexible: \(flexible))"
        case .array: return "writeIntegers(\(orEmpty("[]")), out, &at, flexible: \(flexible))"
        }
    }
}
