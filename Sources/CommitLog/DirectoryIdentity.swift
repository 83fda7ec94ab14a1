package import Vocabulary

/// What identifies a log directory: Kafka's `meta.properties`, version 1 (KIP-858).
package struct DirectoryIdentity: Equatable, Sendable {
    package var clusterID: String
    package var nodeID: BrokerID
    package var directoryID: UUID128

    package init(clusterID: String, nodeID: BrokerID, directoryID: UUID128) {
        self.clusterID = clusterID
        self.nodeID = nodeID
        self.directoryID = directoryID
    }

    static let fileName = "meta.properties"

    func encode() -> [UInt8] {
        Array(
            """
            version=1
            cluster.id=\(clusterID)
            node.id=\(nodeID)
            directory.id=\(directoryID)

            """.utf8)
    }

    static func decode(_ bytes: [UInt8], path: String) throws(LogDirectoryError) -> DirectoryIdentity {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .damaged(path: path, detail: "it is not text")
        }
        var properties: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            properties[line[..<equals]] = line[line.index(after: equals)...]
        }
        guard properties["version"] == "1" else {
            throw .damaged(path: path, detail: "version \(properties["version"] ?? "missing"), wanted 1")
        }
        guard let cluster = properties["cluster.id"], !cluster.isEmpty else {
            throw .damaged(path: path, detail: "cluster.id is missing")
        }
        guard let node = properties["node.id"].flatMap({ Int32($0) }) else {
            throw .damaged(path: path, detail: "node.id is missing or no number")
        }
        guard let directory = properties["directory.id"].flatMap({ UUID128(String($0)) }) else {
            throw .damaged(path: path, detail: "directory.id is missing or no id")
        }
        return DirectoryIdentity(clusterID: String(cluster), nodeID: BrokerID(node), directoryID: directory)
    }
}
