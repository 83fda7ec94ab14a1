import Coordination

// Both rooms call it by the same name: here each gets one of its own. (A module's name cannot qualify it, since `Coordination` is a type too.)

/// A znode's stat as the tree has it.
typealias TreeStat = ZnodeStat
