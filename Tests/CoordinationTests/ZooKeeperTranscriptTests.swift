import Foundation
import Testing
import Vocabulary

@testable import Coordination

/// What a real ZooKeeper 3.8 answered to three clients' random requests is what this machine answers: results, errors, every
/// field of every `Stat` but the times, and each client's watch events in order.
///
/// The transcripts are facts, made by running it. A line begins with `>` for a client's request, `<` for its answer, `!` for an
/// event that came to a client by then.
struct ZooKeeperTranscriptTests {
    @Test(arguments: 1...4)
    func `every answer and event is as ZooKeeper gave it`(number: Int) throws {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Golden/zookeeper-3.8-\(number).txt")
        let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map(String.init)
        var player = TranscriptPlayer()
        var at = 1  // Behind the heading.
        var requests = 0
        while at < lines.count {
            let request = lines[at]
            let end =
                lines[(at + 1)...].firstIndex { !$0.hasPrefix("<") && !$0.hasPrefix("!") } ?? lines.count
            let answers = try player.play(request)
            let expected = Array(lines[at + 1..<end])
            let isAnyOrder = request.hasPrefix("close")
            #expect(
                (isAnyOrder ? answers.sorted() : answers) == (isAnyOrder ? expected.sorted() : expected),
                "line \(at + 1): \(request)")
            if answers.sorted() != expected.sorted() { return }
            at = end
            requests += 1
        }
        #expect(requests > 500)
    }
}

/// Three clients of one machine, as the recorder had them.
private struct TranscriptPlayer {
    private var station = Station()
    private var watches = WatchTable()
    private var clients: [Int: TestClient] = [:]
    /// Which client had which session.
    private var owners: [Int64: Int] = [:]
    private var events: [Int: [String]] = [:]

    /// - Returns: the lines that should follow.
    mutating func play(_ line: String) throws -> [String] {
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let index = try #require(Int(words[1]))
        switch words[0] {
        case "connect":
            var client = try station.connect()
            if index == 2 { client.identities.append(Self.digest("bob:fyVmFCwVbTJYrznoSu1koqYEYF0=")) }
            if index == 3 { client.identities.append(Self.digest("eve:vcGMCUlWFMiXiG/KAGnEJMiG2ww=")) }
            clients[index] = client
            owners[client.id] = index
            return []
        case "close":
            let client = try #require(clients[index])
            clients[index] = nil
            watches.removeAll(of: client.id)
            try station.run(.closeSession(id: client.id, broker: 1))
            notify()
            return takeEvents(first: 0)
        default:
            let client = try #require(clients[index])
            let answer = try answer(Array(words[2...]), client)
            notify()
            return ["< " + answer] + takeEvents(first: index)
        }
    }

    private mutating func notify() {
        for fired in watches.fire(station.changes) {
            let client = clients.values.first { $0.id == fired.watcher }
            if let client, station.coordination.mayRead(fired.event.acl, client.identities) {
                note(fired.event, for: client.id)
            }
        }
        station.changes = []
    }

    private mutating func note(_ event: WatchEvent, for session: Int64) {
        guard let index = owners[session] else { return }
        events[index, default: []].append("! \(index) \(event.kind) \(Self.quoted(event.path))")
    }

    private mutating func takeEvents(first: Int) -> [String] {
        defer { events = [:] }
        return (events[first] ?? [])
            + events.filter { $0.key != first }.sorted { $0.key < $1.key }.flatMap(\.value)
    }

    // MARK: Requests

    private mutating func answer(_ words: [String], _ client: TestClient) throws -> String {
        do throws(CoordinationError) {
            switch words[0] {
            case "multi":
                let parts = words.dropFirst().split(separator: ";").map(Array.init)
                let operations = parts.map(Self.operation)
                guard case .multi(let results) = try station.run(.multi(operations, by: client.caller)) else {
                    throw .systemError
                }
                let texts = zip(parts, results).map { part, result in
                    // Of plain nodes a multi tells the path alone.
                    if case .created(let path, _) = result, let flags = Int(part[2]), flags < 4 {
                        return "path " + Self.quoted(path)
                    }
                    return text(result)
                }
                return "multi " + texts.joined(separator: " ; ")
            case "create", "delete", "set", "setacl":
                let command = CoordinationCommand.write(Self.operation(words), by: client.caller)
                guard case .written(let result) = try station.run(command) else { throw .systemError }
                return text(result)
            default: return try read(words, client)
            }
        } catch {
            return "\(error.rawValue)"
        }
    }

