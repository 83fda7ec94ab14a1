import ArgumentParser

/// `1024`, `1KiB`, `256KiB`, `1MiB`, `1kB`, `1MB`.
struct ByteSize: ExpressibleByArgument {
    let bytes: Int

    init(_ bytes: Int) { self.bytes = bytes }

    init?(argument: String) {
        let units: [(String, Int)] = [
            ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("GB", 1_000_000_000), ("MB", 1_000_000),
            ("kB", 1_000),
            ("B", 1), ("", 1),
        ]
        guard let (unit, factor) = units.first(where: { argument.hasSuffix($0.0) }),
            let number = Double(argument.dropLast(unit.count)), number >= 0, number * Double(factor) < 1e15
        else { return nil }
        bytes = Int(number * Double(factor))
    }

    var defaultValueDescription: String {
        if bytes >= 1 << 20, bytes % (1 << 20) == 0 { return "\(bytes >> 20)MiB" }
        return bytes >= 1 << 10 && bytes % (1 << 10) == 0 ? "\(bytes >> 10)KiB" : "\(bytes)"
    }
}

/// `10`, `10s`, `500ms`, `2m`.
struct TimeSpan: ExpressibleByArgument {
    let milliseconds: Int64

    init(milliseconds: Int64) { self.milliseconds = milliseconds }

    init?(argument: String) {
        let units: [(String, Double)] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("", 1_000)]
        guard let (unit, factor) = units.first(where: { argument.hasSuffix($0.0) }),
            let number = Double(argument.dropLast(unit.count)), number >= 0, number * factor < 1e12
        else { return nil }
        milliseconds = Int64(number * factor)
    }

    var defaultValueDescription: String { "\(Double(milliseconds) / 1000)s" }
}

/// `5000` or `5k` records a second, or `100MB` a second.
enum Rate: ExpressibleByArgument {
    case records(Double)
    case bytes(Double)

    init?(argument: String) {
        if argument.hasSuffix("B") {
            guard let size = ByteSize(argument: argument), size.bytes > 0 else { return nil }
            self = .bytes(Double(size.bytes))
            return
        }
        let isThousands = argument.hasSuffix("k")
        guard let number = Double(isThousands ? String(argument.dropLast()) : argument), number > 0 else {
            return nil
        }
        self = .records(isThousands ? number * 1000 : number)
    }

    func recordsPerSecond(recordBytes: Int) -> Double {
        switch self {
        case .records(let number): number
        case .bytes(let number): number / Double(max(1, recordBytes))
        }
    }

    var description: String {
        switch self {
        case .records(let number): "\(number) records/s"
        case .bytes(let number): "\(number / 1e6) MB/s"
        }
    }
}

/// What record values hold.
enum PayloadKind: ExpressibleByArgument {
    case random, zeros
    /// That fraction of each value repeats and so compresses well; the rest is random.
    case compressible(Double)

    init?(argument: String) {
        let parts = argument.split(separator: ":", maxSplits: 1)
        switch parts.first {
        case "random" where parts.count == 1: self = .random
        case "zeros" where parts.count == 1: self = .zeros
        case "compressible":
            let fraction = parts.count == 2 ? Double(parts[1]) : 0.5
            guard let fraction, (0...1).contains(fraction) else { return nil }
            self = .compressible(fraction)
        default: return nil
        }
    }

    var description: String {
        switch self {
        case .random: "random"
        case .zeros: "zeros"
        case .compressible(let fraction): "compressible:\(fraction)"
        }
    }
    var defaultValueDescription: String { description }

    func fill(_ count: Int, using chance: inout some RandomNumberGenerator) -> [UInt8] {
        switch self {
        case .zeros: return [UInt8](repeating: 0, count: count)
        case .random: return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &chance) }
        case .compressible(let fraction):
            let plain = Array("{\"customer\":12345,\"state\":\"shipped\",\"item\":\"needle\"} ".utf8)
            let repeated = Int(Double(count) * fraction)
            let start = (0..<repeated).map { plain[$0 % plain.count] }
            return start + (repeated..<count).map { _ in UInt8.random(in: .min ... .max, using: &chance) }
        }
    }
}
