/// Where the broker listens, or says it can be reached: `PLAINTEXT://127.0.0.1:9092`. An empty host is every
/// address.
package struct Listener: Equatable, Sendable, CustomStringConvertible {
    package var name: String
    package var host: String
    package var port: UInt16

    package init(name: String, host: String, port: UInt16) {
        self.name = name
        self.host = host
        self.port = port
    }

    /// - Returns: nil unless `text` is `NAME://HOST:PORT`; an IPv6 address stands in brackets.
    package init?(_ text: String) {
        guard let slashes = text.firstRange(of: "://") else { return nil }
        let name = text[..<slashes.lowerBound]
        let rest = text[slashes.upperBound...]
        guard !name.isEmpty, let colon = rest.lastIndex(of: ":"),
            let port = UInt16(rest[rest.index(after: colon)...])
        else { return nil }
        var host = rest[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "_-.".contains($0)) }) else {
            return nil
        }
        self.init(name: name.uppercased(), host: String(host), port: port)
    }

    package var description: String { "\(name)://\(address)" }
    /// `127.0.0.1:9092`, `[::1]:9092`
    package var address: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// As the ready line shows it: every address is an address, too.
    package var shownAddress: String { host.isEmpty ? "0.0.0.0:\(port)" : address }

    /// A list as in `listeners`: comma-separated, names and ports distinct.
    package static func list(_ text: String) -> Result<[Listener], SettingsProblem> {
        var found: [Listener] = []
        for item in text.split(separator: ",") {
            let item = String(item.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            guard let listener = Listener(item) else {
                return .failure(
                    SettingsProblem(
                        place: "",
                        message: "'\(item)' is not NAME://HOST:PORT, like PLAINTEXT://127.0.0.1:9092"))
            }
            if found.contains(where: { $0.name == listener.name }) {
                return .failure(
                    SettingsProblem(place: "", message: "two listeners are named \(listener.name)"))
            }
            if listener.port != 0,
                found.contains(where: { $0.port == listener.port && $0.host == listener.host })
            {
                return .failure(
                    SettingsProblem(place: "", message: "two listeners have the address \(listener.address)"))
            }
            found.append(listener)
        }
        return .success(found)
    }
}