    private mutating func read(_ words: [String], _ client: TestClient) throws(CoordinationError) -> String {
        let path = words.count > 1 ? Self.unquoted(words[1]) : ""
        let number = words.count > 2 ? Int32(words[2]) ?? 0 : 0
        let coordination = station.coordination
        switch words[0] {
        case "exists":
            if number == 1 { watches.add(.data, path, for: client.id) }
            return "stat " + text(try coordination.exists(path))
        case "get":
            let (data, stat) = try coordination.data(path, for: client.identities)
            if number == 1 { watches.add(.data, path, for: client.id) }
            return "data \(Self.text(data)) " + text(stat)
        case "children":
            let (names, stat) = try coordination.children(path, for: client.identities)
            if number == 1 { watches.add(.children, path, for: client.id) }
            return "names \(names.sorted().map(Self.quoted).joined(separator: ",")) stat " + text(stat)
        case "acl":
            let (acl, stat) = try coordination.acl(path, for: client.identities)
            return "acl \(Self.text(acl)) " + text(stat)
        case "count": return "count \(try coordination.descendantCount(path, for: client.identities))"
        case "ephemerals":
            let paths = coordination.ephemerals(of: client.id, prefix: path)
            return "names " + paths.map(Self.quoted).joined(separator: ",")
        case "addwatch": watches.add(number == 0 ? .persistent : .persistentRecursive, path, for: client.id)
        case "checkwatches":
            guard let type = WatcherType(rawValue: number), watches.contains(type, path, for: client.id)
            else {
                throw .noWatcher
            }
        case "removewatches":
            guard let type = WatcherType(rawValue: number), watches.remove(type, path, for: client.id) else {
                throw .noWatcher
            }
        case "renew":
            let lists = words[2...].map {
                $0 == "-" ? [] : $0.split(separator: ",").map { Self.unquoted(String($0)) }
            }
            var former = FormerWatches()
            former.data = lists[0]
            former.exists = lists[1]
            former.children = lists[2]
            former.persistent = lists[3]
            former.persistentRecursive = lists[4]
            let events = watches.renew(former, for: client.id, since: Int64(words[1]) ?? 0, in: coordination)
            for event in events { note(event, for: client.id) }
        default: throw .unimplemented
        }
        return "done"
    }

    private static func operation(_ words: [String]) -> ZnodeOperation {
        let path = unquoted(words[1])
        let number = words.count > 2 ? Int32(words[2]) ?? 0 : 0
        switch words[0] {
        case "create":
            // A time to live out of bounds is the decision's to refuse: it takes a zxid.
            let ttl = Int64(words[3]) ?? 0
            let kind: ZnodeKind =
                switch number {
                case 5: .ttl(milliseconds: ttl)
                case 6: .ttlSequential(milliseconds: ttl)
                default: (try? ZnodeKind(flags: number)) ?? .persistent
                }
            return .create(path: path, data: data(words[4]), acl: acl(words[5]), kind: kind)
        case "delete": return .delete(path: path, version: number)
        case "set": return .setData(path: path, data: data(words[3]), version: number)
        case "setacl": return .setACL(path: path, acl: acl(words[3]), version: number)
        default: return .check(path: path, version: number)
        }
    }

    // MARK: Forms

    private func text(_ result: ZnodeResult) -> String {
        switch result {
        case .created(let path, let stat): "created \(Self.quoted(path)) " + text(stat)
        case .deleted, .checked: "done"
        case .dataSet(let stat), .aclSet(let stat): "stat " + text(stat)
        case .failed(let error): "\(error.rawValue)"
        }
    }

    private func text(_ stat: ZnodeStat) -> String {
        let owner =
            owners[stat.ephemeralOwner].map { "s\($0)" }
            ?? String(UInt64(bitPattern: stat.ephemeralOwner), radix: 16)
        return "\(stat.czxid) \(stat.mzxid) \(stat.pzxid) \(stat.version) \(stat.cversion) \(stat.aversion) "
            + "\(owner) \(stat.dataLength) \(stat.numChildren)"
    }

    private static func digest(_ id: String) -> Identity { Identity(scheme: "digest", id: id) }

    private static func text(_ data: [UInt8]?) -> String {
        guard let data else { return "null" }
        return data.isEmpty
            ? "-" : data.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private static func data(_ text: String) -> [UInt8]? {
        if text == "null" { return nil }
        if text == "-" { return [] }
        let digits = Array(text)
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(String(digits[$0...($0 + 1)]), radix: 16) ?? 0
        }
    }

    private static func text(_ acl: ACL) -> String {
        if acl.isEmpty { return "none" }
        let entries = acl.map { entry in
            "\(entry.permissions.rawValue)|\(entry.identity.scheme)|\(quoted(entry.identity.id, safe: ":=+/"))"
        }
        return entries.joined(separator: ",")
    }

    private static func acl(_ text: String) -> ACL {
        if text == "none" { return [] }
        return text.split(separator: ",").map { entry in
            let parts = entry.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            let identity = Identity(scheme: parts[1], id: unquoted(parts[2]))
            return ACLEntry(Permissions(rawValue: Int32(parts[0]) ?? 0), identity)
        }
    }

    /// As in URLs; nothing at all is `%`.
    private static func quoted(_ text: String) -> String { text.isEmpty ? "%" : quoted(text, safe: "/") }

    private static func quoted(_ text: String, safe: String) -> String {
        let plain = Set((safe + "_.-~").utf8)
        return text.utf8.map { byte in
            let isWord = Unicode.Scalar(byte).properties.isAlphabetic || (0x30...0x39).contains(byte)
            if byte < 0x80, isWord || plain.contains(byte) { return String(Unicode.Scalar(byte)) }
            return "%" + String(byte >> 4, radix: 16, uppercase: true)
                + String(byte & 15, radix: 16, uppercase: true)
        }.joined()
    }

    private static func unquoted(_ text: String) -> String {
        if text == "%" { return "" }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let isQuote = byte == UInt8(ascii: "%")
            bytes.append(
                isQuote ? UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0 : byte)
            if isQuote { rest = rest.dropFirst(2) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
