"""Clients that mean harm, or are merely broken: the broker stays up, small, and serves the others."""

import contextlib
import os
import random
import socket
import struct
import threading
import time

import pytest

from broker import Broker, eventually
from clients import create_topic
from wire import (API_VERSIONS, FETCH, INIT_PRODUCER_ID, LIST_OFFSETS, METADATA, PRODUCE, Connection, batch, fetch_body, frame,
                  metadata_body, produce_body, string)

MIB = 1 << 20
RESIDENT_MAX = 250 * MIB
DELAY_MAX = 3.0  # Of a bystander's request, on a machine that tests share.


class Bystander(threading.Thread):
    """A well-behaved client that writes, reads and asks all the while; remembers the worst delay."""

    def __init__(self, broker):
        super().__init__(daemon=True)
        self.broker, self.ended, self.worst, self.rounds = broker, threading.Event(), 0.0, 0
        self.failure: BaseException | None = None

    def run(self):
        try:
            with Connection(self.broker.address, timeout=DELAY_MAX * 3) as link:
                _, first = link.produce("bystander", 0, batch([b"first"]))
                while not self.ended.wait(0.02):
                    began = time.monotonic()
                    assert link.produce("bystander", 0, batch([b"x"])) == (0, first + 1 + self.rounds)
                    assert b"x" in link.ask(FETCH, 4, fetch_body("bystander", offset=first + 1 + self.rounds))
                    link.is_served()
                    self.rounds += 1
                    self.worst = max(self.worst, time.monotonic() - began)
        except BaseException as failure:
            self.failure = failure


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    # Kafka's backlog of 50 makes a burst of connections wait a second for a second try.
    broker = Broker(tmp_path_factory.mktemp("hostile"), {"socket.listen.backlog.size": 1024}).start()
    create_topic(broker.bootstrap, "target")
    create_topic(broker.bootstrap, "bystander")
    yield broker
    print(broker.tail() if not broker.is_alive() else "")
    broker.kill()


@pytest.fixture
def hostile(target):
    """The broker, watched: up at the end, small, descriptors given back, a bystander served throughout."""
    target.check_alive()
    bystander = Bystander(target)
    before = target.open_descriptors()
    bystander.start()
    time.sleep(0.1)
    yield target
    time.sleep(0.1)
    bystander.ended.set()
    bystander.join(30)
    target.check_alive()
    if bystander.failure:
        raise AssertionError("the bystander was not served") from bystander.failure
    assert bystander.rounds > 0 and bystander.worst < DELAY_MAX, f"a bystander waited {bystander.worst:.2f} s"
    assert target.resident_bytes() < RESIDENT_MAX, f"resident: {target.resident_bytes() / MIB:.0f} MiB"
    eventually(lambda: target.open_descriptors() <= before + 12, what=f"descriptors back at about {before}")


def attempt(broker, data: bytes, wait: float = 0.3):
    """Sends bytes and takes what comes; being cut off is fine."""
    with contextlib.suppress(OSError, AssertionError), Connection(broker.address, timeout=wait) as link:
        link.send(data)
        link.socket.shutdown(socket.SHUT_WR)
        with contextlib.suppress(TimeoutError):
            while link.socket.recv(1 << 16):
                pass


def is_cut_off(broker, data: bytes, seconds: float = 5.0) -> bool:
    with Connection(broker.address) as link:
        with contextlib.suppress(OSError):
            link.send(data)
        return link.is_closed_within(seconds)


def test_random_bytes(hostile):
    chance = random.Random(1)
    for _ in range(150):
        attempt(hostile, chance.randbytes(chance.choice([1, 3, 4, 5, 50, 1000, 20_000])))


def test_random_bodies_for_every_api_and_version(hostile):
    chance = random.Random(2)
    with Connection(hostile.address) as link:
        served = link.api_versions()
    for api, (_, newest) in served.items():
        for version in range(newest + 1):
            for size in (0, 3, 40, 400):
                body = chance.randbytes(size) if size != 40 else bytes(size)
                attempt(hostile, frame(api, version, body) + frame(api, version, b"\x00" + body), wait=0.05)


def test_frames_cut_at_every_byte(hostile):
    whole = frame(PRODUCE, 7, produce_body("target", 0, batch([b"v" * 20])))
    for cut in range(0, len(whole), 3):
        attempt(hostile, whole[:cut], wait=0.05)
        body = whole[4:cut + 4]
        attempt(hostile, struct.pack(">i", len(body)) + body, wait=0.05)  # A whole frame around half a request.


