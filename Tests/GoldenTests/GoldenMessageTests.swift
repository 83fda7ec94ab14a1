import Foundation
import Messages
import Testing
import Vocabulary
import Wire

/// Messages as bytes, written by Apache Kafka's own serializer: every API, direction and version.
struct GoldenMessageTests {
    private static let types: [String: any VersionedMessage.Type] = {
        let all =
            MessageCatalog.requests.map { $0 as any VersionedMessage.Type } + MessageCatalog.responses
            + MessageCatalog.records
        return Dictionary(uniqueKeysWithValues: all.map { (String(describing: $0), $0) })
    }()

    @Test func `every golden message decodes to the listed values and encodes to the same bytes`() throws {
        let lines = try GoldenDirectory.lines(of: "messages.jsonl")
        var checked = 0
        for line in lines {
            let golden = try #require(GoldenMessage(line))
            let differences: [String]
            switch golden.name {
            case "RequestHeader": differences = Self.checkRequestHeader(golden)
            case "ResponseHeader": differences = Self.checkResponseHeader(golden)
            default:
                guard let type = Self.types[golden.name] else {
                    Issue.record("\(golden.name) is not a message known to us")
                    continue
                }
                differences = Self.check(golden, as: type)
            }
            if !differences.isEmpty { Issue.record("\(golden): \(differences.joined(separator: "; "))") }
            checked += 1
        }
        #expect(checked == lines.count)
        #expect(checked > 0)
        if GoldenDirectory.isOurs { #expect(checked == 2736) }
    }

    private static func check<M: VersionedMessage>(_ golden: GoldenMessage, as type: M.Type) -> [String] {
        guard M.validVersions.contains(golden.version) else { return ["version not known to us"] }
        if let api = golden.api, let request = type as? any RequestMessage.Type, request.apiKey != api {
            return ["api \(request.apiKey), not \(api)"]
        }
        do {
            var at = 0
            let message = try M(golden.bytes.span.bytes, &at, version: golden.version)
            var differences = at == golden.bytes.count ? [] : ["read \(at) of \(golden.bytes.count) bytes"]
            compare(golden.json, message, at: golden.name, &differences)
            let size = message.size(version: golden.version)
            if size != golden.bytes.count { differences.append("size \(size), not \(golden.bytes.count)") }
            if message.encoded(version: golden.version) != golden.bytes { differences.append("other bytes") }
            return differences
        } catch {
            return ["\(error)"]
        }
    }

    private static func checkRequestHeader(_ golden: GoldenMessage) -> [String] {
        do {
            var at = 0
            let header = try RequestHeader(golden.bytes.span.bytes, &at, version: golden.version)
            let json = golden.json as? [String: Any] ?? [:]
            var differences = at == golden.bytes.count ? [] : ["read \(at) of \(golden.bytes.count) bytes"]
            compare(json["requestApiKey"], header.apiKey, at: "requestApiKey", &differences)
            compare(json["requestApiVersion"], header.apiVersion, at: "version", &differences)
            compare(json["correlationId"], header.correlationID, at: "correlationId", &differences)
            compare(json["clientId"], header.clientID as Any, at: "clientId", &differences)
            var bytes = [UInt8](repeating: 0xAA, count: header.size(version: golden.version))
            var end = 0
            bytes.withUnsafeMutableBytes { header.write($0, &end, version: golden.version) }
            if bytes != golden.bytes || end != bytes.count { differences.append("other bytes") }
            return differences
        } catch {
            return ["\(error)"]
        }
    }

    private static func checkResponseHeader(_ golden: GoldenMessage) -> [String] {
        do {
            var at = 0
            let header = try ResponseHeader(golden.bytes.span.bytes, &at, version: golden.version)
            let json = golden.json as? [String: Any] ?? [:]
            var differences = at == golden.bytes.count ? [] : ["read \(at) of \(golden.bytes.count) bytes"]
            compare(json["correlationId"], header.correlationID, at: "correlationId", &differences)
            var bytes = [UInt8](repeating: 0xAA, count: header.size(version: golden.version))
            var end = 0
            bytes.withUnsafeMutableBytes { header.write($0, &end, version: golden.version) }
            if bytes != golden.bytes || end != bytes.count { differences.append("other bytes") }
            return differences
        } catch {
            return ["\(error)"]
        }
    }

    /// Every listed field has the listed value; every field that is not listed has its default.
    private static func compare(
        _ json: Any?, _ value: Any, at path: String, _ differences: inout [String]
    ) {
        func expect(_ holds: Bool) {
            if !holds { differences.append("\(path) is \(value), not \(json ?? "there")") }
        }
        switch value {
        case let value as Bool where type(of: value) == Bool.self:
            return expect((json as? NSNumber)?.boolValue == value)
        case let value as any BinaryInteger: return expect((json as? NSNumber)?.int64Value == Int64(value))
        case let value as Double:
            return expect((json as? NSNumber).flatMap { Double($0.stringValue) } == value)
        case let value as String: return expect(json as? String == value)
        case let value as UUID128: return expect((json as? String).flatMap { UUID128($0) } == value)
        case let value as [UInt8] where isBytes(value, json):
            return expect((json as? String).flatMap { Data(base64Encoded: $0) }.map(Array.init) == value)
        default: break
        }
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .optional:
            guard let wrapped = mirror.children.first?.value else { return expect(json is NSNull) }
            compare(json, wrapped, at: path, &differences)
        case .collection:
            guard let elements = json as? [Any], elements.count == mirror.children.count else {
                return expect(false)
            }
            for (index, element) in mirror.children.enumerated() {
                compare(elements[index], element.value, at: "\(path)[\(index)]", &differences)
            }
        case .struct:
            guard var fields = json as? [String: Any] else { return expect(false) }
            let defaultFields = Mirror(reflecting: defaultsOf(value)).children.map(\.value)
            for (index, child) in mirror.children.enumerated() {
                let name = child.label ?? ""
                let field = fields.removeValue(forKey: name)
                if let field, !isUnwritten("\(path).\(name)", child.value) {
                    compare(field, child.value, at: "\(path).\(name)", &differences)
                } else if "\(child.value)" != "\(defaultFields[index])" {
                    differences.append("\(path).\(name) is \(child.value), but not listed")
                }
            }
            for name in fields.keys.sorted() { differences.append("\(path).\(name) is not a field of ours") }
        default:
            differences.append("\(path): cannot compare \(type(of: value))")
        }
    }

    /// An empty array of anything casts to `[UInt8]`; only bytes are listed as text.
    private static func isBytes(_ value: [UInt8], _ json: Any?) -> Bool { !value.isEmpty || json is String }

    /// Kafka 4.3.1 does not know these fields yet: their values are listed, but its bytes are without them.
    private static func isUnwritten(_ path: String, _ value: Any) -> Bool {
        let fields = ["storedDescriptionTopologyEpoch", "failedDescriptionTopologyEpoch"]
        return fields.contains { path == "StreamsGroupMetadataValue.\($0)" } && value as? Int32 == -1
    }

    private static func defaultsOf(_ value: Any) -> Any {
        (value as? any Message).map { type(of: $0).init() as Any } ?? value
    }
}
