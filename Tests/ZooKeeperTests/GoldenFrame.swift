import Foundation

/// One line of `Golden/frames.jsonl`: a frame as it went between a real ZooKeeper 3.8 and a client of it.
struct GoldenFrame: CustomStringConvertible {
    enum Kind: String { case connectRequest, connectResponse, request, reply, event }

    /// `kazoo`, `java`, or `hand` for what neither sends.
    let who: String
    let kind: Kind
    /// Of a request, and of the request a reply answers.
    let opCode: Int32?
    /// What the frame says, as another decoder read it; see `FrameText`.
    let text: String
    /// Without the length before it.
    let bytes: [UInt8]
    /// Holds an empty string or list that was written as null.
    let hasNull: Bool

    var description: String { "\(who) \(kind) \(text)" }

    static func all() throws -> [GoldenFrame] {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Golden/frames.jsonl")
        return try Data(contentsOf: url).split(separator: UInt8(ascii: "\n")).map { line in
            guard let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any],
                let frame = GoldenFrame(object)
            else { throw CocoaError(.fileReadCorruptFile) }
            return frame
        }
    }

    /// The same with other bytes.
    init(_ frame: GoldenFrame, bytes: [UInt8]) {
        who = frame.who
        kind = frame.kind
        opCode = frame.opCode
        text = frame.text
        hasNull = frame.hasNull
        self.bytes = bytes
    }

    private init?(_ line: [String: Any]) {
        guard let who = line["who"] as? String, let kind = (line["kind"] as? String).flatMap(Kind.init),
            let text = line["text"] as? String, let hex = line["hex"] as? String, hex.utf8.count % 2 == 0
        else { return nil }
        let digits = hex.compactMap(\.hexDigitValue).map(UInt8.init)
        guard digits.count == hex.utf8.count else { return nil }
        self.who = who
        self.kind = kind
        self.text = text
        opCode = (line["op"] as? NSNumber)?.int32Value
        bytes = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        hasNull = line["nulls"] as? Bool ?? false
    }
}