@pytest.mark.parametrize("length", [2**31 - 1, 100 * MIB + 1, -1, -(2**31), 0, 1, 7])
def test_impossible_lengths_are_cut_off(hostile, length):
    assert is_cut_off(hostile, struct.pack(">i", length) + b"\x00" * 64)


def test_huge_lengths_are_not_believed_in_advance(hostile):
    links = [Connection(hostile.address) for _ in range(50)]
    for link in links:
        link.send(struct.pack(">i", 100 * MIB) + frame(METADATA, 1)[4:])
    time.sleep(1)
    assert hostile.resident_bytes() < RESIDENT_MAX
    for link in links:
        link.socket.close()


@pytest.mark.parametrize("count", [1_000_000, 2**31 - 1, -2, -(2**31)])
def test_array_lengths_without_elements(hostile, count):
    many = struct.pack(">i", count)
    requests = [
        frame(METADATA, 1, many + b"\x00\x01a" * 3 if count > 0 else many),
        frame(PRODUCE, 7, string(None) + struct.pack(">hi", -1, 1000) + many),
        frame(PRODUCE, 7, string(None) + struct.pack(">hii", -1, 1000, 1) + string("target") + many),
        frame(FETCH, 4, struct.pack(">iiiib", -1, 100, 1, 1000, 0) + many),
        frame(FETCH, 4, struct.pack(">iiiibi", -1, 100, 1, 1000, 0, 1) + string("target") + many),
        frame(LIST_OFFSETS, 1, struct.pack(">i", -1) + many),
        frame(19, 2, many),
        frame(32, 1, many),
        frame(METADATA, 9, b"\x00" + b"\xff\xff\xff\xff\x0f"),  # The same by a flexible version's varint.
        frame(FETCH, 12, b"\x00" + struct.pack(">iiiibii", -1, 100, 1, 1000, 0, 0, 0) + b"\xff\xff\xff\xff\x07"),
    ]
    for data in requests:
        with Connection(hostile.address, timeout=5) as link, contextlib.suppress(ConnectionError):
            link.send(data)
            assert len(link.answer()) < 10 * MIB
    assert hostile.resident_bytes() < RESIDENT_MAX


def test_a_million_real_elements(hostile):
    for data in (frame(METADATA, 4, struct.pack(">i", 1_000_000) + b"\x00\x00" * 1_000_000 + b"\x00"),
                 frame(FETCH, 4, fetch_body("target", partitions=300_000, wait_ms=100))):
        with Connection(hostile.address, timeout=20) as link, contextlib.suppress(ConnectionError):
            link.send(data)
            link.answer()
    eventually(lambda: hostile.resident_bytes() < RESIDENT_MAX, what="memory given back")


def test_versions_nobody_speaks(hostile):
    with Connection(hostile.address) as link:
        for version in (6, 99, 32767, -1):
            assert struct.unpack_from(">h", link.ask(API_VERSIONS, version))[0] == 35, "UNSUPPORTED_VERSION, in version 0"
        link.is_served()
    for api, version in ((METADATA, 99), (PRODUCE, -1), (FETCH, 32767), (999, 0), (-1, 0), (4, 0), (10, 0)):
        assert is_cut_off(hostile, frame(api, version, metadata_body())), (api, version)


def test_old_produce_versions_are_answered_properly(hostile):
    for version in (0, 1, 2):
        with Connection(hostile.address) as link, contextlib.suppress(ConnectionError):
            body = struct.pack(">hii", -1, 1000, 1) + string("target") + struct.pack(">iii", 1, 0, 30) + bytes(30)
            data = link.ask(PRODUCE, version, body)
            assert struct.unpack_from(">h", data, 4 + 2 + len("target") + 4 + 4)[0] == 35


