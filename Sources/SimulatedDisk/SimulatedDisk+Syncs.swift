package import Ports

/// A sync that is under way. It covers what was written and named before it began.
package struct PendingSync: Sendable {
    enum Scope: Sendable {
        case file(inode: Int, layer: Int)
        case directory(String, names: [String: Int], children: Set<String>, number: Int)
        /// The file's id was forgotten before: nothing is left that could be lost.
        case nothing
    }
    let scope: Scope
    let path: String
    let crashes: Int
}

/// Syncs that take time: what is written between begin and end is not covered.
extension SimulatedDisk {
    package func beginSync(_ target: SyncTarget) -> PendingSync {
        peek { state in
            switch target {
            case .file(let file):
                guard let open = state.open[file.value] else {
                    return PendingSync(scope: .nothing, path: "", crashes: state.crashes)
                }
                let layer = state.files[open.inode]!.beginSync()
                return PendingSync(
                    scope: .file(inode: open.inode, layer: layer), path: open.path, crashes: state.crashes)
            case .directory(let directory):
                let names = state.names.filter { parent(of: $0.key) == directory }
                let children = state.directories.filter { !$0.isEmpty && parent(of: $0) == directory }
                state.directorySyncs += 1
                return PendingSync(
                    scope: .directory(
                        directory, names: names, children: children, number: state.directorySyncs),
                    path: directory, crashes: state.crashes)
            }
        }
    }

    /// - Throws: a fault that waits for a sync. Nothing became durable then.
    package func endSync(_ pending: PendingSync) throws(DiskError) {
        try with { state throws(DiskError) in
            guard pending.crashes == state.crashes else { return }
            switch pending.scope {
            case .nothing: return
            case .file(let inode, let layer):
                try state.begin(.sync, pending.path)
                state.files[inode]?.endSync(layer)  // Removed meanwhile: as with an id that is forgotten.
            case .directory(let directory, let names, let children, let number):
                try state.begin(.sync, directory)
                guard state.directories.contains(directory) else { return }
                // One that began later may have ended already: it has covered more.
                guard state.directorySynced[directory, default: 0] < number else { return }
                state.directorySynced[directory] = number
                state.syncNames(of: directory, names: names, children: children)
            }
        }
    }
}
