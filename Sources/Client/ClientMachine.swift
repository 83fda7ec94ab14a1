package import Vocabulary

/// One connection of a client, named by the machine that asked for it; never reused in that machine's life.
package struct LinkID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let value: Int

    package init(_ value: Int) { self.value = value }

    package var description: String { "link \(value)" }
    package static func < (a: LinkID, b: LinkID) -> Bool { a.value < b.value }
}

/// What the world tells a client. Bytes come by `receive`, since they are read in place.
package enum LinkEvent: Equatable, Sendable {
    case opened(LinkID)
    /// Also when it never opened. The reason is for people: "connection refused".
    case closed(LinkID, reason: String)
    /// Time has passed, or the application put something in: look what is due.
    case woke
}

/// What a client asks of the world.
package enum LinkEffect: Equatable, Sendable {
    case connect(LinkID, host: String, port: Int32)
    /// One whole frame with its length; sent in order, queued while the link opens.
    case send(LinkID, [UInt8])
    /// No `closed` event follows.
    case close(LinkID)
    /// A `woke` is due then at the latest; an earlier wake takes the place of a later one.
    case wake(at: Instant)
}

/// A client without sockets, clock or threads: run by the driver of the command line, by the simulator, by tests.
package protocol ClientMachine {
    mutating func step(_ event: LinkEvent, at now: Instant) -> [LinkEffect]
    /// One frame that arrived, without its length; it is gone after the call.
    mutating func receive(_ frame: RawSpan, on link: LinkID, at now: Instant) -> [LinkEffect]
}

/// `broker.example:9092`.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    package let host: String
    package let port: Int32

    package init(host: String, port: Int32) {
        self.host = host
        self.port = port
    }

    /// - Returns: nil unless `text` is `host:port` or `[v6]:port`; the port may be left out.
    package init?(_ text: some StringProtocol, portDefault: Int32 = 9092) {
        var host = String(text)
        var port = portDefault
        if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") {
            guard let number = UInt16(host[host.index(after: colon)...]) else { return nil }
            port = Int32(number)
            host = String(host[..<colon])
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else { return nil }
        self.init(host: host, port: port)
    }

    /// A comma-separated list, as in `--bootstrap`.
    package static func list(_ text: some StringProtocol, portDefault: Int32 = 9092) -> [Endpoint]? {
        let endpoints = text.split(separator: ",").map { Endpoint($0, portDefault: portDefault) }
        return endpoints.isEmpty || endpoints.contains(nil) ? nil : endpoints.compactMap { $0 }
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
