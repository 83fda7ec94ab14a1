import Broker
import CLinux
import Glibc
import Ports
import Synchronization
import Vocabulary

/// What HTTP answers.
enum Console {
    static func metrics(
        _ broker: Broker, _ disks: [any Disk], _ limits: ConnectionLimits, _ state: NodeState
    ) -> HTTPServer.Answer {
        var process = ProcessNumbers()
        process.connections = limits.count
        process.disks = broker.disks.map { disk in
            ProcessNumbers.Disk(
                name: disk.disk.name, isOnline: disk.standing != .offline,
                availableBytes: (try? disk.disk.space().available) ?? 0)
        }
        process.openFiles = disks.reduce(0) { $0 + (($1 as? PosixDisk)?.openDescriptors ?? 0) }
        process.residentBytes = residentBytes()
        process.cpuNanoseconds = UInt64(nt_process_cpu_nanoseconds())
        process.uptimeNanoseconds = SystemClock.instant() - state.started
        return HTTPServer.Answer(
            status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8",
            body: PrometheusText.render(broker.metrics, process: process))
    }

    /// 200 while the broker answers and some log directory can be written, else 503; why, in JSON.
    static func health(_ broker: Broker, _ state: NodeState) -> HTTPServer.Answer {
        let isReady = state.isReady.load(ordering: .acquiring)
        let hasDisk = broker.disks.contains { $0.standing == .open || $0.standing == .throttled }
        let status = !isReady ? "stopping" : !hasDisk ? "no log directory can be written" : "ok"
        let directories = broker.disks
            .map { "{\"dir\":\(quoted($0.disk.name)),\"standing\":\"\($0.standing)\"}" }.joined(
                separator: ",")
        let body =
            "{\"status\":\(quoted(status)),\"node_id\":\(broker.config.nodeID),\"cluster_id\":\(quoted(broker.clusterID)),"
            + "\"log_dirs\":[\(directories)]}\n"
        return HTTPServer.Answer(
            status: isReady && hasDisk ? 200 : 503, contentType: "application/json", body: body)
    }

    /// What an operator wants of the quorum; answered when it is done, or refused.
    static func wish(
        _ request: HTTPServer.Request, _ broker: Broker, _ reactor: Reactor,
        _ answer: @escaping @Sendable (HTTPServer.Answer?) -> Void
    ) {
        let wish: QuorumAdmin
        switch request.path {
        case "/quorum/snapshot": wish = .snapshot
        case "/quorum/transfer-leadership":
            if request.query.isEmpty {
                wish = .transferLeadership(to: nil)
            } else {
                guard request.query.hasPrefix("to="), let id = Int32(request.query.dropFirst(3)) else {
                    return answer(.text(400, "Say to which broker: ?to=ID, or nothing for any."))
                }
                wish = .transferLeadership(to: BrokerID(id))
            }
        default: return answer(nil)
        }
        let message = broker.admin.ask(wish) { outcome in
            switch outcome {
            case .success(let text): answer(.text(200, text))
            case .failure(let refusal): answer(.text(409, refusal.message))
            }
        }
        reactor.post(message, to: .quorum)
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 32:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// The second number of `/proc/self/statm`, in pages.
    static func residentBytes() -> Int {
        let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        var text = [UInt8](repeating: 0, count: 128)
        let count = read(descriptor, &text, text.count)
        let fields = text[..<max(0, count)].split(separator: UInt8(ascii: " "))
        guard fields.count > 1, let pages = Int(String(decoding: fields[1], as: UTF8.self)) else { return 0 }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}
