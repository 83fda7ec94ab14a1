import Client
import Vocabulary

/// Runs one client machine against a `FakeBroker`, one event at a time, in virtual time; frames take a millisecond
/// each way, and a connection may break at any moment, with frames in flight lost.
struct FakeWorld<Machine: ClientMachine> {
    var client: Machine
    var broker: FakeBroker
    var now = Instant(nanoseconds: 0)
    /// Of a thousand frames, how many break their connection: half before the broker sees them, half after.
    var breaksPerMille = 0
    var refusesConnections = false
    private(set) var connects = 0
    private var wake = Instant.distantFuture
    private var chance: SeededGenerator
    private var queue: [(at: Instant, happening: Happening)] = []
    private enum Happening {
        case opened(LinkID), closed(LinkID), request(LinkID, [UInt8]), answer(LinkID, [UInt8])
    }
    private var open: Set<LinkID> = []

    init(_ client: Machine, _ broker: FakeBroker, seed: UInt64 = 1) {
        self.client = client
        self.broker = broker
        chance = SeededGenerator(seed: seed)
    }

    mutating func run(_ effects: [LinkEffect]) {
        for effect in effects {
            switch effect {
            case .connect(let link, _, _):
                connects += 1
                if !refusesConnections { open.insert(link) }
                push(refusesConnections ? .closed(link) : .opened(link))
            case .send(let link, let frame): push(.request(link, frame))
            case .close(let link): open.remove(link)
            case .wake(let at): wake = min(wake, at)
            }
        }
    }

    mutating func use(_ body: (inout Machine, Instant) -> Void) {
        body(&client, now)
        step(.woke)
    }

    /// One event. False when nothing will ever happen again.
    mutating func advance() throws -> Bool {
        if let next = queue.first, next.at <= wake {
            queue.removeFirst()
            now = max(now, next.at)
            try happen(next.happening)
            return true
        }
        guard wake != .distantFuture else { return false }
        now = max(now, wake)
        step(.woke)
        return true
    }

    private mutating func step(_ event: LinkEvent) {
        if event == .woke { wake = .distantFuture }
        run(client.step(event, at: now))
    }

    private mutating func push(_ happening: Happening) {
        queue.append((now.adding(milliseconds: 1), happening))
    }

    private mutating func happen(_ happening: Happening) throws {
        switch happening {
        case .opened(let link): if open.contains(link) { step(.opened(link)) }
        case .closed(let link): step(.closed(link, reason: "connection refused"))
        case .request(let link, let frame):
            guard open.contains(link) else { return }
            if breaks() { return cut(link) }
            guard let answer = try broker.answer(frame) else { return }
            if breaks() { return cut(link) }
            push(.answer(link, answer))
        case .answer(let link, let frame):
            guard open.contains(link) else { return }
            run(client.receive(frame.span.bytes, on: link, at: now))
        }
    }

    private mutating func breaks() -> Bool {
        breaksPerMille > 0 && Int.random(in: 0..<2000, using: &chance) < breaksPerMille
    }

    private mutating func cut(_ link: LinkID) {
        open.remove(link)
        step(.closed(link, reason: "connection reset"))
    }
}
