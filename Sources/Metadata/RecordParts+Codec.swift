import Vocabulary

// The structs inside records, version 0; some are inside commands and outcomes too. The rules of growth stand in
// `MetadataRecord+Codec.swift`.

extension TopicIDPartition {
    func encode(to out: inout FieldWriter) {
        out.put(topic)
        out.put(partition)
    }

    init(from input: inout FieldReader) throws(FieldError) {
        self.init(topic: try input.uuid(), partition: try input.integer(Int32.self))
    }
}

extension ConfigResource {
    func encode(to out: inout FieldWriter) {
        out.put(kind.rawValue)
        out.put(name)
    }

    init(from input: inout FieldReader) throws(FieldError) {
        self.init(try input.choice(Kind.self, "resource type"), try input.string())
    }
}

extension BrokerEndpoint {
    func encode(to out: inout FieldWriter) {
        out.put(name)
        out.put(host)
        out.put(port)
        out.put(securityProtocol)
    }

    init(from input: inout FieldReader) throws(FieldError) {
        self.init(
            name: try input.string(), host: try input.string(), port: try input.integer(UInt16.self),
            securityProtocol: try input.integer(Int16.self))
    }
}

extension FeatureRange {
    func encode(to out: inout FieldWriter) {
        out.put(name)
        out.put(min)
        out.put(max)
    }

    init(from input: inout FieldReader) throws(FieldError) {
        self.init(
            name: try input.string(), min: try input.integer(Int16.self),
            max: try input.integer(Int16.self))
    }
}

extension BrokerRegistration {
    func encode(to out: inout FieldWriter) {
        out.put(id)
        out.put(epoch)
        out.put(incarnation)
        out.put(endpoints) { $1.encode(to: &$0) }
        out.put(rack)
        out.put(directories)
        out.put(features) { $1.encode(to: &$0) }
        out.put(isFenced)
        out.put(isShuttingDown)
    }

    init(from input: inout FieldReader) throws(FieldError) {
        self.init(
            id: try input.broker(), epoch: try input.integer(Int64.self), incarnation: try input.uuid(),
            endpoints: try input.array(itemBytesMin: 6, BrokerEndpoint.init(from:)),
            rack: try input.nullableString(), directories: try input.uuids(),
            features: try input.array(itemBytesMin: 5, FeatureRange.init(from:)),
            isFenced: try input.boolean(), isShuttingDown: try input.boolean())
    }
}

extension PartitionState {
    func encode(to out: inout FieldWriter) {
        out.put(replicas)
        out.put(directories)
        out.put(isr)
        out.put(eligibleLeaders)
        out.put(leader)
        out.put(lastKnownLeader)
        out.put(leaderEpoch.value)
        out.put(partitionEpoch)
        out.put(recovery.rawValue)
        out.put(adding)
        out.put(removing)
    }

    init(from input: inout FieldReader) throws(FieldError) {
        let replicas = try input.brokers()
        let directories = try input.uuids()
        guard replicas.count == directories.count else {
            throw input.malformed("\(directories.count) directories for \(replicas.count) replicas")
        }
        let isr = try input.brokers()
        let eligible = try input.brokers()
        self.init(replicas: replicas, directories: directories, isr: isr, leader: try input.broker())
        eligibleLeaders = eligible
        lastKnownLeader = try input.broker()
        leaderEpoch = LeaderEpoch(try input.integer(Int32.self))
        partitionEpoch = try input.integer(Int32.self)
        recovery = try LeaderRecovery(from: &input)
        adding = try input.brokers()
        removing = try input.brokers()
    }
}

extension LeaderRecovery {
    init(from input: inout FieldReader) throws(FieldError) {
        self = try input.choice(Self.self, "recovery state")
    }
}

extension PartitionChange {
    /// Which fields follow: bit 0 the leader epoch, then in the order of the lines below.
    func encode(to out: inout FieldWriter) {
        out.put(partitionEpoch)
        let present = [
            leaderEpoch != nil, leader != nil, isr != nil, eligibleLeaders != nil, lastKnownLeader != nil,
            recovery != nil, replicas != nil, directories != nil, adding != nil, removing != nil,
        ]
        var mask: UInt64 = 0
        for (bit, isPresent) in present.enumerated() where isPresent { mask |= 1 << UInt64(bit) }
        out.put(varint: mask)
        if let leaderEpoch { out.put(leaderEpoch.value) }
        if let leader { out.put(leader) }
        if let isr { out.put(isr) }
        if let eligibleLeaders { out.put(eligibleLeaders) }
        if let lastKnownLeader { out.put(lastKnownLeader) }
        if let recovery { out.put(recovery.rawValue) }
        if let replicas { out.put(replicas) }
        if let directories { out.put(directories) }
        if let adding { out.put(adding) }
        if let removing { out.put(removing) }
    }

    init(from input: inout FieldReader) throws(FieldError) {
        self.init(partitionEpoch: try input.integer(Int32.self))
        let mask = try input.varint()
        guard mask < 1 << 10 else { throw input.malformed("unknown fields \(mask)") }
        if mask & 1 != 0 { leaderEpoch = LeaderEpoch(try input.integer(Int32.self)) }
        if mask & 2 != 0 { leader = try input.broker() }
        if mask & 4 != 0 { isr = try input.brokers() }
        if mask & 8 != 0 { eligibleLeaders = try input.brokers() }
        if mask & 16 != 0 { lastKnownLeader = try input.broker() }
        if mask & 32 != 0 { recovery = try LeaderRecovery(from: &input) }
        if mask & 64 != 0 { replicas = try input.brokers() }
        if mask & 128 != 0 { directories = try input.uuids() }
        if mask & 256 != 0 { adding = try input.brokers() }
        if mask & 512 != 0 { removing = try input.brokers() }
    }
}
