package import CommitLog
package import Records

/// A topic's effective configuration, typed: what its produce and fetch paths ask.
package struct TopicConfig: Sendable, Equatable {
    package var log: LogConfig
    package var produce: ProduceRules
    /// acks=all waits for page caches only (`write.caching`).
    package var writeCaching: Bool
    package var minInSyncReplicas: Int

    package init(log: LogConfig, produce: ProduceRules, writeCaching: Bool, minInSyncReplicas: Int) {
        self.log = log
        self.produce = produce
        self.writeCaching = writeCaching
        self.minInSyncReplicas = minInSyncReplicas
    }
}
