import Host
import Testing

struct PropertiesTests {
    @Test func `all of Java's notation is read`() {
        let properties = Properties(
            parsing: """
                # a comment
                ! another
                node.id=1
                  log.dirs = /data/a, \\
                      /data/b
                colon:value
                blank value with spaces \t
                empty=
                escaped\\ name=tab\\there \\u00e9 \\\\
                """, source: "x.properties")
        #expect(properties.problems == [])
        #expect(properties["node.id"] == "1")
        #expect(properties["log.dirs"] == "/data/a, /data/b")
        #expect(properties["colon"] == "value")
        #expect(properties["blank"] == "value with spaces")
        #expect(properties["empty"] == "")
        #expect(properties["escaped name"] == "tab\there é \\")
        #expect(properties.property("colon")?.place == "x.properties:6")
    }

    @Test func `complaints name the line`() {
        let properties = Properties(parsing: "a=1\r\n\r\na=2\r\n=3\r\nb=\\u12", source: "f")
        #expect(
            properties.problems.map(\.description) == [
                "f:3: 'a' is set twice; first at f:1", "f:4: a property needs a name before '='",
                "f:5: a \\u escape needs four hex digits",
            ])
        #expect(properties["a"] == "1")
    }

    @Test func `an override wins`() {
        var properties = Properties(parsing: "a=1", source: "f")
        properties.override("a=2=3")
        properties.override("nonsense")
        #expect(properties["a"] == "2=3")
        #expect(properties.problems.count == 1)
    }

    @Test func `what is written reads back the same`() {
        var properties = Properties()
        let pairs = [
            ("a", "1"), ("with space=:#!", "a \\ b\tc\nd\r\u{0C}e"), ("empty", ""), ("ü", "€ 日本"),
            ("end", "\\"),
        ]
        for (name, value) in pairs { properties.setDefault(name, value) }
        let read = Properties(parsing: properties.text, source: "f")
        #expect(read.problems == [])
        for (name, value) in pairs { #expect(read[name] == value, "\(name)") }
    }

    @Test func `listeners are read`() {
        #expect(
            Listener("PLAINTEXT://127.0.0.1:9092")
                == Listener(name: "PLAINTEXT", host: "127.0.0.1", port: 9092))
        #expect(Listener("plaintext://:0") == Listener(name: "PLAINTEXT", host: "", port: 0))
        #expect(Listener("A://[::1]:1")?.address == "[::1]:1")
        for bad in ["", "127.0.0.1:9092", "A://b", "A://b:x", "A://b:99999", "://b:1", "A://::1:1"] {
            #expect(Listener(bad) == nil)
        }
        #expect(throws: SettingsProblem.self) { try Listener.list("A://a:1,A://a:2").get() }
        #expect(throws: SettingsProblem.self) { try Listener.list("A://a:1,B://a:1").get() }
        #expect(try! Listener.list("A://a:1, B://a:2").get().map(\.name) == ["A", "B"])
    }
}
