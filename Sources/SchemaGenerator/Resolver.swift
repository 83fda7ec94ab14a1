/// Turns parsed files into the model: finds structures, checks what the parser could not see, works out in which
/// versions each structure can be met and how small it can be.
package struct Resolver {
    /// Structures of one message by name, and the path by which errors call them.
    private struct Structure {
        let line: StructLine
        let path: String
        var span: ClosedRange<Int>?
        var isOpen = false  // Being resolved: meeting it again is recursion.
    }

    private let file: String
    private let message: MessageLine
    private let span: ClosedRange<Int>
    private var structures: [String: Structure] = [:]
    private var order: [String] = []

    private init(file: String, message: MessageLine) throws(SchemaError) {
        guard let last = message.versions.last, last >= message.versions.first else {
            throw SchemaError(
                file: file, line: message.line, message: "versions of a message need a first and a last")
        }
        self.file = file
        self.message = message
        // From zero even where zero is no longer valid: a broker still reads Produce 0 to refuse it properly.
        self.span = 0...last
    }

    package static func resolve(_ files: [SchemaFile]) throws(SchemaError) -> ProtocolModel {
        var model = ProtocolModel()
        var names: Set<String> = []
        for file in files {
            var messages: [MessageModel] = []
            for line in file.messages where line.kind != .header {
                guard names.insert(line.name).inserted else {
                    throw SchemaError(
                        file: file.name, line: line.line, message: "'\(line.name)' exists already")
                }
                messages.append(try resolve(line, in: file))
            }
            if let api = file.api {
                guard file.messages.count == 2, file.messages[0].kind == .request,
                    file.messages[1].kind == .response
                else {
                    throw SchemaError(
                        file: file.name, line: api.line, message: "an api has one request and one response")
                }
                model.apis.append(
                    ApiModel(key: api.key, name: api.name, request: messages[0], response: messages[1]))
            } else if !messages.isEmpty {
                let stem = file.name.prefix { $0 != "." }
                model.records.append(RecordModel(name: String(stem), messages: messages))
            }
        }
        model.apis.sort { $0.key < $1.key }
        model.records.sort { $0.name < $1.name }
        return model
    }

    private static func resolve(_ line: MessageLine, in file: SchemaFile) throws(SchemaError) -> MessageModel
    {
        var resolver = try Resolver(file: file.name, message: line)
        for structure in line.structs {
            try resolver.add(structure, path: "\(line.name).\(structure.name)")
        }
        try resolver.collect(line.fields, path: line.name)
        let body = StructLine(line: line.line, name: line.name, fields: line.fields)
        try resolver.spread(body, over: resolver.span)
        var structs: [StructModel] = []
        for name in resolver.order.sorted() {
            guard let structure = resolver.structures[name], let span = structure.span else { continue }
            structs.append(try resolver.model(structure.line, path: structure.path, span: span))
        }
        var compared = try resolver.model(body, path: line.name, span: resolver.span).fields
            .filter { $0.tag != nil }.flatMap { resolver.namesOfStructures($0.type) }
        compared += structs.flatMap(\.fields).filter { $0.tag != nil }.flatMap {
            resolver.namesOfStructures($0.type)
        }
        while let name = compared.popLast() {
            guard let index = structs.firstIndex(where: { $0.name == name && !$0.isCompared }) else {
                continue
            }
            structs[index].isCompared = true
            compared += structs[index].fields.flatMap { resolver.namesOfStructures($0.type, inArrays: true) }
        }
        let role =
            switch line.kind {
            case .request: "The request of \(file.api?.name ?? "") (API \(file.api?.key ?? -1))"
            case .response: "The response of \(file.api?.name ?? "") (API \(file.api?.key ?? -1))"
            case .coordinatorKey: "The key of a coordinator's stored record"
            case .coordinatorValue: "The value of a coordinator's stored record"
            case .data, .header: "A stored record"
            }
        let valid = line.versions.first...resolver.span.upperBound
        let stable = line.isLatestUnstable ? valid.lowerBound...(valid.upperBound - 1) : valid
        return MessageModel(
            name: line.name, role: role, validVersions: valid, stableVersions: stable,
            flexibleFrom: line.flexible.isEmpty ? nil : line.flexible.first, recordType: line.recordType,
            body: try resolver.model(body, path: line.name, span: resolver.span), structs: structs,
            comment: line.comment)
    }

    private func namesOfStructures(_ type: FieldType, inArrays: Bool = false) -> [String] {
        switch type {
        case .structure(let name): [name]
        case .array(.structure(let name), _): inArrays ? [name] : []
        default: []
        }
    }

    private mutating func add(_ structure: StructLine, path: String) throws(SchemaError) {
        guard structures[structure.name] == nil else {
            throw error(structure.line, "structure '\(structure.name)' exists already in '\(message.name)'")
        }
        structures[structure.name] = Structure(line: structure, path: path)
        order.append(structure.name)
    }

    /// Finds the structures that are declared where they are used.
    private mutating func collect(_ fields: [FieldLine], path: String) throws(SchemaError) {
        for field in fields where !field.fields.isEmpty {
            let structure = StructLine(line: field.line, name: field.typeName, fields: field.fields)
            try add(structure, path: "\(path).\(field.name)")
            try collect(field.fields, path: "\(path).\(field.name)")
        }
        for structure in message.structs where path == message.name {
            try collect(structure.fields, path: "\(path).\(structure.name)")
        }
    }

    /// Marks the versions in which the structures below `structure` can be met; finds recursion.
    private mutating func spread(_ structure: StructLine, over span: ClosedRange<Int>) throws(SchemaError) {
        for field in structure.fields {
            guard Self.scalars[field.typeName] == nil else { continue }
            guard var target = structures[field.typeName] else {
                throw error(field.line, "unknown type '\(field.typeName)'")
            }
            guard !target.isOpen else {
                throw error(field.line, "structure '\(field.typeName)' contains itself")
            }
            guard let reach = field.versions.clamped(to: span) else { continue }
            let low = min(target.span?.lowerBound ?? reach.lowerBound, reach.lowerBound)
            let high = max(target.span?.upperBound ?? reach.upperBound, reach.upperBound)
            target.span = low...high
            target.isOpen = true
            structures[field.typeName] = target
            try spread(target.line, over: low...high)
            structures[field.typeName]?.isOpen = false
        }
    }

    private func model(
        _ structure: StructLine, path: String, span: ClosedRange<Int>
    ) throws(SchemaError) -> StructModel {
        var fields: [FieldModel] = []
        var tags: Set<Int> = []
        for line in structure.fields {
            guard line.versions.clamped(to: span) != nil else { continue }
            guard !fields.contains(where: { $0.name == line.name }) else {
                throw error(line.line, "field '\(line.name)' exists already")
            }
            let field = try model(line, span: span)
            if let tag = field.tag, !tags.insert(tag.number).inserted {
                throw error(line.line, "tag \(tag.number) exists already")
            }
            fields.append(field)
        }
        return StructModel(name: structure.name, path: path, span: span, fields: fields)
    }

    private func model(_ line: FieldLine, span: ClosedRange<Int>) throws(SchemaError) -> FieldModel {
        let element = Self.scalars[line.typeName] ?? .structure(line.typeName)
        var type = element
        if line.isArray {
            let sizeMin = elementSizeMin(element, in: line.versions.clamped(to: span) ?? span)
            guard sizeMin > 0 else { throw error(line.line, "elements of '\(line.name)' can be empty") }
            type = .array(element, elementSizeMin: sizeMin)
        }
        let field = FieldModel(
            name: line.name, type: type, versions: line.versions, nullable: line.nullable,
            tag: line.tag.map { FieldModel.Tag(number: $0.number, versions: $0.versions) },
            isIgnorable: line.isIgnorable, defaultValue: try defaultValue(line, type), comment: line.comment)
        if let tag = field.tag,
            message.flexible.clamped(to: span).map({ tag.versions.first < $0.lowerBound }) ?? true
        {
            throw error(line.line, "a tag needs a flexible version")
        }
        if case .array(let element, _) = type {
            switch element {
            case .bool, .float64, .bytes, .array:
                throw error(line.line, "arrays of '\(line.typeName)' are not known")
            default: break
            }
        }
        if case .structure = type, field.isNullable, field.nullable != field.versions {
            throw error(line.line, "a structure may be null in all of its versions or in none")
        }
        if field.isNullable {
            switch type {
            case .string, .bytes, .array, .structure: break
            default: throw error(line.line, "'\(line.typeName)' cannot be null")
            }
        }
        return field
    }

    private func defaultValue(_ line: FieldLine, _ type: FieldType) throws(SchemaError) -> DefaultValue {
        guard let text = line.defaultText else {
            // Records have no empty form of their own: Kafka's default is null.
            return line.typeName == "records" && !line.nullable.isEmpty ? .null : .empty
        }
        if text == "null" {
            guard !line.nullable.isEmpty else {
                throw error(line.line, "'\(line.name)' is null by default, but never")
            }
            return .null
        }
        switch type {
        case .bool where text == "true" || text == "false": return text == "true" ? .bool(true) : .empty
        case .string where text.first == "\"" && text.last == "\"" && text.count >= 2:
            return text == "\"\"" ? .empty : .string(text)
        case .int8, .int16, .int32, .int64, .uint16, .uint32:
            let isHex = text.hasPrefix("0x")
            if let value = isHex ? Int(text.dropFirst(2), radix: 16) : Int(text), fits(value, type) {
                return value == 0 ? .empty : .integer(text)
            }
        default: break
        }
        throw error(line.line, "'\(text)' is not a value of type '\(line.typeName)'")
    }

    private func fits(_ value: Int, _ type: FieldType) -> Bool {
        switch type {
        case .int8: Int8(exactly: value) != nil
        case .int16: Int16(exactly: value) != nil
        case .int32: Int32(exactly: value) != nil
        case .uint16: UInt16(exactly: value) != nil
        case .uint32: UInt32(exactly: value) != nil
        default: true
        }
    }

    /// The fewest bytes that an array's element takes in any of the versions.
    private func elementSizeMin(_ type: FieldType, in span: ClosedRange<Int>) -> Int {
        var least = Int.max
        for version in span { least = min(least, sizeMin(type, version)) }
        return least
    }

    private func sizeMin(_ type: FieldType, _ version: Int) -> Int {
        let isFlexible = message.flexible.contains(version)
        switch type {
        case .bool, .int8: return 1
        case .int16, .uint16: return 2
        case .int32, .uint32: return 4
        case .int64, .float64: return 8
        case .uuid: return 16
        case .string: return isFlexible ? 1 : 2
        case .bytes, .array: return isFlexible ? 1 : 4
        case .structure(let name):
            var size = isFlexible ? 1 : 0
            for field in structures[name]?.line.fields ?? [] where field.versions.contains(version) {
                if let tag = field.tag, tag.versions.contains(version) { continue }
                let type = Self.scalars[field.typeName] ?? .structure(field.typeName)
                if field.isArray {
                    size += isFlexible ? 1 : 4
                } else if case .structure = type, field.nullable.contains(version) {
                    size += 1
                } else {
                    size += sizeMin(type, version)
                }
            }
            return size
        }
    }

    private static let scalars: [String: FieldType] = [
        "bool": .bool, "int8": .int8, "int16": .int16, "int32": .int32, "int64": .int64, "uint16": .uint16,
        "uint32": .uint32, "float64": .float64, "uuid": .uuid, "string": .string, "bytes": .bytes,
        "records": .bytes,
    ]

    private func error(_ line: Int, _ message: String) -> SchemaError {
        SchemaError(file: file, line: line, message: message)
    }
}
