import Metadata
import Vocabulary

/// How a command of the controller ended.
enum CommandOutcome {
    case done(MetadataReply)
    case refused(MetadataError)
    /// Not done when the client stops waiting; it may still come to pass.
    case timedOut
}

/// A reply that waits: for the controller's answer, then for the topics it touches to run here.
final class HeldReply {
    let deadline: Instant?
    fileprivate var reply: MetadataReply?
    fileprivate var topics: Set<TopicID> = []
    private var finish: ((CommandOutcome) -> Void)?

    init(deadline: Instant?, finish: @escaping (CommandOutcome) -> Void) {
        self.deadline = deadline
        self.finish = finish
    }

    /// Answers, once.
    func end(_ outcome: CommandOutcome) {
        let finish = self.finish
        self.finish = nil
        finish?(outcome)
    }
}

/// The replies that wait. A handful: each is a request of an admin client.
///
/// What is over is handed out, not ended here: ending a reply may begin the next command.
struct HeldReplies {
    private var nextID: UInt64 = 1
    /// At the controller.
    private var asked: [UInt64: HeldReply] = [:]
    /// Answered, in the order of the answers.
    private var answered: [HeldReply] = []

    var nextDeadline: Instant? { (asked.values.compactMap(\.deadline) + answered.compactMap(\.deadline)).min() }

    /// - Returns: the number under which the answer comes.
    mutating func begin(_ reply: HeldReply) -> UInt64 {
        defer { nextID += 1 }
        asked[nextID] = reply
        return nextID
    }

    mutating func take(_ id: UInt64) -> HeldReply? { asked.removeValue(forKey: id) }

    /// It was granted, and waits for these topics.
    mutating func wait(_ reply: HeldReply, _ result: MetadataReply, _ topics: Set<TopicID>) {
        reply.reply = result
        reply.topics = topics
        answered.append(reply)
    }

    mutating func takeExpired(at now: Instant) -> [HeldReply] {
        if asked.isEmpty, answered.isEmpty { return [] }
        func isOver(_ reply: HeldReply) -> Bool { reply.deadline.map { $0 <= now } ?? false }
        let late = asked.filter { isOver($0.value) }.sorted { $0.key < $1.key }
        for (id, _) in late { asked[id] = nil }
        let over = answered.filter(isOver)
        answered.removeAll(where: isOver)
        return late.map(\.value) + over
    }

    /// The topic runs here as the metadata say.
    mutating func takeReady(running topic: TopicID) -> [(reply: HeldReply, result: MetadataReply)] {
        if answered.isEmpty { return [] }
        for reply in answered { reply.topics.remove(topic) }
        let ready = answered.filter { $0.topics.isEmpty }
        answered.removeAll { $0.topics.isEmpty }
        return ready.map { ($0, $0.reply!) }
    }

    /// The controller will never answer these.
    mutating func takeUnanswered() -> [HeldReply] {
        defer { asked.removeAll() }
        return asked.sorted { $0.key < $1.key }.map(\.value)
    }
}
