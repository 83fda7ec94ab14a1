import Testing

@testable import ZooKeeper
