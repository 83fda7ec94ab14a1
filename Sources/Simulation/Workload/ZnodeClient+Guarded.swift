import Vocabulary
import ZooKeeper

/// Nodes that only those may read and write who have shown a password: every other client has.
extension ZnodeClient {
    package static func isOwner(_ client: Int) -> Bool { client % 2 == 1 }
    private var isOwner: Bool { Self.isOwner(number) }

    /// The first request of each connection.
    func authenticate() {
        guard workload.options.guarded > 0, isOwner else { return }
        request(.auth(AuthRequest(scheme: "digest", auth: Array("owner:secret".utf8))), .auth, xid: Xid.auth)
    }

    func askGuarded() {
        guard let path = workload.options.guardedPaths.randomElement(using: &world.workload) else { return }
        let node = workload.history.number(of: path)
        guard isOwner else { return intrude(path, node) }
        switch Int.random(in: 0..<10, using: &world.workload) {
        case 0..<3:
            write([.create(node: node, value: workload.takeValue(), owner: 0)]) { values in
                let list = [ZnodeACL(permissions: ZnodeACL.all, scheme: "auth", id: "")]
                return .create(CreateRequest(path: path, data: values[0], acl: list))
            }
        case 3: write([.delete(node: node, version: -1)]) { _ in .delete(VersionedPath(path: path)) }
        case 4..<7:
            write([.set(node: node, value: workload.takeValue(), version: -1)]) { values in
                .setData(SetDataRequest(path: path, data: values[0]))
            }
        default: readBehindSync(path, watching: false)
        }
    }

    /// It must not be let in, however the node stands.
    private func intrude(_ path: String, _ node: Int) {
        let data = Self.bytes(of: workload.takeValue())
        switch Int.random(in: 0..<3, using: &world.workload) {
        case 0: write([.forbidden(node: node)]) { _ in .setData(SetDataRequest(path: path, data: data)) }
        case 1:
            write([.forbidden(node: node)]) { _ in
                .multi([.setData(SetDataRequest(path: path, data: data))])
            }
        default:
            let record = workload.history.begin(client: number, [.forbidden(node: node)], at: world.now)
            request(.sync(path: path), .sync(record: record))
            request(.getData(ReadRequest(path: path)), .read(record: record, path: path, leavesWatch: false))
        }
    }
}
