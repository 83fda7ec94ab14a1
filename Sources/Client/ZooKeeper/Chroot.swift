package import ZooKeeper

/// A node that stands for the root: an application's paths begin there, and it sees none outside.
package struct Chroot: Equatable, Sendable {
    /// Empty when the root is the root, else a path that does not end with a slash.
    private let prefix: String

    package static let none = Chroot(prefix: "")

    private init(prefix: String) { self.prefix = prefix }

    /// - Returns: nil unless `path` is empty, `/`, or a path without empty parts.
    package init?(_ path: String) {
        if path.isEmpty || path == "/" {
            self = .none
            return
        }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts[0].isEmpty, !parts.dropFirst().contains(where: \.isEmpty) else { return nil }
        self.init(prefix: path)
    }

    package var isNone: Bool { prefix.isEmpty }

    /// The server's path for the application's.
    package func lowered(_ path: String) -> String {
        if prefix.isEmpty { return path }
        return path == "/" ? prefix : prefix + path
    }

    /// The application's path for the server's; one outside is left as it is.
    package func raised(_ path: String) -> String {
        guard !prefix.isEmpty, path.hasPrefix(prefix) else { return path }
        let rest = path.dropFirst(prefix.count)
        if rest.isEmpty { return "/" }
        return rest.hasPrefix("/") ? String(rest) : path
    }
}

extension Chroot {
    package func lowered(_ request: ZooKeeperRequest) -> ZooKeeperRequest {
        if isNone { return request }
        switch request {
        case .create(let request): return .create(lowered(request))
        case .delete(let request): return .delete(lowered(request))
        case .check(let request): return .check(lowered(request))
        case .exists(let request): return .exists(lowered(request))
        case .getData(let request): return .getData(lowered(request))
        case .getChildren(let request): return .getChildren(lowered(request))
        case .getChildren2(let request): return .getChildren2(lowered(request))
        case .setData(let request): return .setData(lowered(request))
        case .getACL(let path): return .getACL(path: lowered(path))
        case .setACL(var request):
            request.path = lowered(request.path)
            return .setACL(request)
        case .sync(let path): return .sync(path: lowered(path))
        case .multi(let operations): return .multi(operations.map(lowered))
        case .multiRead(let operations):
            return .multiRead(
                operations.map { operation in
                    switch operation {
                    case .getData(let request): .getData(lowered(request))
                    case .getChildren(let request): .getChildren(lowered(request))
                    }
                })
        case .checkWatches(let request): return .checkWatches(lowered(request))
        case .removeWatches(let request): return .removeWatches(lowered(request))
        case .addWatch(let request): return .addWatch(lowered(request))
        case .deleteContainer(let path): return .deleteContainer(path: lowered(path))
        case .getEphemerals(let prefix): return .getEphemerals(prefix: lowered(prefix))
        case .getAllChildrenNumber(let path): return .getAllChildrenNumber(path: lowered(path))
        case .ping, .reconfig, .auth, .setWatches, .sasl, .whoAmI, .closeSession: return request
        }
    }

    package func raised(_ reply: ZooKeeperReply, to opCode: OpCode) -> ZooKeeperReply {
        if isNone { return reply }
        switch reply {
        case .path(let path): return .path(raised(path))
        case .created(let path, let stat): return .created(path: raised(path), stat)
        case .names(let names) where opCode == .getEphemerals: return .names(names.map(raised))
        case .results(let results):
            return .results(
                results.map { result in
                    switch result {
                    case .created(let path): .created(path: raised(path))
                    case .createdWithStat(let path, let stat): .createdWithStat(path: raised(path), stat)
                    default: result
                    }
                })
        default: return reply
        }
    }

    private func lowered(_ operation: MultiOperation) -> MultiOperation {
        switch operation {
        case .create(let request): .create(lowered(request))
        case .delete(let request): .delete(lowered(request))
        case .check(let request): .check(lowered(request))
        case .setData(let request): .setData(lowered(request))
        }
    }

    private func lowered(_ request: CreateRequest) -> CreateRequest {
        var request = request
        request.path = lowered(request.path)
        return request
    }

    private func lowered(_ request: VersionedPath) -> VersionedPath {
        VersionedPath(path: lowered(request.path), version: request.version)
    }

    private func lowered(_ request: ReadRequest) -> ReadRequest {
        ReadRequest(path: lowered(request.path), isWatching: request.isWatching)
    }

    private func lowered(_ request: SetDataRequest) -> SetDataRequest {
        SetDataRequest(path: lowered(request.path), data: request.data, version: request.version)
    }

    private func lowered(_ request: WatchRequest) -> WatchRequest {
        var request = request
        request.path = lowered(request.path)
        return request
    }
}
