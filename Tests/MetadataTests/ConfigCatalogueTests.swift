import Metadata
import Testing

struct ConfigCatalogueTests {
    @Test(arguments: ["topic", "broker"])
    func `every default passes its own rules`(kind: String) throws {
        let catalogue = kind == "topic" ? ConfigCatalogue.topic : ConfigCatalogue.broker
        #expect(catalogue.names.count > 30)
        for name in catalogue.names {
            let definition = try #require(catalogue[name])
            #expect(definition.name == name)
            #expect(!definition.documentation.isEmpty)
            if let value = definition.defaultValue {
                #expect(throws: Never.self, "\(name)=\(value)") { try definition.validate(value) }
            }
        }
    }

    @Test func `every synonym is a broker configuration, and the defaults agree`() throws {
        for name in ConfigCatalogue.topic.names {
            let definition = try #require(ConfigCatalogue.topic[name])
            for synonym in definition.synonyms {
                #expect(ConfigCatalogue.broker[synonym.name] != nil, "\(synonym.name)")
            }
            let broker = definition.brokerSynonym.flatMap { ConfigCatalogue.broker[$0] }
            if let value = broker?.defaultValue { #expect(value == definition.defaultValue, "\(name)") }
        }
    }

    @Test(arguments: [
        ("retention.ms", "-1"), ("retention.ms", " 5 "), ("cleanup.policy", ""), ("cleanup.policy", "delete"),
        ("cleanup.policy", "compact, delete"), ("preallocate", "TRUE"), ("min.cleanable.dirty.ratio", "1"),
        ("compression.type", "zstd"), ("compression.gzip.level", "-1"), ("segment.bytes", "1048576"),
        ("leader.replication.throttled.replicas", "*"), ("leader.replication.throttled.replicas", "0:1,2:3"),
    ])
    func `good values pass`(name: String, value: String) {
        #expect(throws: Never.self) { try ConfigCatalogue.topic.validate(name, value) }
    }

    @Test(arguments: [
        ("retention.ms", "-2", "Value must be at least -1"),
        ("retention.ms", "", "Not a number of type LONG"),
        ("retention.ms", "9223372036854775808", "Not a number of type LONG"),
        ("segment.bytes", "2147483648", "Not a number of type INT"),
        ("cleanup.policy", "keep", "String must be one of: compact, delete"),
        (
            "cleanup.policy", "delete,delete",
            "Configuration 'cleanup.policy' must not contain duplicate items."
        ),
        ("preallocate", "yes", "Expected value to be either true or false"),
        ("min.cleanable.dirty.ratio", "1.5", "Value must be no more than 1.0"),
        ("min.cleanable.dirty.ratio", "nan", "Not a number of type DOUBLE"),
        ("compression.lz4.level", "18", "Value must be no more than 17"),
        ("message.timestamp.type", "Never", "String must be one of: CreateTime, LogAppendTime"),
        (
            "leader.replication.throttled.replicas", "0-1",
            "must be the literal '*' or a list of replicas as [partitionId]:[brokerId],..."
        ),
    ])
    func `bad values are refused in Kafka's words`(name: String, value: String, reason: String) {
        #expect(throws: ConfigError("Invalid value \(value) for configuration \(name): \(reason)")) {
            try ConfigCatalogue.topic.validate(name, value)
        }
    }

    @Test func `unknown names are refused`() {
        #expect(throws: ConfigError("Unknown topic config name: x")) {
            try ConfigCatalogue.topic.validate("x", "1")
        }
        #expect(throws: ConfigError("Unknown broker config name: x")) {
            try ConfigCatalogue.broker.validate("x", "1")
        }
    }

    @Test func `a listener's own configuration is that of all listeners behind its name`() {
        #expect(
            ConfigCatalogue.broker["listener.name.internal.ssl.keystore.location"]?.name
                == "ssl.keystore.location")
        #expect(ConfigCatalogue.broker["listener.name.a.plain.sasl.jaas.config"]?.isSensitive == true)
        #expect(ConfigCatalogue.broker["listener.name.a.num.partitions"] == nil)
    }

    @Test func `passwords are sensitive and stay out of messages`() throws {
        for name in ConfigCatalogue.broker.names {
            let definition = try #require(ConfigCatalogue.broker[name])
            #expect(definition.isSensitive == (definition.type == .password), "\(name)")
        }
    }
}
