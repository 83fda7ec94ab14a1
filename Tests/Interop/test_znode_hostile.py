"""What no client of good will sends to the ZooKeeper listener: others must not notice."""

import random
import socket
import struct
import threading
import time

import pytest

from ensemble import is_reference
from jute import (CONTAINER, EPHEMERAL, OPS, TTL, Closed, Session, acls, create_body, flag, i32, i64, multi_body, text, vector)


@pytest.fixture
def address(coordination):
    return coordination.servers[0].zookeeper_address


@pytest.fixture(autouse=True)
def others(coordination, chroot):
    """Somebody of good will, connected before and served after."""
    session = Session(coordination.servers[0].zookeeper_address)
    session.create(chroot, b"here")
    yield session
    assert session.get(chroot)[0] == b"here"
    assert session.set(chroot, b"still here").version == 1
    session.close()


def bodies(path: str) -> dict[str, bytes]:
    """One good request of each kind."""
    return {
        "create": create_body(path + "/x", b"data"), "create2": create_body(path + "/y", b"data"),
        "createContainer": create_body(path + "/c", b"", flags=CONTAINER), "createTTL": create_body(path + "/t", b"", flags=TTL, ttl=60000),
        "delete": text(path + "/x") + i32(-1), "exists": text(path) + flag(True), "getData": text(path) + flag(True),
        "setData": text(path + "/y") + text(b"data") + i32(-1), "getACL": text(path), "setACL": text(path + "/y") + acls([(31, "world", "anyone")]) + i32(-1),
        "getChildren": text(path) + flag(True), "getChildren2": text(path) + flag(True), "sync": text(path),
        "multi": multi_body([(OPS["create"], create_body(path + "/m")), (OPS["delete"], text(path + "/m") + i32(-1))]),
        "multiRead": multi_body([(OPS["getData"], text(path) + flag(False))]),
        "checkWatches": text(path) + i32(1), "removeWatches": text(path) + i32(1), "addWatch": text(path) + i32(0),
        "setWatches": i64(1) + vector([path], text) + vector([path], text) + vector([path], text),
        "setWatches2": i64(1) + b"".join(vector([path], text) for _ in range(5)), "getEphemerals": text(path),
        "getAllChildrenNumber": text(path), "whoAmI": b"", "auth": i32(0) + text("digest") + text("a:b"), "ping": b"",
        "reconfig": text("a") + text("b") + text("c") + i64(-1), "sasl": text(b"token"),
    }


def ask(address, op: str, body: bytes) -> None:
    """Sends it over a connection of its own, and waits for an answer or the connection's end, whichever comes."""
    session = Session(address)
    session.socket.settimeout(10)
    try:
        session.post(op, body)
        session.frame()
        # Whoever was answered may go on.
        session.post("exists", text("/") + flag(False))
        session.frame()
    except (Closed, ConnectionError):
        pass
    finally:
        session.drop()


@pytest.mark.parametrize("op", sorted(bodies("/")))
def test_requests_cut_at_every_byte(address, chroot, op):
    body = bodies(chroot)[op]
    for cut in range(len(body)):
        ask(address, op, body[:cut])


def test_requests_changed_at_random(address, chroot):
    chance = random.Random(17)
    for _ in range(600):
        op, body = chance.choice(sorted(bodies(chroot).items()))
        raw = bytearray(body)
        for _ in range(chance.choice([1, 1, 2, 5])):
            if not raw:
                raw = bytearray(b"\x00")
            at = chance.randrange(len(raw))
            what = chance.randrange(5)
            if what == 0:
                raw[at] = chance.randrange(256)
            elif what == 1:
                raw[at:at + 4] = struct.pack(">i", chance.choice([-1, -2, 0, 1, 0x7FFFFFFF, -0x80000000, 0x00FFFFFF, 1 << 24]))
            elif what == 2:
                del raw[at:at + chance.randrange(1, 9)]
            elif what == 3:
                raw[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 9)))
            else:
                raw += bytes(chance.randrange(256) for _ in range(chance.randrange(1, 30)))
        ask(address, op, bytes(raw))


def test_counts_that_promise_more_than_there_is(address, chroot, coordination):
    before = coordination.servers[0].resident_bytes()
    for count in (0x7FFFFFFF, 0x10000000, 1_000_000):
        ask(address, "create", text(chroot + "/x") + text(b"") + i32(count))
        ask(address, "setACL", text(chroot) + i32(count))
        ask(address, "setWatches", i64(0) + i32(count))
        ask(address, "setWatches2", i64(0) + i32(0) * 4 + i32(count))
    if not is_reference():
        assert coordination.servers[0].resident_bytes() < before + 64_000_000


def test_connect_requests_changed_at_random(address):
    chance = random.Random(4)
    good = i32(0) + i64(0) + i32(5000) + i64(0) + text(bytes(16)) + flag(False)
    for _ in range(300):
        raw = bytearray(good)
        for _ in range(chance.choice([1, 2, 4])):
            raw[chance.randrange(len(raw))] = chance.choice([0, 0x7F, 0x80, 0xFF, chance.randrange(256)])
        raw = raw[:chance.choice([len(raw), chance.randrange(len(raw) + 1)])]
        with socket.create_connection(address, 5) as connection:
            connection.settimeout(5)
            connection.sendall(struct.pack(">i", len(raw)) + raw)
            try:
                connection.recv(100)
            except ConnectionError:
                pass


