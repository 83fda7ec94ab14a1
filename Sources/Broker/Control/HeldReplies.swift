import Metadata
import Vocabulary

/// How a command of the controller ended.
enum CommandOutcome {
    case done(MetadataReply)
    case refused(MetadataError)
    /// Not done when the client stops waiting; it may still come to pass.
    case timedOut
}

/// A reply that waits: for its records to be committed, and for the topics they touch to run here.
final class HeldReply {
    let deadline: Instant?
    let reply: MetadataReply
    /// The log's end when it was decided; all below must be committed.
    var offset: Offset = 0
    var topics: Set<TopicID> = []
    var isCommitted = false
    private var finish: ((CommandOutcome) -> Void)?

    init(deadline: Instant?, reply: MetadataReply, finish: @escaping (CommandOutcome) -> Void) {
        self.deadline = deadline
        self.reply = reply
        self.finish = finish
    }

    var isReady: Bool { isCommitted && topics.isEmpty }

    /// Answers, once.
    func end(_ outcome: CommandOutcome) {
        let finish = self.finish
        self.finish = nil
        finish?(outcome)
    }
}

/// The replies that wait, in the order of their decisions. A handful: each is a request of an admin client.
///
/// What is over is handed out, not ended here: ending a reply may begin the next command.
struct HeldReplies {
    private var replies: [HeldReply] = []

    var nextDeadline: Instant? { replies.compactMap(\.deadline).min() }

    mutating func add(_ reply: HeldReply) { replies.append(reply) }

    mutating func takeExpired(at now: Instant) -> [HeldReply] {
        if replies.isEmpty { return [] }
        return take { $0.deadline.map { $0 <= now } ?? false }
    }

    /// All below `offset` is committed.
    mutating func takeReady(committed offset: Offset) -> [HeldReply] {
        for reply in replies where reply.offset <= offset { reply.isCommitted = true }
        return take(\.isReady)
    }

    /// The topic runs here as the committed records say.
    mutating func takeReady(running topic: TopicID) -> [HeldReply] {
        if replies.isEmpty { return [] }
        for reply in replies where reply.isCommitted { reply.topics.remove(topic) }
        return take(\.isReady)
    }

    mutating func takeUncommitted() -> [HeldReply] {
        if replies.isEmpty { return [] }
        return take { !$0.isCommitted }
    }

    private mutating func take(_ isOver: (HeldReply) -> Bool) -> [HeldReply] {
        let over = replies.filter(isOver)
        if !over.isEmpty { replies.removeAll(where: isOver) }
        return over
    }
}
