"""Sessions seen on the wire: how they begin, move, expire and end, and what a restart leaves of them."""

import struct
import time

import pytest

from broker import eventually
from jute import Closed, EPHEMERAL, SEQUENTIAL, Reader, Session, create_body, flag, i32, text


@pytest.fixture
def address(coordination):
    return coordination.servers[0].zookeeper_address


@pytest.fixture
def open_session(address):
    made = []

    def make(**options) -> Session:
        made.append(Session(address, **options))
        return made[-1]

    yield make
    for session in made:
        session.close()


# --- connecting ---

@pytest.mark.parametrize("read_only", [None, False, True], ids=["without the byte", "byte 0", "byte 1"])
def test_connects_with_and_without_the_read_only_byte(open_session, chroot, read_only):
    session = open_session(read_only=read_only)
    assert session.protocol == 0
    assert session.id != 0
    assert len(session.password) == 16
    # Who does not know the byte is not sent it.
    assert session.answered_read_only is (None if read_only is None else False)
    assert session.create(chroot) == chroot


@pytest.mark.parametrize("asked, given", [(1, 1000), (999, 1000), (1000, 1000), (5000, 5000), (10000, 10000), (10001, 10000),
                                          (2147483647, 10000), (0, 1000), (-5, 1000)])
def test_timeouts_lie_between_two_and_twenty_ticks(open_session, asked, given):
    assert open_session(timeout_ms=asked).negotiated_ms == given


def test_session_ids_and_passwords_differ(open_session):
    sessions = [open_session() for _ in range(5)]
    assert len({session.id for session in sessions}) == 5
    assert len({session.password for session in sessions}) == 5


def test_a_client_that_has_seen_the_future_is_turned_away(address):
    with pytest.raises(Closed):
        Session(address, last_zxid=1 << 60)


def test_a_client_that_has_seen_the_present_is_welcome(open_session, chroot):
    first = open_session()
    first.create(chroot)
    assert open_session(last_zxid=first.last_zxid).negotiated_ms > 0


