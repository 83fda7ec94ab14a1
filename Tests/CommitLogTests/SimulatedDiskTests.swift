import Ports
import SimulatedDisk
import Testing
import Vocabulary

struct SimulatedDiskTests {
    private func write(_ disk: SimulatedDisk, _ bytes: [UInt8], to file: FileID, at position: Int64) throws {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        try disk.write([UnsafeRawBufferPointer(copy)], to: file, at: position)
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `what was synced survives a loss of power, the rest page by page or not at all`(seed: UInt64) throws
    {
        var generator = SeededGenerator(seed: seed)
        let disk = SimulatedDisk()
        try disk.createDirectory("d")
        let file = try disk.open("d/f", .createNew)
        try write(disk, [UInt8](repeating: 1, count: 10_000), to: file, at: 0)
        try disk.sync(.file(file))
        try disk.sync(.directory("d"))
        try disk.sync(.directory(""))
        try write(disk, [UInt8](repeating: 2, count: 10_000), to: file, at: 10_000)
        disk.crash(.power, using: &generator)
        let bytes = try #require(disk.bytes(of: "d/f"))
        #expect(bytes.count >= 10_000)
        #expect(bytes[..<10_000].allSatisfy { $0 == 1 })
        for start in stride(from: 10_000, to: bytes.count, by: 1) {
            #expect(bytes[start] == 2 || bytes[start] == 0)
            // A sector is there or it is not.
            if start % 512 != 0, start > 10_000 { #expect(bytes[start] == bytes[start - 1]) }
        }
    }

    @Test func `a name is durable once its directory was synced`() throws {
        var lost = 0
        for seed in 0..<20 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let disk = SimulatedDisk()
            let kept = try disk.open("kept", .create)
            try disk.sync(.file(kept))
            try disk.sync(.directory(""))
            try disk.sync(.file(try disk.open("new", .create)))
            disk.crash(.power, using: &generator)
            #expect(disk.exists("kept"))
            if !disk.exists("new") { lost += 1 }
        }
        #expect((1..<20).contains(lost))
    }

    @Test func `a killed process loses nothing, but its ids`() throws {
        let disk = SimulatedDisk()
        let file = try disk.open("f", .create)
        try write(disk, [1, 2, 3], to: file, at: 0)
        disk.crash()
        #expect(disk.bytes(of: "f") == [1, 2, 3])
        #expect(throws: DiskError.self) { try disk.size(file) }
    }

    @Test func `faults come when they are asked for, once`() throws {
        let disk = SimulatedDisk()
        let file = try disk.open("f", .create)
        disk.fail(.write, with: .io(5), after: 1)
        try write(disk, [1], to: file, at: 0)
        #expect(throws: DiskError.self) { try write(disk, [2], to: file, at: 1) }
        try write(disk, [3], to: file, at: 1)
        disk.cutNextWrite(after: 2)
        #expect(throws: DiskError.self) { try write(disk, [4, 5, 6], to: file, at: 2) }
        #expect(disk.bytes(of: "f") == [1, 3, 4, 5])
        disk.limitSpace(to: 1)
        #expect(throws: DiskError.self) { try write(disk, [7, 8], to: file, at: 4) }
        #expect(try disk.space().available == 0)
        disk.limitSpace(to: nil)
        try write(disk, [9], to: file, at: 5)
        disk.fail(.sync, with: .io(5))
        #expect(throws: DiskError.self) { try disk.sync(.file(file)) }
        #expect(disk.count(.write) == 6)
    }

    @Test func `open files keep their ids through renames, and lose them with their file`() throws {
        let disk = SimulatedDisk()
        try disk.createDirectory("a")
        let file = try disk.open("a/f", .createNew)
        #expect(throws: DiskError.self) { try disk.open("a/f", .createNew) }
        #expect(throws: DiskError.self) { try disk.open("a/g", .existing) }
        try disk.rename("a", to: "b")
        try write(disk, [1], to: file, at: 0)
        #expect(disk.bytes(of: "b/f") == [1])
        #expect(try disk.list("b") == [DirectoryEntry(name: "f", isDirectory: false)])
        #expect(throws: DiskError.self) { try disk.list("a") }
        try disk.remove("b/f")
        #expect(throws: DiskError.self) { try disk.size(file) }
        // Nothing of it is left to lose.
        try disk.sync(.file(file))
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func `a sync covers what was written before it began, and only that`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let disk = SimulatedDisk()
        let file = try disk.open("f", .create)
        try disk.sync(.directory(""))
        try write(disk, [1, 1, 1], to: file, at: 0)
        let first = disk.beginSync(.file(file))
        try write(disk, [2, 2], to: file, at: 1)
        let second = disk.beginSync(.file(file))
        try write(disk, [3, 3], to: file, at: 2)
        // The later sync may end first: it covers the earlier one's writes too.
        if seed % 3 == 0 { try disk.endSync(second) }
        if seed % 3 <= 1 { try disk.endSync(first) }
        disk.crash(.power, using: &generator)
        let bytes = try #require(disk.bytes(of: "f"))
        switch seed % 3 {
        case 0: #expect(bytes.starts(with: [1, 2, 2]) || bytes.starts(with: [1, 2, 3]))
        case 1: #expect(bytes.starts(with: [1, 1, 1]) || bytes == [1, 2, 3, 3])
        default: #expect(bytes.allSatisfy { $0 == 0 } || bytes == [1, 2, 3, 3])
        }
    }

    @Test func `a sync under way when the machine stops never ends`() throws {
        var lost = 0
        for seed in 0..<20 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let disk = SimulatedDisk()
            disk.setBytes([1], of: "f")
            let pending = disk.beginSync(.file(try disk.open("f", .existing)))
            disk.crash()
            try write(disk, [2], to: try disk.open("f", .existing), at: 0)
            try disk.endSync(pending)
            disk.crash(.power, using: &generator)
            if disk.bytes(of: "f") == [1] { lost += 1 }
        }
        #expect((1..<20).contains(lost))
    }

    @Test func `a name made after a directory's sync began is not covered by it`() throws {
        var lost = 0
        for seed in 0..<20 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let disk = SimulatedDisk()
            _ = try disk.open("before", .create)
            let pending = disk.beginSync(.directory(""))
            _ = try disk.open("after", .create)
            try disk.endSync(pending)
            disk.crash(.power, using: &generator)
            #expect(disk.exists("before"))
            if !disk.exists("after") { lost += 1 }
        }
        #expect((1..<20).contains(lost))
    }

    @Test func `a directory's sync that ends late takes nothing back`() throws {
        var generator = SeededGenerator(seed: 1)
        let disk = SimulatedDisk()
        let early = disk.beginSync(.directory(""))
        disk.setBytes([1], of: "old")
        try disk.sync(.file(try disk.open("new", .create)))
        try disk.rename("new", to: "old")
        try disk.sync(.directory(""))
        try disk.endSync(early)
        disk.crash(.power, using: &generator)
        #expect(disk.bytes(of: "old") == [])
    }

    @Test func `a small disk has room again once something was removed`() throws {
        let disk = SimulatedDisk()
        disk.setCapacity(6)
        let file = try disk.open("f", .create)
        try write(disk, [1, 2, 3, 4], to: file, at: 0)
        try write(disk, [5, 6, 7, 8], to: file, at: 0)
        let other = try disk.open("g", .create)
        #expect(throws: DiskError(.noSpace, "write", "g")) { try write(disk, [1, 2, 3], to: other, at: 0) }
        #expect(disk.usedBytes == 6)
        try disk.remove("f")
        try write(disk, [3], to: other, at: 2)
    }
}