def test_lengths_of_frames_that_cannot_be(address):
    for length in (-1, -0x80000000, 0x7FFFFFFF, 0x100000, 0x00FFFFFF):
        session = Session(address)
        session.socket.sendall(struct.pack(">i", length))
        assert session.is_closed_by_server(5), f"a frame of {length} bytes was waited for"
        session.drop()
    for length in range(8):
        session = Session(address)
        session.socket.sendall(struct.pack(">i", length) + bytes(length))
        assert session.is_closed_by_server(5), f"a request of {length} bytes has no header"
        session.drop()


def test_bytes_one_at_a_time(address, chroot):
    session = Session(address)
    frame = i32(1) + i32(OPS["getData"]) + text(chroot) + flag(False)
    for byte in struct.pack(">i", len(frame)) + frame:
        session.socket.sendall(bytes([byte]))
        time.sleep(0.001)
    reply = session.receive()
    assert (reply.xid, reply.error) == (1, 0)
    assert reply.body.buffer() == b"here"
    session.close()


def test_connections_that_say_nothing(address, chroot):
    silent = [socket.create_connection(address, 5) for _ in range(300)]
    half = [socket.create_connection(address, 5) for _ in range(50)]
    for connection in half:
        connection.sendall(b"\x00\x00\x00\x2d\x00\x00")
    began = time.monotonic()
    session = Session(address)
    assert session.get(chroot)[0] == b"here"
    assert time.monotonic() - began < 2
    session.close()
    for connection in silent + half:
        connection.close()


def test_a_client_that_does_not_read_its_answers(address, chroot, coordination):
    """It gets its memory's worth and then waits; the others are served."""
    server = coordination.servers[0]
    filler = Session(address)
    filler.create(chroot + "/big", b"x" * 900_000)
    before = server.resident_bytes()
    greedy = Session(address)
    greedy.socket.setblocking(False)
    frame = i32(1) + i32(OPS["getData"]) + text(chroot + "/big") + flag(False)
    frame = struct.pack(">i", len(frame)) + frame
    sent = 0
    until = time.monotonic() + 3
    slowest = 0.0
    while time.monotonic() < until:
        try:
            sent += greedy.socket.send(frame * 50)
        except BlockingIOError:
            pass
        except ConnectionError:
            break
        began = time.monotonic()
        assert filler.exists(chroot) is not None
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.01)
    if not is_reference():
        grown = server.resident_bytes() - before
        assert grown < 200_000_000, f"{grown / 1e6:.0f} MB for a client that reads nothing ({sent} bytes of requests)"
        assert slowest < 0.5, f"another client waited {slowest:.2f} s"
    greedy.drop()
    filler.close()


def test_many_sessions_expire_at_once(address, chroot):
    """Four hundred sessions with ten ephemerals each go together; whoever stays is answered meanwhile."""
    stayer = Session(address)
    for parent in range(10):
        stayer.create(f"{chroot}/{parent}")
    leaving = []
    for number in range(400):
        session = Session(address, timeout_ms=4000)
        leaving.append(session)
        for parent in range(10):
            session.post("create", create_body(f"{chroot}/{parent}/{number}", flags=EPHEMERAL))
    for session in leaving:
        for _ in range(10):
            assert session.receive().error == 0
    for session in leaving:
        session.drop()
    slowest, until = 0.0, time.monotonic() + 15
    while time.monotonic() < until:
        began = time.monotonic()
        left = stayer.call("getAllChildrenNumber", text(chroot)).body.i32()
        slowest = max(slowest, time.monotonic() - began)
        if left == 10:
            break
        time.sleep(0.02)
    assert left == 10, f"{left - 10} ephemerals of dead sessions are still there"
    if not is_reference():
        assert slowest < 0.3, f"an answer took {slowest:.2f} s meanwhile"
    stayer.close()


def test_watches_by_the_thousand(address, chroot, others):
    """One node with 500 watchers, and one watcher of 5,000 nodes."""
    watchers = [Session(address) for _ in range(500)]
    for watcher in watchers:
        watcher.get(chroot, watch=True)
    other = Session(address)
    other.create(chroot + "/n")
    collector = Session(address)
    for number in range(5000):
        other.post("create", create_body(f"{chroot}/n/{number}"))
    for number in range(5000):
        assert other.receive().error == 0
    for number in range(5000):
        collector.post("exists", text(f"{chroot}/n/{number}") + flag(True))
    for number in range(5000):
        assert collector.receive().error == 0
    done = threading.Event()

    def delete():
        for number in range(5000):
            other.post("delete", text(f"{chroot}/n/{number}") + i32(-1))
        for number in range(5000):
            other.receive()
        other.post("setData", text(chroot) + text(b"here") + i32(-1))
        other.receive()
        done.set()

    threading.Thread(target=delete, daemon=True).start()
    seen = [collector.wait_event(20).path for _ in range(5000)]
    assert seen == [f"{chroot}/n/{number}" for number in range(5000)], "in the order of the deletions"
    for watcher in watchers:
        assert str(watcher.wait_event(10)) == f"NodeDataChanged {chroot}"
        watcher.drop()
    assert done.wait(10)
    other.close()
    collector.close()
    # The version that `others` expects.
    fresh = Session(address)
    fresh.delete(chroot + "/n")
    fresh.delete(chroot)
    fresh.create(chroot, b"here")
    fresh.close()


def test_a_deep_tree_and_long_names(address, chroot):
    session = Session(address)
    path = chroot
    for _ in range(150):
        path += "/d"
        session.create(path)
    assert session.exists(path) is not None
    name = "n" * 20_000
    session.create(f"{chroot}/{name}")
    assert sorted(session.children(chroot)) == ["d", name]
    session.close()
