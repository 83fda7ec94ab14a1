import Client
import Vocabulary

/// One client of a bench: a producer or a consumer, so that one driver runs both.
enum BenchClient: ClientMachine {
    case producer(ProduceLoad)
    case consumer(ConsumeLoad)

    func step(_ event: LinkEvent, at now: Instant) -> [LinkEffect] {
        switch self {
        case .producer(let load): load.step(event, at: now)
        case .consumer(let load): load.step(event, at: now)
        }
    }

    func receive(_ frame: RawSpan, on link: LinkID, at now: Instant) -> [LinkEffect] {
        switch self {
        case .producer(let load): load.receive(frame, on: link, at: now)
        case .consumer(let load): load.receive(frame, on: link, at: now)
        }
    }

    /// Knows the cluster and waits for `start`.
    var isReady: Bool {
        switch self {
        case .producer(let load): load.isReady
        case .consumer(let load): load.isReady
        }
    }

    /// Nothing left to do, or in flight.
    var isDone: Bool {
        switch self {
        case .producer(let load): load.isDone
        case .consumer(let load): load.isDone
        }
    }

    var unreachable: String? {
        switch self {
        case .producer(let load): load.cluster.unreachable
        case .consumer(let load): load.cluster.unreachable
        }
    }

    var tally: BenchTally {
        switch self {
        case .producer(let load): load.tally
        case .consumer(let load): load.tally
        }
    }

    func start(at now: Instant, records: Int?) {
        switch self {
        case .producer(let load): load.start(at: now, records: records)
        case .consumer(let load): load.start()
        }
    }

    /// Counts from here on.
    func measure(from now: Instant) {
        switch self {
        case .producer(let load): load.measure(from: now)
        case .consumer(let load): load.measure(from: now)
        }
    }

    /// Begins nothing new. What was due by then is still sent.
    func stop(at now: Instant) {
        switch self {
        case .producer(let load): load.stop(at: now)
        case .consumer(let load): load.stop()
        }
    }
}
