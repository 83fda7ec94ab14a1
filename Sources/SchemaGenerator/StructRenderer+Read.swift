extension StructRenderer {
    func renderRead(_ out: inout SourceText) {
        let head = "package init(_ frame: RawSpan, _ at: inout Int, version: Int16) throws(WireError)"
        out.block(head) { out in
            out.lines(flexibleLocal)
            for group in grouped(plainFields) {
                if let condition = group.condition {
                    out.block("if \(condition)") { out in
                        for field in group.fields { renderRead(field, &out) }
                    }
                } else {
                    for field in group.fields { renderRead(field, &out) }
                }
            }
            switch flexible {
            case "false": break
            case "true": renderTags(&out)
            default: out.block("if flexible") { out in renderTags(&out) }
            }
        }
    }

    private func renderRead(_ field: FieldModel, _ out: inout SourceText) {
        switch nullability(field) {
        case .always:
            out.line("self.\(field.name) = try \(reader(field, nullable: true, flexible: flexible))")
        case .never:
            out.line("self.\(field.name) = try \(reader(field, nullable: false, flexible: flexible))")
        case .sometimes(let condition):
            out.line("if \(condition) {")
            out.line("    self.\(field.name) = try \(reader(field, nullable: true, flexible: flexible))")
            out.line("} else {")
            out.line("    self.\(field.name) = try \(reader(field, nullable: false, flexible: flexible))")
            out.line("}")
        }
    }

    private func renderTags(_ out: inout SourceText) {
        let place = "\"\(structure.path)\""
        guard !taggedFields.isEmpty else { return out.line("try skipTags(frame, &at, \(place))") }
        out.line("var tagsLeft: UInt32 = try readUVarint(frame, &at, \(place))")
        out.block("while let tag = try nextTag(frame, &at, &tagsLeft, \(place))") { out in
            out.line("switch tag.number {")
            for field in taggedFields {
                let condition = tagCondition(field).map { " where \($0)" } ?? ""
                out.line("case \(field.tag!.number)\(condition):")
                let value = reader(field, nullable: field.isNullable, flexible: "true")
                out.line("    self.\(field.name) = try \(value)")
            }
            out.line("default:")
            out.line("    at = tag.end")
            out.line("}")
            out.line("try checkEnd(of: tag, at, \(place))")
        }
    }

    private func reader(_ field: FieldModel, nullable: Bool, flexible: String) -> String {
        let null = nullable ? "Nullable" : ""
        let structReader = field.tag == nil ? "readNullableStruct" : "readTaggedStruct"
        let compact = "flexible: \(flexible), \(label(field))"
        switch field.type {
        case .bool: return "readBool(frame, &at, \(label(field)))"
        case .int8: return "readInt8(frame, &at, \(label(field)))"
        case .int16: return "readInt16(frame, &at, \(label(field)))"
        case .int32: return "readInt32(frame, &at, \(label(field)))"
        case .int64: return "readInt64(frame, &at, \(label(field)))"
        case .uint16: return "readUInt16(frame, &at, \(label(field)))"
        case .uint32: return "readUInt32(frame, &at, \(label(field)))"
        case .float64: return "readFloat64(frame, &at, \(label(field)))"
        case .uuid: return "readUUID(frame, &at, \(label(field)))"
        case .string: return "read\(null)String(frame, &at, \(compact))"
        case .bytes: return "read\(null)Bytes(frame, &at, \(compact))"
        case .structure(let name):
            return nullable
                ? "\(structReader)(frame, &at, version: version, \(label(field)))"
                : "\(name)(frame, &at, version: version)"
        case .array(.string, _): return "read\(null)Strings(frame, &at, \(compact))"
        case .array(.uuid, _): return "read\(null)UUIDs(frame, &at, \(compact))"
        case .array(.structure, let sizeMin):
            return "read\(null)Array(frame, &at, version: version, flexible: \(flexible), "
                + "elementSizeMin: \(sizeMin), \(label(field)))"
        case .array: return "read\(null)Integers(frame, &at, \(compact))"
        }
    }
}
