package import Broker
import Messages

/// The broker's numbers in Prometheus' text format (version 0.0.4): base units, the unit in the name.
package enum PrometheusText {
    /// - Parameter process: what only the host knows.
    package static func render(_ metrics: Metrics, process: ProcessNumbers) -> String {
        var text = ""
        let loops = metrics.byLoop
        func sum(_ field: KeyPath<LoopCounters, UInt64>) -> UInt64 {
            loops.reduce(0) { $0 + $1.counters[keyPath: field] }
        }

        counter(
            &text, "broker_produce_bytes_total", "Record batch bytes taken from producers.",
            sum(\.produceBytes))
        counter(&text, "broker_produce_records_total", "Records taken from producers.", sum(\.produceRecords))
        counter(
            &text, "broker_fetch_bytes_total", "Record batch bytes handed to consumers.", sum(\.fetchBytes))
        counter(
            &text, "broker_produce_errors_total", "Partitions of Produce requests refused.",
            sum(\.produceErrors))
        counter(
            &text, "broker_fetch_errors_total", "Partitions of Fetch requests refused.", sum(\.fetchErrors))
        counter(&text, "broker_connections_opened_total", "Connections accepted.", sum(\.connectionsOpened))
        counter(&text, "broker_connections_closed_total", "Connections ended.", sum(\.connectionsClosed))
        counter(
            &text, "broker_connections_refused_total", "Connections closed for a broken frame.",
            sum(\.connectionsRefused))
        gauge(&text, "broker_connections", "Connections now.", Double(process.connections))
        requests(&text, loops.map(\.counters))

        let control = metrics.control
        gauge(&text, "broker_topics", "Topics.", Double(control.topics))
        gauge(&text, "broker_partitions", "Partitions with a replica here.", Double(control.partitions))
        gauge(
            &text, "broker_offline_partitions", "Partitions whose log directory failed.",
            Double(control.offlinePartitions))
        gauge(&text, "broker_log_bytes", "Bytes of all logs.", Double(control.logBytes))
        gauge(&text, "broker_log_segments", "Segments of all logs.", Double(control.segments))
        gauge(
            &text, "broker_metadata_offset", "The metadata log's committed end.",
            Double(control.metadataOffset))

        let sync = metrics.sync
        counter(&text, "broker_syncs_total", "Sync calls made.", sync.rounds)
        counter(&text, "broker_sync_targets_total", "Files and directories made durable.", sync.targets)
        counter(&text, "broker_sync_failures_total", "Sync calls that failed.", sync.failures)
        head(&text, "broker_sync_seconds_total", "counter", "Time spent in sync calls, of all threads.")
        text += "broker_sync_seconds_total \(seconds(sync.nanoseconds))\n"

        head(&text, "broker_log_dir_online", "gauge", "Whether a log directory is in use: 1, or 0 once it failed.")
        for disk in process.disks {
            text += "broker_log_dir_online{dir=\"\(escaped(disk.name))\"} \(disk.isOnline ? 1 : 0)\n"
        }
        head(&text, "broker_log_dir_available_bytes", "gauge", "Bytes free on a log directory's file system.")
        for disk in process.disks {
            text += "broker_log_dir_available_bytes{dir=\"\(escaped(disk.name))\"} \(disk.availableBytes)\n"
        }
        gauge(&text, "process_resident_memory_bytes", "Resident memory.", Double(process.residentBytes))
        gauge(&text, "process_open_fds", "Open file descriptors of log files.", Double(process.openFiles))
        head(&text, "process_cpu_seconds_total", "counter", "CPU time, user and system.")
        text += "process_cpu_seconds_total \(seconds(process.cpuNanoseconds))\n"
        gauge(
            &text, "process_uptime_seconds", "Time since the start.", Double(process.uptimeNanoseconds) / 1e9)
        return text
    }

    private static func requests(_ text: inout String, _ loops: [LoopCounters]) {
        var histograms = ""
        for api in ServedAPIs.all {
            let index = Int(api.rawValue)
            var count: UInt64 = 0
            var nanoseconds: UInt64 = 0
            var buckets = [UInt64](repeating: 0, count: InlineHistogram.bounds.count + 1)
            for loop in loops where index < loop.requests.count {
                count += loop.requests[index].count
                nanoseconds += loop.requests[index].nanoseconds
                for (bucket, value) in loop.requests[index].buckets.values.enumerated() {
                    buckets[bucket] += value
                }
            }
            if count == 0 { continue }
            let name = "\(api)"
            var running: UInt64 = 0
            for (bucket, bound) in InlineHistogram.bounds.enumerated() {
                running += buckets[bucket]
                histograms +=
                    "broker_request_seconds_bucket{api=\"\(name)\",le=\"\(seconds(UInt64(bound)))\"} \(running)\n"
            }
            histograms += "broker_request_seconds_bucket{api=\"\(name)\",le=\"+Inf\"} \(count)\n"
            histograms += "broker_request_seconds_sum{api=\"\(name)\"} \(seconds(nanoseconds))\n"
            histograms += "broker_request_seconds_count{api=\"\(name)\"} \(count)\n"
        }
        head(
            &text, "broker_request_seconds", "histogram",
            "From a request's arrival until its answer was handed to the socket.")
        text += histograms
    }

    private static func counter(_ text: inout String, _ name: String, _ help: String, _ value: UInt64) {
        head(&text, name, "counter", help)
        text += "\(name) \(value)\n"
    }

    private static func gauge(_ text: inout String, _ name: String, _ help: String, _ value: Double) {
        head(&text, name, "gauge", help)
        text += "\(name) \(value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)")\n"
    }

    private static func head(_ text: inout String, _ name: String, _ type: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    private static func seconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1e9 }

    private static func escaped(_ value: String) -> String {
        value.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : $0 == "\n" ? "\\n" : String($0) }.joined()
    }
}

/// What the host knows of its process at the moment of a scrape.
package struct ProcessNumbers: Sendable {
    package struct Disk: Sendable {
        package let name: String
        package let isOnline: Bool
        package let availableBytes: Int64

        package init(name: String, isOnline: Bool, availableBytes: Int64) {
            self.name = name
            self.isOnline = isOnline
            self.availableBytes = availableBytes
        }
    }
    package var connections = 0
    package var disks: [Disk] = []
    package var openFiles = 0
    package var residentBytes = 0
    package var cpuNanoseconds: UInt64 = 0
    package var uptimeNanoseconds: Int64 = 0

    package init() {}
}
