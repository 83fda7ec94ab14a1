// swift-tools-version: 6.2
import PackageDescription

// The rooms of the house, lowest first. A room may import only what its row names: CI builds with
// `--explicit-target-dependency-import-check error`. `ROOMS=Records,CommitLog swift test` builds and tests
// only those rooms and what they stand on.

enum Kind { case room, c, system(pkgConfig: String, apt: String), program }

struct Room {
    let name: String
    var kind = Kind.room
    var uses: [String] = []
    var packages: [String] = []
    var exclude: [String] = []
}

let rooms: [Room] = [
    Room(name: "Vocabulary"),
    Room(name: "CChecksums", kind: .c),
    Room(name: "CLinux", kind: .c),
    Room(name: "CZlib", kind: .system(pkgConfig: "zlib", apt: "zlib1g-dev")),
    Room(name: "CLZ4", kind: .system(pkgConfig: "liblz4", apt: "liblz4-dev")),
    Room(name: "CZstd", kind: .system(pkgConfig: "libzstd", apt: "libzstd-dev")),
    Room(name: "CSnappy", kind: .system(pkgConfig: "snappy", apt: "libsnappy-dev")),
    Room(name: "CCrypto", kind: .system(pkgConfig: "libcrypto", apt: "libssl-dev")),
    Room(name: "Consensus", uses: ["Vocabulary"], exclude: ["README.md"]),
    Room(name: "Coordination", uses: ["Vocabulary"], packages: ["HashTreeCollections"], exclude: ["README.md"]),
    Room(name: "Metadata", uses: ["Vocabulary"], packages: ["HashTreeCollections"]),
    Room(name: "Replication", uses: ["Vocabulary"]),
    Room(name: "Wire", uses: ["Vocabulary"]),
    Room(name: "ZooKeeper", uses: ["Vocabulary", "Wire"]),
    Room(name: "Messages", uses: ["Vocabulary", "Wire"], exclude: ["Schemas"]),
    Room(name: "Records", uses: ["Vocabulary", "Wire", "CChecksums", "CZlib", "CLZ4", "CZstd", "CSnappy"]),
    Room(name: "Ports"),
    Room(name: "SimulatedDisk", uses: ["Vocabulary", "Ports"]),
    Room(name: "CommitLog", uses: ["Vocabulary", "CChecksums", "Wire", "Records", "Ports"]),
    Room(name: "Client", uses: ["Vocabulary", "Wire", "Messages", "Records", "ZooKeeper"],
         exclude: ["README.md"]),
    Room(name: "Broker", uses: ["Vocabulary", "Consensus", "Coordination", "Metadata", "Replication", "Wire", "ZooKeeper",
                                "Messages", "Records", "Ports", "CommitLog", "CCrypto"],
         packages: ["HashTreeCollections"]),
    Room(name: "Host", uses: ["Vocabulary", "CLinux", "Metadata", "Messages", "Ports", "CommitLog", "Broker"],
         packages: ["NIOCore", "NIOPosix", "NIOHTTP1", "Logging"]),
    Room(name: "Simulation", uses: ["Vocabulary", "Ports", "SimulatedDisk", "Records", "CommitLog", "Broker", "Wire", "Messages",
                                    "ZooKeeper", "Consensus", "Coordination"], exclude: ["README.md"]),
    Room(name: "simulate", kind: .program, uses: ["Vocabulary", "Simulation"], packages: ["ArgumentParser"]),
    Room(name: "needletail", kind: .program,
         uses: ["Vocabulary", "CLinux", "Wire", "Messages", "Records", "ZooKeeper", "Ports", "CommitLog", "Client",
                "Metadata", "Broker", "Host"],
         packages: ["ArgumentParser", "Logging", "Histogram"]),
    Room(name: "SchemaGenerator", uses: []),
    Room(name: "schemagen", kind: .program, uses: ["SchemaGenerator"]),
]

