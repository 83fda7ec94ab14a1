/// Where a ZooKeeper service is, as its clients write it: `zk1:2181,zk2:2181/app`.
package struct ZooKeeperAddress: Equatable, Sendable {
    package let servers: [Endpoint]
    package let chroot: Chroot

    package static let portDefault: Int32 = 2181

    /// - Returns: nil unless `text` is servers separated by commas (the port may be left out: 2181), and behind them
    ///   perhaps the path of a node that stands for the root.
    package init?(_ text: String) {
        let slash = text.firstIndex(of: "/") ?? text.endIndex
        guard let servers = Endpoint.list(text[..<slash], portDefault: Self.portDefault),
            let chroot = Chroot(String(text[slash...]))
        else { return nil }
        self.servers = servers
        self.chroot = chroot
    }
}
