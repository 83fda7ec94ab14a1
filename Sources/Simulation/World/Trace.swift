import Vocabulary

/// Where something happened: the trace has a column for each broker, and one for everything else.
package enum Place: Hashable, Sendable {
    case broker(Int)
    case client(Int)
    case network
    case world
}

/// The last things that happened, to be told when a run fails; and all of them while they happen, when asked.
///
/// An entry is kept as numbers and made text only when it is shown: there are hundreds of thousands of them in a run.
package struct Trace {
    private struct Entry {
        let at: Instant
        let place: Place
        let what: StaticString
        let numbers: (Int, Int)?
        let text: String?
    }

    /// Set to see everything as it happens.
    package var print: ((String) -> Void)?
    private var ring: [Entry] = []
    private var next = 0
    private let capacity: Int
    private let brokers: Int

    package init(brokers: Int, capacity: Int = 100) {
        self.brokers = brokers
        self.capacity = capacity
    }

    mutating func note(
        at: Instant, _ place: Place, _ what: StaticString, _ numbers: (Int, Int)?, _ text: String?
    ) {
        let entry = Entry(at: at, place: place, what: what, numbers: numbers, text: text)
        if ring.count < capacity { ring.append(entry) } else { ring[next] = entry }
        next = (next + 1) % capacity
        if let print { print(line(entry)) }
    }

    /// The last happenings, oldest first, one line each.
    package var lines: [String] {
        let ordered = ring.count < capacity ? ring[...] : ring[next...] + ring[..<next]
        return [header] + ordered.map(line)
    }

    /// The line above the columns.
    package var header: String {
        let columns = (0..<brokers).map { pad("broker \($0 + 1)", Self.columnWidth) }
        return pad("ms", Self.timeWidth) + columns.joined(separator: "|") + "| clients, network, faults"
    }

    private static let columnWidth = 28
    private static let timeWidth = 12

    private func line(_ entry: Entry) -> String {
        var said = "\(entry.what)"
        if let (a, b) = entry.numbers { said += b == .min ? " \(a)" : " \(a) \(b)" }
        if let text = entry.text { said += " " + text }
        let microseconds = entry.at.nanoseconds / 1000
        let fraction = String(1000 + microseconds % 1000).dropFirst()
        var line = pad("\(microseconds / 1000).\(fraction)", Self.timeWidth)
        let column: Int
        switch entry.place {
        case .broker(let number): column = number - 1
        case .client(let number):
            column = brokers
            said = "client \(number): " + said
        case .network, .world: column = brokers
        }
        for index in 0..<brokers { line += pad(index == column ? said : "", Self.columnWidth) + "|" }
        return column == brokers ? line + " " + said : line
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text.utf8.count >= width ? text : text + String(repeating: " ", count: width - text.utf8.count)
    }
}
