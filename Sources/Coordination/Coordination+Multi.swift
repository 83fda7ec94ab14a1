// Several writes as one transaction.
extension Coordination {
    /// All operations, or none. Each sees what those before it did.
    mutating func multi(
        _ operations: [ZnodeOperation], by caller: Caller, _ now: Moment
    ) throws(CoordinationError) -> CoordinationDecision {
        try checkSession(of: caller)
        var writes: [ZnodeWrite] = []
        var results: [ZnodeResult] = []
        overlay.begin()
        for operation in operations {
            do throws(CoordinationError) {
                let (write, result) = try decide(operation, by: caller, now)
                if let write { writes.append(write) }
                results.append(result)
            } catch {
                overlay.rollBack()
                return .answer(.multi(Self.failed(at: results.count, of: operations.count, error)))
            }
        }
        overlay.end()
        return .commit(.writes(writes), .multi(results))
    }

    private static func failed(at index: Int, of count: Int, _ error: CoordinationError) -> [ZnodeResult] {
        (0..<count).map { .failed($0 < index ? .ok : $0 == index ? error : .runtimeInconsistency) }
    }
}
