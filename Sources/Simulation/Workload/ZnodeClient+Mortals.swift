import Vocabulary
import ZooKeeper

/// Nodes that go by themselves: containers, and nodes with a time to live; each has one child, now and then.
extension ZnodeClient {
    private var options: WorkloadOptions { workload.options }

    func askMortal() {
        guard let path = options.mortals.randomElement(using: &world.workload) else { return }
        let node = workload.history.number(of: path)
        switch Int.random(in: 0..<12, using: &world.workload) {
        case 0..<3: createMortal(path)
        case 3..<5: createChild(of: path)
        case 5..<7: deleteChild(of: path)
        case 7: write([.delete(node: node, version: -1)]) { _ in .delete(VersionedPath(path: path)) }
        case 8:
            // A container's content tells which one it is: it stays as it was made.
            guard options.ttlPaths.contains(path) else { return createChild(of: path) }
            write([.set(node: node, value: workload.takeValue(), version: -1)]) { values in
                .setData(SetDataRequest(path: path, data: values[0]))
            }
        case 9: readBehindSync(Self.child(of: path))
        default: readBehindSync(path)
        }
    }

    static func child(of path: String) -> String { path + "/child" }

    private func createMortal(_ path: String) {
        let isContainer = options.containerPaths.contains(path)
        let ttl = isContainer ? nil : options.ttlMs
        let node = workload.history.number(of: path)
        write([.createMortal(node: node, value: workload.takeValue(), ttlMs: ttl)]) { values in
            isContainer
                ? .create(CreateRequest(.createContainer, path: path, data: values[0], mode: .container))
                : .create(
                    CreateRequest(
                        .createTTL, path: path, data: values[0], mode: .persistentWithTTL, ttlMs: ttl!))
        }
    }

    private func createChild(of path: String) {
        let child = Self.child(of: path)
        let (node, parent) = (workload.history.number(of: child), workload.history.number(of: path))
        write([.createChild(node: node, parent: parent, value: workload.takeValue())]) { values in
            .create(CreateRequest(path: child, data: values[0]))
        }
    }

    private func deleteChild(of path: String) {
        let child = Self.child(of: path)
        let (node, parent) = (workload.history.number(of: child), workload.history.number(of: path))
        write([.deleteChild(node: node, parent: parent)]) { _ in .delete(VersionedPath(path: child)) }
    }

    // MARK: - The end

    /// Nothing keeps them alive any more.
    package func clearMortals() { for path in options.mortals { deleteChild(of: path) } }

    /// All of them have had their time.
    package func auditMortals() {
        for path in options.mortals {
            request(.sync(path: path), .cleanUp)
            request(.exists(ReadRequest(path: path)), .due(path: path))
        }
    }

    /// A container that never had a child stays.
    func sawDue(_ path: String, _ reply: ZooKeeperReply) {
        guard case .stat(let stat) = reply else { return }
        if options.containerPaths.contains(path), stat.cversion == 0 { return }
        world.fail("what is due to go goes", "\(path) is still there, with \(stat.numChildren) children")
    }
}
