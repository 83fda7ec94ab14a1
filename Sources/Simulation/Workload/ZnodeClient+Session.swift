import Vocabulary
import ZooKeeper

/// What a client knows of its session, and what it has asked.
extension ZnodeClient {
    struct Session {
        var id: Int64 = 0
        var password = [UInt8](repeating: 0, count: 16)
        var timeoutMs: Int64 = 0
        /// When the last request was sent that was answered: the server has heard from this client since.
        var aliveAt = Instant(nanoseconds: 0)
        /// When a request was sent that the leader must know of: its broker answers only while the leader hears it.
        var knownAliveAt = Instant(nanoseconds: 0)
        /// Later ones, with their answers' times.
        var answered: [(sentAt: Instant, at: Instant)] = []
        var madeEphemerals = false

        /// A broker answers for half a timeout, 3 s at most, without a word from the leader. Who is answered after that shows that the
        /// leader has taken a report of what was answered before.
        mutating func noteAnswer(sentAt: Instant, at now: Instant) {
            aliveAt = max(aliveAt, sentAt)
            let unheardMs = min(3000, timeoutMs / 2)
            var known = 0
            while known < answered.count, answered[known].at.adding(milliseconds: unheardMs) <= sentAt {
                knownAliveAt = max(knownAliveAt, answered[known].sentAt)
                known += 1
            }
            answered.removeFirst(known)
            answered.append((sentAt, now))
        }
    }
    /// A request on its way.
    struct Pending {
        let xid: Int32
        let opCode: OpCode
        let sentAt: Instant
        /// The highest zxid that anybody had been told by then.
        let toldBefore: Int64
        let purpose: Purpose
    }
    enum Purpose {
        case ping, setWatches, close, auth
        case addWatch(path: String, isRecursive: Bool)
        /// Of a node that goes by itself, and had its time.
        case due(path: String)
        /// The directories that the rest lies in.
        case prepare
        case write(record: Int)
        case sync(record: Int)
        /// `record`: behind a sync, so it must be linearizable; nil: any state the client may see.
        case read(record: Int?, path: String, leavesWatch: Bool)
        case children(path: String, leavesWatch: Bool)
        case sequential
        case cleanUp
    }
}
