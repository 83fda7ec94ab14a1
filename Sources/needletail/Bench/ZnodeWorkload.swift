import ArgumentParser
import ZooKeeper

/// One of the requests that a znode bench measures.
enum ZnodeOperation: Int, CaseIterable {
    case create, set, get

    var name: String { "\(self)" }
}

/// What a znode bench does: one kind of request, or gets and sets mixed.
enum ZnodeWorkload: ExpressibleByArgument {
    case only(ZnodeOperation)
    /// That share of the requests are gets, the rest sets.
    case mix(gets: Double)

    init?(argument: String) {
        if let operation = ZnodeOperation.allCases.first(where: { $0.name == argument }) {
            self = .only(operation)
            return
        }
        let parts = argument.split(separator: ":", maxSplits: 1)
        guard parts.first == "mix" else { return nil }
        let gets = parts.count == 2 ? Double(parts[1]) : 0.9
        guard let gets, (0...1).contains(gets) else { return nil }
        self = .mix(gets: gets)
    }

    var description: String {
        switch self {
        case .only(let operation): operation.name
        case .mix(let gets): "mix:\(gets)"
        }
    }

    /// Whether nodes must be there before it begins.
    var needsNodes: Bool { if case .only(.create) = self { false } else { true } }
}

/// What every client of a znode bench does.
struct ZnodePlan {
    let workload: ZnodeWorkload
    /// The node under which each client has one of its own.
    let root: String
    var data: [UInt8] = []
    /// Requests in flight of each client.
    var inFlightMax = 1
    /// Nodes of each client that are read and written.
    var nodes = 1
    var keepsNodes = false
}