def test_bad_batches_are_refused_by_name(hostile):
    good = bytearray(batch([b"a", b"b", b"c"]))

    def changed(at, what):
        return bytes(good[:at] + what + good[at + len(what):])
    cases = {
        "crc": (changed(len(good) - 1, b"\x7f"), {2}),
        "magic 1": (changed(16, b"\x01"), {87, 76, 43, 2}),
        "magic 9": (changed(16, b"\x09"), {87, 76, 43, 2}),
        "count": (changed(57, struct.pack(">i", 1000)), {87, 2}),
        "length": (changed(8, struct.pack(">i", 10_000)), {87, 2, 4}),
        "negative length": (changed(8, struct.pack(">i", -5)), {87, 2, 4}),
        "cut": (bytes(good[:40]), {87, 2, 4}),
        "two batches": (bytes(good + good), {87}),
        "control": (changed(21, b"\x00\x20"), {87, 2}),
        "empty": (b"", {87, 2}),
    }
    with Connection(hostile.address) as link:
        for name, (records, expected) in cases.items():
            error, _ = link.produce("target", 0, records)
            assert error in expected, f"{name}: {error}"
        assert link.produce("target", 0, bytes(good))[0] == 0


def test_unknown_places_are_errors_not_ends(hostile):
    with Connection(hostile.address) as link:
        for topic, partition in (("no-such-topic", 0), ("target", 1), ("target", -1), ("target", 2**31 - 1), ("", 0), ("../etc", 0)):
            assert link.produce(topic, partition, batch([b"x"]))[0] in (3, 17), (topic, partition)
            data = link.ask(FETCH, 4, fetch_body(topic, partition, wait_ms=0))
            assert struct.unpack_from(">ih", data, 4 + 4 + 2 + len(topic) + 4)[1] in (3, 17)
        assert link.produce("target", 0, batch([b"x"]), acks=2)[0] == 21, "INVALID_REQUIRED_ACKS"
        link.is_served()


def test_slow_senders(hostile):
    request = frame(METADATA, 1, metadata_body("target"))
    links = [Connection(hostile.address) for _ in range(100)]
    for at in range(len(request)):
        for link in links:
            link.send(request[at:at + 1])
        time.sleep(0.01)
    for link in links:
        assert b"target" in link.answer()
        link.socket.close()


def test_half_open_connections(hostile):
    for number in range(500):
        link = Connection(hostile.address)
        link.send(frame(METADATA, 1)[:number % 20])
        if number % 2:  # Reset instead of an orderly end.
            link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        link.socket.close()


def test_thousands_of_idle_connections(hostile):
    before = hostile.resident_bytes()
    links = [Connection(hostile.address, timeout=20) for _ in range(2000)]
    for link in links:
        link.send(frame(API_VERSIONS, 0))
    for link in links:
        link.answer()
    each = (hostile.resident_bytes() - before) / len(links)
    assert each < 20_000, f"{each:.0f} bytes for each idle connection"
    with Connection(hostile.address) as link:
        assert link.is_served() < DELAY_MAX
    for link in links:
        link.socket.close()


def test_readers_that_never_read(hostile):
    with Connection(hostile.address, timeout=20) as link:
        for _ in range(60):
            assert link.produce("target", 0, batch([os.urandom(900_000)]))[0] == 0
    links = [Connection(hostile.address, receive_buffer=4096) for _ in range(20)]
    for link in links:
        link.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            for _ in range(30):
                link.socket.send(frame(FETCH, 4, fetch_body("target")))
    time.sleep(1)
    assert hostile.resident_bytes() < RESIDENT_MAX, f"{hostile.resident_bytes() / MIB:.0f} MiB"
    for link in links:
        link.socket.close()


def test_askers_that_never_read(hostile):
    """A flood of small requests whose answers nobody takes: the broker stops reading before it grows."""
    link = Connection(hostile.address, receive_buffer=4096)
    link.socket.settimeout(1)
    flood = frame(METADATA, 1, struct.pack(">i", -1)) * 1000
    sent = 0
    with contextlib.suppress(TimeoutError, OSError):
        for _ in range(3000):
            sent += link.socket.send(flood)
    assert hostile.resident_bytes() < RESIDENT_MAX, f"{hostile.resident_bytes() / MIB:.0f} MiB after {sent / MIB:.0f} MiB"
    link.socket.close()


def test_producer_ids_and_waiters_flood(hostile):
    with Connection(hostile.address, timeout=20) as link:
        for _ in range(2000):
            link.send(frame(INIT_PRODUCER_ID, 0, string(None) + struct.pack(">i", 1000)))
        for _ in range(2000):
            link.answer()
    links = [Connection(hostile.address) for _ in range(500)]
    for link in links:  # All wait for bytes that do not come, and go away.
        link.send(frame(FETCH, 4, fetch_body("target", offset=2**40, wait_ms=60_000, min_bytes=MIB)))
        link.socket.close()
