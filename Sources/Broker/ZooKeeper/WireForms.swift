import Vocabulary
import ZooKeeper

/// A znode's stat as clients are sent it.
typealias WireStat = ZnodeStat