def test_bytes_that_are_no_connect_request_end_the_connection(address):
    import socket
    for raw in (b"\x00\x00\x00\x04abcd", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff" + bytes(100), b"GET / HTTP/1.1\r\n\r\n"):
        with socket.create_connection(address, 5) as connection:
            connection.settimeout(5)
            connection.sendall(raw)
            try:
                assert connection.recv(100) == b"", raw
            except ConnectionError:
                pass


def test_requests_before_the_connect_request_end_the_connection(address):
    import socket
    with socket.create_connection(address, 5) as connection:
        body = i32(1) + i32(3) + text("/") + flag(False)
        connection.sendall(struct.pack(">i", len(body)) + body)
        connection.settimeout(5)
        try:
            assert connection.recv(100) == b""
        except ConnectionError:
            pass


# --- coming back ---

def test_a_session_goes_on_over_another_connection(open_session, chroot):
    first = open_session()
    first.create(chroot)
    first.create(chroot + "/e", flags=EPHEMERAL)
    first.drop()
    second = open_session(identity=(first.id, first.password), last_zxid=first.last_zxid)
    assert (second.id, second.password) == (first.id, first.password)
    assert second.exists(chroot + "/e").owner == first.id
    second.close()
    assert open_session().children(chroot) == []


def test_a_wrong_password_is_as_an_expired_session(address, open_session, chroot):
    first = open_session()
    first.create(chroot, flags=EPHEMERAL)
    stranger = Session(address, identity=(first.id, b"x" * 16))
    assert stranger.expired
    assert stranger.id == 0
    assert stranger.password == bytes(16)
    assert stranger.is_closed_by_server()
    # ZooKeeper closes the owner's connection as well; its session must not suffer.
    back = open_session(identity=(first.id, first.password))
    assert back.exists(chroot).owner == first.id


def test_a_session_nobody_had_is_expired(address):
    stranger = Session(address, identity=(0x1234567, bytes(16)))
    assert stranger.expired
    assert stranger.is_closed_by_server()


def test_a_closed_session_does_not_come_back(address, open_session):
    first = open_session()
    first.call("closeSession")
    assert first.is_closed_by_server()
    assert Session(address, identity=(first.id, first.password)).expired


def test_the_old_connection_of_a_session_that_moved_is_closed(open_session, chroot):
    first = open_session()
    first.create(chroot)
    second = open_session(identity=(first.id, first.password))
    assert second.exists(chroot) is not None
    # What the old one still asks is not answered: it hears that the session moved, or nothing.
    try:
        reply = first.call("setData", text(chroot) + text("from the old connection") + i32(-1))
        assert reply.failure == "SESSIONMOVED"
    except (Closed, OSError):
        pass
    assert first.is_closed_by_server()
    assert second.get(chroot)[0] == b""
    assert second.set(chroot, b"from the new one").version == 1


def test_identities_belong_to_the_connection(open_session, chroot):
    first = open_session()
    first.auth("digest", "user:password")
    first.create(chroot, b"secret", acl=[(31, "auth", "")])
    second = open_session(identity=(first.id, first.password))
    reply = second.call("getData", text(chroot) + flag(False))
    assert reply.failure == "NOAUTH"
    second.auth("digest", "user:password")
    assert second.get(chroot)[0] == b"secret"


# --- the end ---

def test_closing_a_session_answers_and_ends_the_connection(open_session, chroot):
    session = open_session()
    session.create(chroot, flags=EPHEMERAL)
    reply = session.call("closeSession")
    assert reply.error == 0
    assert session.is_closed_by_server()
    assert open_session().exists(chroot) is None


def test_a_session_expires_when_nothing_is_heard_of_it(open_session, chroot):
    watcher = open_session()
    watcher.create(chroot)
    session = open_session(timeout_ms=1000)
    session.create(chroot + "/e", flags=EPHEMERAL)
    assert watcher.exists(chroot + "/e", watch=True) is not None
    assert watcher.children(chroot, watch=True) == ["e"]
    session.drop()
    began = time.monotonic()
    assert str(watcher.wait_event(6)) == f"NodeDeleted {chroot}/e"
    took = time.monotonic() - began
    assert str(watcher.wait_event(1)) == f"NodeChildrenChanged {chroot}"
    assert 0.4 <= took <= 3, f"a session of 1 s expired after {took:.2f} s"
    assert Session(session.address, identity=(session.id, session.password)).expired


def test_a_silent_connection_is_closed_when_its_session_expires(open_session, chroot):
    session = open_session(timeout_ms=1000)
    session.create(chroot, flags=EPHEMERAL)
    assert session.is_closed_by_server(6)
    eventually(lambda: open_session().exists(chroot) is None, 2, what="the ephemeral's end")


def test_pings_keep_a_session(open_session, chroot):
    session = open_session(timeout_ms=1000)
    session.create(chroot, flags=EPHEMERAL)
    other = open_session()
    until = time.monotonic() + 3
    while time.monotonic() < until:
        reply = session.ping()
        assert (reply.xid, reply.error) == (-2, 0)
        assert reply.body.done()
        time.sleep(0.3)
    assert other.exists(chroot) is not None


def test_reads_keep_a_session_too(open_session, chroot):
    session = open_session(timeout_ms=1000)
    session.create(chroot, flags=EPHEMERAL)
    until = time.monotonic() + 2.5
    while time.monotonic() < until:
        assert session.exists(chroot) is not None
        time.sleep(0.3)


# --- order ---

def test_pipelined_requests_are_answered_in_order(open_session, chroot):
    session = open_session()
    session.create(chroot)
    xids = []
    for number in range(300):
        xids.append(session.post("create", create_body(f"{chroot}/{number}")))
        xids.append(session.post("setData", text(chroot) + text(str(number)) + i32(-1)))
        xids.append(session.post("getData", text(chroot) + flag(False)))
    last_zxid = 0
    for at, xid in enumerate(xids):
        reply = session.receive()
        assert (reply.xid, reply.error) == (xid, 0)
        assert reply.zxid >= last_zxid, "zxids of answers never fall"
        last_zxid = reply.zxid
        if at % 3 == 2:
            assert reply.body.buffer() == str(at // 3).encode(), "a read sees the write before it, and none behind it"


def test_transaction_ids_rise_with_every_write(open_session, chroot):
    one, two = open_session(), open_session()
    one.create(chroot)
    zxids = []
    for number in range(20):
        writer = (one, two)[number % 2]
        reply = writer.call("setData", text(chroot) + text(str(number)) + i32(-1))
        assert reply.body.stat().mzxid == reply.zxid
        zxids.append(reply.zxid)
    assert zxids == sorted(set(zxids))


def test_times_are_the_servers_clock(open_session, chroot):
    session = open_session()
    before = time.time() * 1000
    session.create(chroot)
    made = session.exists(chroot)
    assert made.ctime == made.mtime
    assert before - 2000 <= made.ctime <= time.time() * 1000 + 2000
    time.sleep(0.02)
    changed = session.set(chroot, b"x")
    assert changed.ctime == made.ctime
    assert changed.mtime > made.mtime
    session.create(chroot + "/child")
    assert session.exists(chroot).mtime == changed.mtime


# --- limits ---

def test_data_up_to_the_limit_and_beyond(open_session, address, chroot):
    session = open_session()
    # A frame of jute.maxbuffer (1 MiB - 1) is the largest; what surrounds the data takes some of it.
    room = 0xFFFFF - len(create_body(chroot)) - 8
    assert session.create(chroot, b"x" * room) == chroot
    assert len(session.get(chroot)[0]) == room
    with pytest.raises((Closed, OSError)):
        session.call("setData", text(chroot) + text(b"y" * (0xFFFFF + 1)) + i32(-1))
    assert open_session().exists(chroot).version == 0


def test_another_limit_of_data(make_ensemble):
    ensemble = make_ensemble(1, **{"jute.maxbuffer": 4096})
    session = Session(ensemble.servers[0].zookeeper_address)
    session.create("/a", b"x" * 3000)
    with pytest.raises((Closed, OSError)):
        session.call("setData", text("/a") + text(b"y" * 5000) + i32(-1))
    again = Session(ensemble.servers[0].zookeeper_address)
    assert again.get("/a")[0] == b"x" * 3000


def test_connections_of_one_address_are_limited(make_ensemble):
    ensemble = make_ensemble(1, maxClientCnxns=3)
    address = ensemble.servers[0].zookeeper_address
    kept = [Session(address) for _ in range(3)]
    with pytest.raises((Closed, OSError)):
        Session(address)
    kept.pop().close()
    eventually(lambda: session_or_none(address), 5, what="room for a connection")
    assert all(session.exists("/") for session in kept)


def session_or_none(address):
    try:
        return Session(address)
    except (Closed, OSError):
        return None


# --- restarts ---

@pytest.mark.parametrize("clean", [False, True], ids=["killed", "stopped"])
def test_what_a_restart_leaves(make_ensemble, clean):
    ensemble = make_ensemble(1)
    server = ensemble.servers[0]
    session = Session(server.zookeeper_address, timeout_ms=8000)
    session.create("/a", b"one")
    session.set("/a", b"two")
    session.create("/a/n-", flags=SEQUENTIAL)
    session.create("/a/gone")
    session.delete("/a/gone")
    session.create("/a/e", flags=EPHEMERAL)
    session.create("/b", acl=[(1, "world", "anyone")])
    closed = Session(server.zookeeper_address)
    closed.create("/a/closed", flags=EPHEMERAL)
    closed.close()
    before = {path: session.exists(path) for path in ("/a", "/a/n-0000000000", "/a/e", "/b")}
    server.restart(clean)
    back = Session(server.zookeeper_address, identity=(session.id, session.password), last_zxid=session.last_zxid)
    assert back.id == session.id, "the session outlives its server"
    assert {path: back.exists(path) for path in before} == before, "every Stat as it was"
    assert back.get("/a")[0] == b"two"
    assert sorted(back.children("/a")) == ["e", "n-0000000000"]
    assert back.create("/a/n-", flags=SEQUENTIAL) == "/a/n-0000000004"
    assert back.call("setData", text("/b") + text("x") + i32(-1)).failure == "NOAUTH"
    assert back.exists("/a").mzxid < back.exists("/a/n-0000000004").czxid
    back.close()
    assert Session(server.zookeeper_address).exists("/a/e") is None


def test_a_restart_gives_sessions_their_whole_timeout(make_ensemble):
    ensemble = make_ensemble(1, tickTime=1000)
    server = ensemble.servers[0]
    session = Session(server.zookeeper_address, timeout_ms=2000)
    session.create("/e", flags=EPHEMERAL)
    server.kill()
    time.sleep(2.5)
    server.start()
    back = Session(server.zookeeper_address, timeout_ms=2000, identity=(session.id, session.password))
    assert not back.expired
    assert back.exists("/e") is not None
    back.drop()
    watcher = Session(server.zookeeper_address)
    assert watcher.exists("/e", watch=True) is not None
    assert str(watcher.wait_event(8)) == "NodeDeleted /e"


# --- what time removes ---

def test_containers_and_ttl_nodes_go_when_empty(make_ensemble):
    ensemble = make_ensemble(1, **{"extendedTypesEnabled": "true", "znode.container.checkIntervalMs": 200})
    session = Session(ensemble.servers[0].zookeeper_address)
    session.good("createContainer", create_body("/c", flags=4))
    session.good("createContainer", create_body("/unused", flags=4))
    session.create("/c/child")
    session.good("createTTL", create_body("/t", flags=5, ttl=300))
    session.good("createTTL", create_body("/t/u", flags=5, ttl=300))
    session.good("createTTL", create_body("/long", flags=5, ttl=600_000))
    assert session.exists("/c", watch=True) is not None
    eventually(lambda: session.exists("/t/u") is None, 5, what="the TTL node's end")
    eventually(lambda: session.exists("/t") is None, 5, what="the end of the one above it")
    assert session.exists("/c") is not None, "it has a child"
    session.delete("/c/child")
    assert str(session.wait_event(5)) == "NodeDeleted /c"
    assert session.exists("/long") is not None
    assert session.exists("/unused") is not None, "a container that never had a child stays"
