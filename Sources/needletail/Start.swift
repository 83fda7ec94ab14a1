import ArgumentParser
import Glibc
import Host
import Logging

/// `needletail start`: one broker, as its configuration file says.
struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start a broker from a configuration file.",
        discussion: """
            The file has Kafka's property names; config/broker.properties explains them. Once clients are \
            answered, one line is printed on standard output; logs go to standard error. SIGTERM or SIGINT \
            stops the broker gracefully, a second one at once.

            Examples:
              needletail start config/broker.properties
              needletail start broker.properties --override node.id=2 --override listeners=PLAINTEXT://127.0.0.1:9093
            """)

    @Argument(help: "The configuration file.", completion: .file(extensions: ["properties"]))
    var file: String

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Sets a property, whatever the file says. May be given often.", valueName: "name=value"))
    var override: [String] = []

    @OptionGroup var logging: LoggingOptions

    func run() throws {
        try runBroker(try readProperties(file, override), logging)
    }
}

/// A configuration file, with what the command line sets over it.
func readProperties(_ file: String, _ overrides: [String]) throws -> Properties {
    guard let text = readText(file) else {
        throw failure("\(file): \(String(cString: strerror(errno))); give the path of a configuration file")
    }
    var properties = Properties(parsing: text, source: file)
    for assignment in overrides { properties.override(assignment) }
    return properties
}

struct LoggingOptions: ParsableArguments {
    @Option(name: .long, help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: LogLevel = .info
}

enum LogLevel: String, ExpressibleByArgument, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
    var level: Logger.Level { Logger.Level(rawValue: rawValue)! }
}

/// Runs a broker until it is told to stop.
func runBroker(_ properties: Properties, _ options: LoggingOptions, mayMove: Bool = false) throws {
    let signals = StopSignals()  // Before any other thread starts.
    let sink = LogSink()
    let level = options.logLevel.level
    let logger = Logger(label: "needletail") { _ in LineLogHandler(sink, level: level) }
    let node: Node
    do throws(SettingsProblems) {
        let settings = try BrokerSettings(properties)
        if !settings.withoutEffect.isEmpty {
            logger.notice(
                "Some properties are accepted but have no effect yet.",
                metadata: ["properties": "\(settings.withoutEffect.joined(separator: ","))"])
        }
        node = try Node(settings, logger: logger, mayMove: mayMove)
    } catch {
        sink.flush()
        for problem in error.problems { writeLine("needletail: \(problem)", to: STDERR_FILENO) }
        throw ExitCode.failure
    }
    // A broker of a larger quorum may wait long for the others, and must be stoppable meanwhile.
    let starter = HostThread("starter") {
        do throws(SettingsProblems) {
            if try node.waitUntilReady() { writeLine(node.readyLine, to: STDOUT_FILENO) }
        } catch {
            sink.flush()
            for problem in error.problems { writeLine("needletail: \(problem)", to: STDERR_FILENO) }
            exit(EXIT_FAILURE)
        }
    }
    signals.waitAndStop {
        node.stop()
        starter.join()
    }
    sink.flush()
}

/// One line on standard error, and the exit code for it.
func failure(_ message: String) -> ExitCode {
    writeLine("needletail: \(message)", to: STDERR_FILENO)
    return .failure
}

func writeLine(_ line: String, to descriptor: Int32) {
    var line = line + "\n"
    line.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
}
