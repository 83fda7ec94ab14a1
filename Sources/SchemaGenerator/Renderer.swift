/// Writes the model as Swift: a file per API and per stored record, the list of APIs, and the list of all messages.
enum Renderer {
    static func render(_ model: ProtocolModel) -> [GeneratedFile] {
        var files: [GeneratedFile] = []
        for api in model.apis {
            let text = messages([(api.request, api), (api.response, nil)])
            files.append(GeneratedFile(name: "\(api.name).swift", text: text))
        }
        for record in model.records {
            // File names are unique in a room, and `OffsetCommit` is an API too.
            let name = record.name.hasSuffix("Record") ? record.name : record.name + "Record"
            files.append(
                GeneratedFile(name: "\(name).swift", text: messages(record.messages.map { ($0, nil) })))
        }
        files.append(GeneratedFile(name: "ApiKey.swift", text: apiKeys(model.apis)))
        files.append(GeneratedFile(name: "MessageCatalog.swift", text: catalog(model)))
        return files
    }

    private static func messages(_ messages: [(MessageModel, requestOf: ApiModel?)]) -> String {
        var out = SourceText()
        out.line("\(Generator.mark) from Schemas/. Do not edit.")
        out.line()
        if messages.contains(where: { usesUUID($0.0) }) { out.line("package import Vocabulary") }
        out.line("package import Wire")
        for (message, api) in messages {
            out.line()
            render(message, requestOf: api, &out)
        }
        return out.text
    }

    private static func usesUUID(_ message: MessageModel) -> Bool {
        for structure in [message.body] + message.structs {
            for field in structure.fields {
                if field.type == .uuid { return true }
                if case .array(.uuid, _) = field.type { return true }
            }
        }
        return false
    }

    private static func render(_ message: MessageModel, requestOf api: ApiModel?, _ out: inout SourceText) {
        let versions = message.validVersions
        let spelled =
            versions.count == 1
            ? "version \(versions.lowerBound)"
            : "versions \(versions.lowerBound) to \(versions.upperBound)"
        let flexible = message.flexibleFrom.map { "flexible from \($0)" } ?? "never flexible"
        out.line("/// \(message.role), \(spelled), \(flexible).")
        out.lines(message.comment.map { "/// \($0)" })
        out.block("package struct \(message.name): \(api == nil ? "VersionedMessage" : "RequestMessage")") {
            out in
            if let api {
                out.line("package typealias Response = \(api.response.name)")
                out.line("package static var apiKey: Int16 { \(api.key) }")
            }
            if let type = message.recordType {
                out.line("/// What the record's key begins with.")
                out.line("package static var recordType: Int16 { \(type) }")
            }
            out.line(
                "package static var validVersions: ClosedRange<Int16> "
                    + "{ \(versions.lowerBound)...\(versions.upperBound) }")
            let from = message.flexibleFrom.map(String.init) ?? "Int16.max"
            out.line("package static var flexibleFrom: Int16 { \(from) }")
            out.line()
            StructRenderer(structure: message.body, flexibleFrom: message.flexibleFrom).render(&out)
            for structure in message.structs {
                out.line()
                out.block(
                    "package struct \(structure.name): Message\(structure.isCompared ? ", Equatable" : "")"
                ) { out in
                    StructRenderer(structure: structure, flexibleFrom: message.flexibleFrom).render(&out)
                }
            }
        }
    }

    private static func apiKeys(_ apis: [ApiModel]) -> String {
        var out = SourceText()
        out.line("\(Generator.mark) from Schemas/. Do not edit.")
        out.line()
        out.line("/// Every API of the protocol, by its number on the wire; not all of them are served.")
        out.block("package enum ApiKey: Int16, CaseIterable, Hashable, Sendable") { out in
            for api in apis { out.line("case \(lowerCamel(api.name)) = \(api.key)") }
            out.line()
            out.line("/// The protocol's own name, as in `ApiVersions`.")
            out.block("package var name: String") { out in
                out.block("switch self") { out in
                    for api in apis { out.line("case .\(lowerCamel(api.name)): \"\(api.name)\"") }
                }
            }
            out.line()
            out.line(
                "/// The versions that we can read and write, without those that may still change; a broker may serve fewer."
            )
            out.block("package var validVersions: ClosedRange<Int16>") { out in
                out.block("switch self") { out in
                    for api in apis {
                        let range = api.request.stableVersions
                        out.line("case .\(lowerCamel(api.name)): \(range.lowerBound)...\(range.upperBound)")
                    }
                }
            }
            out.line()
            out.line("/// The first version with compact lengths and tagged fields (KIP-482).")
            out.block("package var flexibleFrom: Int16") { out in
                out.block("switch self") { out in
                    for api in apis {
                        let from = api.request.flexibleFrom.map(String.init) ?? "Int16.max"
                        out.line("case .\(lowerCamel(api.name)): \(from)")
                    }
                }
            }
        }
        return out.text
    }

    private static func catalog(_ model: ProtocolModel) -> String {
        var out = SourceText()
        out.line("\(Generator.mark) from Schemas/. Do not edit.")
        out.line()
        out.line("package import Wire")
        out.line()
        out.line("/// All messages, for tests and tools that go through every one of them.")
        out.block("package enum MessageCatalog") { out in
            out.line("package static let requests: [any RequestMessage.Type] = [")
            out.lines(model.apis.map { "    \($0.request.name).self," })
            out.line("]")
            out.line()
            out.line("package static let responses: [any VersionedMessage.Type] = [")
            out.lines(model.apis.map { "    \($0.response.name).self," })
            out.line("]")
            out.line()
            out.line("package static let records: [any VersionedMessage.Type] = [")
            out.lines(model.records.flatMap(\.messages).map { "    \($0.name).self," })
            out.line("]")
        }
        return out.text
    }

    private static func lowerCamel(_ name: String) -> String {
        name.prefix(1).lowercased() + name.dropFirst()
    }
}
