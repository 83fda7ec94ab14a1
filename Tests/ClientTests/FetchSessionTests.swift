import Client
import Testing
import Vocabulary

/// KIP-227, the client's half.
struct FetchSessionTests {
    private func wish(_ offset: Offset) -> FetchSession.Wish {
        FetchSession.Wish(offset: offset, leaderEpoch: 0, topicID: .zero, maxBytes: 100)
    }
    private func head(_ error: ErrorCode = .none, session: Int32 = 9) -> FetchedHead {
        FetchedHead(throttleTimeMs: 0, error: error, sessionID: session)
    }
    private let a = TopicPartition(topic: "t", partition: 0)
    private let b = TopicPartition(topic: "t", partition: 1)

    @Test func `after the first request only what changed is named`() {
        var session = FetchSession()
        #expect(session.plan([a: wish(0), b: wish(0)]).changed == [a, b])
        #expect(session.epoch == 0)
        #expect(session.answered(head()) == true)
        #expect(session.epoch == 1)
        #expect(session.plan([a: wish(5), b: wish(0)]).changed == [a])
        #expect(session.answered(head()) == true)
        let plan = session.plan([a: wish(5)])
        #expect(plan.changed == [])
        #expect(plan.forgotten.map(\.place) == [b])
        #expect(session.id == 9)
        #expect(session.epoch == 2)
    }

    @Test func `a broker without sessions is asked in full every time`() {
        var session = FetchSession()
        _ = session.plan([a: wish(0)])
        #expect(session.answered(head(session: 0)) == true)
        #expect(session.plan([a: wish(0)]).changed == [a])
        #expect(session.epoch == 0)
    }

    @Test func `a session that is gone begins anew`() {
        var session = FetchSession()
        _ = session.plan([a: wish(0)])
        #expect(session.answered(head()) == true)
        _ = session.plan([a: wish(0)])
        #expect(session.answered(head(.fetchSessionIdNotFound, session: 0)) == false)
        #expect(session.id == 0)
        #expect(session.plan([a: wish(0)]).changed == [a])
    }

    @Test func `a wrong epoch reopens the session under its id, which lets the broker drop the old one`() {
        var session = FetchSession()
        _ = session.plan([a: wish(0)])
        #expect(session.answered(head()) == true)
        _ = session.plan([a: wish(0)])
        #expect(session.answered(head(.invalidFetchSessionEpoch, session: 0)) == false)
        #expect(session.id == 9)
        #expect(session.epoch == 0)
    }
}
