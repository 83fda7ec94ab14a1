import Vocabulary
package import Wire

/// A request as the client sends it: which versions we speak, and how its body is written.
package protocol ClientCall: Sendable {
    var apiKey: Int16 { get }
    var versions: ClosedRange<Int16> { get }
    var flexibleFrom: Int16 { get }
    /// Produce with acks=0 gets none.
    var expectsReply: Bool { get }
    func bodySize(version: Int16) -> Int
    func writeBody(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int, version: Int16)
}

extension ClientCall {
    package var expectsReply: Bool { true }
}

/// Any generated request as a call.
package struct MessageCall<Request: RequestMessage>: ClientCall {
    /// Takes out what an old version cannot say.
    package typealias Lowering = @Sendable (inout Request, _ version: Int16) -> Void

    package let request: Request
    package let versions: ClosedRange<Int16>
    private let lowering: Lowering?

    /// - Parameter versionMax: holds the version down, for a request whose newer versions mean something else.
    package init(_ request: Request, versionMax: Int16 = .max, lowering: Lowering? = nil) {
        self.request = request
        self.lowering = lowering
        let valid = Request.validVersions
        versions = valid.lowerBound...max(valid.lowerBound, min(valid.upperBound, versionMax))
    }

    package var apiKey: Int16 { Request.apiKey }
    package var flexibleFrom: Int16 { Request.flexibleFrom }
    package func bodySize(version: Int16) -> Int { lowered(version).size(version: version) }
    package func writeBody(_ out: UnsafeMutableRawBufferPointer, _ at: inout Int, version: Int16) {
        lowered(version).write(out, &at, version: version)
    }

    private func lowered(_ version: Int16) -> Request {
        guard let lowering else { return request }
        var copy = request
        lowering(&copy, version)
        return copy
    }
}

/// A whole request frame: length, header, body.
package func encodeFrame(
    _ call: some ClientCall, version: Int16, correlationID: Int32, clientID: String
) -> [UInt8] {
    let flexible = version >= call.flexibleFrom
    let size = 4 + 10 + clientID.utf8.count + (flexible ? 1 : 0) + call.bodySize(version: version)
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        let out = UnsafeMutableRawBufferPointer(buffer)
        var at = 0
        writeInt32(Int32(size - 4), out, &at)
        writeInt16(call.apiKey, out, &at)
        writeInt16(version, out, &at)
        writeInt32(correlationID, out, &at)
        // The client id keeps its old form in flexible headers too (KIP-482).
        writeString(clientID, out, &at, flexible: false)
        if flexible { writeUVarint(0, out, &at) }
        call.writeBody(out, &at, version: version)
        invariant(at == size, "API \(call.apiKey) v\(version): announced \(size) bytes, wrote \(at)")
        count = size
    }
}
