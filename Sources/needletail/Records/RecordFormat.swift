import ArgumentParser
import Client
import Records
import Vocabulary

/// How `consume` prints a record: one of the named forms, or a template in kcat's manner.
struct RecordFormat: ExpressibleByArgument {
    private enum Piece {
        case text([UInt8])
        case topic, partition, offset, key, value, timestamp, headers, keySize, valueSize
    }
    private enum Form { case json, pieces([Piece]) }
    private let form: Form

    static let valueOnly = RecordFormat(pieces: [.value, .text([10])])

    /// Only `valueOnly` is a default; a reflected value is nothing to show in a help text.
    var defaultValueDescription: String { "value" }

    private init(pieces: [Piece]) { self.init(form: .pieces(pieces)) }
    private init(form: Form) { self.form = form }

    init?(argument: String) {
        switch argument {
        case "value": self = .valueOnly
        case "key-value": self.init(pieces: [.key, .text([9]), .value, .text([10])])
        case "json": self.init(form: .json)
        default:
            guard argument.contains("%"), let pieces = Self.parse(argument) else { return nil }
            self.init(pieces: pieces)
        }
    }

    private static let letters: [Character: Piece] = [
        "t": .topic, "p": .partition, "o": .offset, "k": .key, "v": .value, "s": .value, "T": .timestamp,
        "h": .headers, "K": .keySize, "V": .valueSize, "S": .valueSize, "%": .text([37]),
    ]
    private static let escapes: [Character: UInt8] = ["n": 10, "t": 9, "r": 13, "0": 0, "\\": 92]

    private static func parse(_ template: String) -> [Piece]? {
        var pieces: [Piece] = []
        var text: [UInt8] = []
        var rest = template[...]
        while let character = rest.popFirst() {
            switch character {
            case "%":
                guard let letter = rest.popFirst(), let piece = letters[letter] else { return nil }
                if !text.isEmpty { pieces.append(.text(text)) }
                text = []
                pieces.append(piece)
            case "\\":
                guard let letter = rest.popFirst() else { return nil }
                if let byte = escapes[letter] { text.append(byte) } else { text += Array("\\\(letter)".utf8) }
            default: text += Array(String(character).utf8)
            }
        }
        if !text.isEmpty { pieces.append(.text(text)) }
        return pieces
    }

    func write(
        _ record: FetchedChunk.Record, of place: TopicPartition, _ payload: RawSpan, _ out: inout Output
    ) {
        switch form {
        case .json:
            var line = ""
            json(record, place, payload).write(&line)
            out.append(line + "\n")
        case .pieces(let pieces):
            for piece in pieces { write(piece, record, place, payload, &out) }
        }
    }

    private func write(
        _ piece: Piece, _ record: FetchedChunk.Record, _ place: TopicPartition, _ payload: RawSpan,
        _ out: inout Output
    ) {
        switch piece {
        case .text(let bytes): out.append(bytes)
        case .topic: out.append(place.topic)
        case .partition: out.append(String(place.partition))
        case .offset: out.append(String(record.offset.value))
        case .timestamp: out.append(String(record.timestamp.milliseconds))
        case .key: append(record.view.key, payload, &out)
        case .value: append(record.view.value, payload, &out)
        case .keySize: out.append(String(record.view.key?.count ?? -1))
        case .valueSize: out.append(String(record.view.value?.count ?? -1))
        case .headers:
            let pairs = headers(record, payload).map {
                "\($0.key)=\(String(decoding: $0.value ?? [], as: UTF8.self))"
            }
            out.append(pairs.joined(separator: ","))
        }
    }

    private func append(_ range: Range<Int>?, _ payload: RawSpan, _ out: inout Output) {
        guard let range else { return }
        payload.extracting(range).withUnsafeBytes { out.append($0) }
    }

    private func headers(_ record: FetchedChunk.Record, _ payload: RawSpan) -> [(
        key: String, value: [UInt8]?
    )] {
        guard record.view.headerCount > 0 else { return [] }
        var pairs: [(key: String, value: [UInt8]?)] = []
        try? forEachHeader(of: record.view, in: payload) { key, value in
            pairs.append(
                (String(decoding: bytes(key, payload), as: UTF8.self), value.map { bytes($0, payload) }))
        }
        return pairs
    }

    private func bytes(_ range: Range<Int>, _ payload: RawSpan) -> [UInt8] {
        payload.extracting(range).withUnsafeBytes { Array($0) }
    }

    /// Keys and values that are no UTF-8 come as `keyBase64` and `valueBase64`.
    private func json(_ record: FetchedChunk.Record, _ place: TopicPartition, _ payload: RawSpan) -> JSON {
        var pairs: [(String, JSON)] = [
            ("topic", .string(place.topic)), ("partition", .int(Int64(place.partition))),
            ("offset", .int(record.offset.value)), ("timestamp", .int(record.timestamp.milliseconds)),
            ("timestampType", .string(record.timestampType == .createTime ? "CreateTime" : "LogAppendTime")),
        ]
        pairs.append(field("key", record.view.key.map { bytes($0, payload) }))
        pairs.append(field("value", record.view.value.map { bytes($0, payload) }))
        pairs.append(
            (
                "headers",
                .array(
                    headers(record, payload).map {
                        .object([("name", .string($0.key)), field("value", $0.value)])
                    })
            ))
        return .object(pairs)
    }

    private func field(_ name: String, _ bytes: [UInt8]?) -> (String, JSON) {
        guard let bytes else { return (name, .null) }
        if let text = JSON.text(bytes) { return (name, .string(text)) }
        return (name + "Base64", .string(base64(bytes)))
    }
}
