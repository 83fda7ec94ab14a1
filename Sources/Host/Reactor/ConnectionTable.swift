/// The connections of one loop, by slot. Confined to its loop.
struct ConnectionTable {
    private var slots: [SocketConnection?] = []
    private var generations: [UInt32] = []
    private var free: [Int] = []

    var count: Int { slots.count - free.count }

    subscript(slot: Int) -> SocketConnection? { slots[slot] }

    subscript(key: ConnectionKey) -> SocketConnection? {
        guard key.slot < slots.count, generations[key.slot] == key.generation else { return nil }
        return slots[key.slot]
    }

    /// By the word that epoll carries.
    subscript(word word: UInt64) -> SocketConnection? {
        self[ConnectionKey(slot: Int(word & 0xFFFF_FFFF), generation: UInt32(word >> 32))]
    }

    var all: [SocketConnection] { slots.compactMap { $0 } }

    /// A key for a connection that `insert` will put there.
    mutating func nextKey() -> ConnectionKey {
        if let slot = free.popLast() {
            generations[slot] = (generations[slot] + 1) & 0x00FF_FFFF
            return ConnectionKey(slot: slot, generation: generations[slot])
        }
        slots.append(nil)
        generations.append(0)
        return ConnectionKey(slot: slots.count - 1, generation: 0)
    }

    mutating func insert(_ connection: SocketConnection) { slots[connection.key.slot] = connection }

    mutating func remove(_ connection: SocketConnection) {
        slots[connection.key.slot] = nil
        free.append(connection.key.slot)
    }
}
