/// How a batch's records are compressed: the lowest three bits of its attributes.
@usableFromInline
package enum Codec: UInt8, Sendable, CaseIterable {
    case none = 0
    case gzip = 1
    case snappy = 2
    case lz4 = 3
    /// Since Produce 7 and Fetch 10 (KIP-110).
    case zstd = 4

    /// Kafka's spelling: `gzip`.
    package var name: String {
        switch self {
        case .none: "none"
        case .gzip: "gzip"
        case .snappy: "snappy"
        case .lz4: "lz4"
        case .zstd: "zstd"
        }
    }

    /// - Parameter name: as in a producer's `compression.type`; `uncompressed`, a topic's word for it, is `none`.
    package init?(name: String) {
        if name == "uncompressed" {
            self = .none
            return
        }
        guard let codec = Codec.allCases.first(where: { $0.name == name }) else { return nil }
        self = codec
    }

    /// The levels that `compression.<codec>.level` admits (KIP-390); nil where a codec knows none. gzip's -1, its
    /// default, comes besides.
    package var levels: ClosedRange<Int32>? {
        switch self {
        case .none, .snappy: nil
        case .gzip: 1...9
        case .lz4: 1...17
        case .zstd: -131_072...22
        }
    }

    /// What Kafka takes when nothing is configured.
    package var defaultLevel: Int32 {
        switch self {
        case .none, .snappy: 0
        case .gzip: -1
        case .lz4: 9
        case .zstd: 3
        }
    }

    /// Whether `level` may be configured.
    package func admits(level: Int32) -> Bool { level == defaultLevel || levels?.contains(level) ?? false }
}
