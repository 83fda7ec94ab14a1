import Messages
import Vocabulary

extension BrokerLoop {
    /// What is served here. The first request of most clients; their software's name is kept for the log (KIP-511).
    func handleApiVersions(_ request: ApiVersionsRequest, _ context: RequestContext) {
        var response = ApiVersionsResponse()
        if context.version >= 3 {
            guard Self.isSoftwareName(request.clientSoftwareName),
                Self.isSoftwareName(request.clientSoftwareVersion)
            else {
                response.errorCode = ErrorCode.invalidRequest.rawValue
                return reply(context, response)
            }
            context.connection.clientSoftware = (request.clientSoftwareName, request.clientSoftwareVersion)
        }
        if context.version >= 5, isMisrouted(request) {
            response.errorCode = ErrorCode.rebootstrapRequired.rawValue
            return reply(context, response)
        }
        response.apiKeys = Self.advertisedKeys
        reply(context, response)
    }

    /// A version from the future: answered in version 0, with what is served, so that the client can ask again (KIP-511).
    func replyUnsupportedApiVersions(_ context: RequestContext) {
        var response = ApiVersionsResponse()
        response.errorCode = ErrorCode.unsupportedVersion.rawValue
        response.apiKeys = Self.advertisedKeys
        let old = RequestContext(
            connection: context.connection, sequence: context.sequence, apiKey: context.apiKey, version: 0,
            correlationID: context.correlationID, clientID: nil, receivedAt: context.receivedAt)
        reply(old, response)
    }

    private static let advertisedKeys: [ApiVersionsResponse.ApiVersion] = ServedAPIs.all.map { api in
        var entry = ApiVersionsResponse.ApiVersion()
        entry.apiKey = api.rawValue
        entry.minVersion = ServedAPIs.advertised(api).lowerBound
        entry.maxVersion = ServedAPIs.advertised(api).upperBound
        return entry
    }

    /// A client that was led here by an address that changed hands asks for another cluster or node (KIP-1242).
    private func isMisrouted(_ request: ApiVersionsRequest) -> Bool {
        if let clusterID = request.clusterId, clusterID != broker.clusterID { return true }
        return request.nodeId >= 0 && request.nodeId != broker.config.nodeID.value
    }

    /// Letters, digits, dots and dashes, beginning and ending with a letter or digit. Source: KIP-511.
    private static func isSoftwareName(_ name: String) -> Bool {
        func isWord(_ c: UInt8) -> Bool {
            switch c {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: false
            }
        }
        let utf8 = Array(name.utf8)
        guard let first = utf8.first, let last = utf8.last, isWord(first), isWord(last) else { return false }
        return utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }
}