/// Test targets: `<Room>Tests` stands on what its row names and on the packages of its room.
let tests: [(name: String, uses: [String])] = [
    ("VocabularyTests", ["Vocabulary"]),
    ("ConsensusTests", ["Consensus", "Vocabulary"]),
    ("CoordinationTests", ["Coordination", "Vocabulary"]),
    ("ZooKeeperTests", ["ZooKeeper", "Wire", "Vocabulary"]),
    ("MetadataTests", ["Metadata", "Vocabulary"]),
    ("ReplicationTests", ["Replication", "Vocabulary"]),
    ("WireTests", ["Wire", "Messages", "Vocabulary"]),
    ("GoldenTests", ["Messages", "Wire", "Records", "Vocabulary", "CChecksums"]),
    ("SchemaGeneratorTests", ["SchemaGenerator"]),
    ("RecordsTests", ["Records", "Wire", "CChecksums", "Vocabulary"]),
    ("CommitLogTests", ["CommitLog", "SimulatedDisk", "Ports", "Records", "Wire", "Vocabulary"]),
    ("ClientTests", ["Client", "Messages", "Records", "ZooKeeper", "Wire", "Vocabulary"]),
    ("BrokerTests", ["Broker", "SimulatedDisk", "Ports", "CommitLog", "Consensus", "Coordination", "Metadata", "Messages",
                     "Records", "Wire", "ZooKeeper", "Vocabulary"]),
    ("SimulationTests", ["Simulation", "SimulatedDisk", "Broker", "Ports", "Wire", "ZooKeeper", "Vocabulary"]),
    ("HostTests", ["Host", "SimulatedDisk", "Broker", "Ports", "CommitLog", "CLinux", "Metadata", "Messages", "Records", "Wire", "Vocabulary"]),
]

/// Folders of data that tests read where they lie.
let data = [
    "ConsensusTests": "Transcripts", "CoordinationTests": "Golden", "GoldenTests": "Golden", "ZooKeeperTests": "Golden",
]

let products: [String: (package: String, dependency: Package.Dependency)] = {
    let collections = Package.Dependency.package(url: "https://github.com/apple/swift-collections", from: "1.6.0")
    let nio = Package.Dependency.package(url: "https://github.com/apple/swift-nio", from: "2.101.2")
    return [
        "HashTreeCollections": ("swift-collections", collections),
        "NIOCore": ("swift-nio", nio), "NIOPosix": ("swift-nio", nio), "NIOHTTP1": ("swift-nio", nio),
        "Logging": ("swift-log", .package(url: "https://github.com/apple/swift-log", from: "1.16.2")),
        "ArgumentParser": (
            "swift-argument-parser",
            .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
        ),
        "Histogram": (
            "hdrhistogram-swift",
            .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0")
        ),
    ]
}()

let wanted: Set<String> = {
    guard let list = Context.environment["ROOMS"] else { return Set(rooms.map(\.name)) }
    var open = list.split(separator: ",").map(String.init)
    open += tests.filter { list.split(separator: ",").contains($0.name.dropLast(5)) }.flatMap(\.uses)
    var closure: Set<String> = []
    while let name = open.popLast() {
        if closure.insert(name).inserted { open += rooms.first { $0.name == name }?.uses ?? [] }
    }
    return closure
}()

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

@MainActor func target(_ room: Room) -> Target {
    let dependencies: [Target.Dependency] =
        room.uses.map { .target(name: $0) }
        + room.packages.map { .product(name: $0, package: products[$0]!.package) }
    switch room.kind {
    case .c: return .target(name: room.name)
    case .system(let pkgConfig, let apt):
        return .systemLibrary(name: room.name, pkgConfig: pkgConfig, providers: [.apt([apt])])
    case .room:
        return .target(
            name: room.name, dependencies: dependencies, exclude: room.exclude, swiftSettings: swiftSettings)
    case .program:
        return .executableTarget(name: room.name, dependencies: dependencies, swiftSettings: swiftSettings)
    }
}

let built = rooms.filter { wanted.contains($0.name) }
let package = Package(
    name: "needletail",
    products: [],
    dependencies: Set(built.flatMap(\.packages).map { products[$0]!.package }).sorted().map { name in
        products.values.first { $0.package == name }!.dependency
    },
    targets: built.map(target)
        + tests.filter { $0.uses.allSatisfy(wanted.contains) }.map { test in
            .testTarget(
                name: test.name,
                dependencies: test.uses.map { .target(name: $0) }
                    + rooms.filter { $0.name + "Tests" == test.name }.flatMap(\.packages).map {
                        .product(name: $0, package: products[$0]!.package)
                    },
                exclude: data[test.name].map { [$0] } ?? [],
                swiftSettings: swiftSettings)
        }
)
