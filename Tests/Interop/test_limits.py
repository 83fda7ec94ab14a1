"""Limits, order and manners of connections; what a stop and a bad configuration look like."""

import struct
import threading
import time

import pytest

from broker import BrokerDied, eventually
from clients import ALL, Record, create_topic
from wire import API_VERSIONS, FETCH, METADATA, PRODUCE, Connection, batch, fetch_body, frame, metadata_body, produce_body


def test_connections_per_address(make_broker):
    broker = make_broker(**{"max.connections.per.ip": 5})
    links = [Connection(broker.address) for _ in range(5)]
    for link in links:
        link.is_served()
    with Connection(broker.address) as sixth:
        assert sixth.is_closed_within(5)
    links[0].is_served()
    links[0].socket.close()

    def served():
        try:
            with Connection(broker.address) as another:
                return another.is_served()
        except (ConnectionError, OSError):
            return False
    eventually(served, what="a place is free again")
    for link in links[1:]:
        link.is_served()
        link.socket.close()


def test_idle_connections_are_closed_and_busy_ones_are_not(make_broker):
    broker = make_broker(**{"connections.max.idle.ms": 1000})
    with Connection(broker.address) as idle, Connection(broker.address) as silent, Connection(broker.address) as busy:
        idle.is_served()
        began = time.monotonic()
        while time.monotonic() - began < 4:
            busy.is_served()
            time.sleep(0.2)
        assert idle.is_closed_within(0.5) and silent.is_closed_within(0.5)
        busy.is_served()


def test_largest_request(make_broker, topic):
    broker = make_broker(**{"socket.request.max.bytes": 100_000})
    create_topic(broker.bootstrap, topic)
    fixed = len(frame(PRODUCE, 7, produce_body(topic, 0, batch([b""])))) - 4

    def request(size):
        value = size - fixed
        while True:
            data = frame(PRODUCE, 7, produce_body(topic, 0, batch([b"x" * value])))
            if len(data) - 4 <= size:
                return data
            value -= len(data) - 4 - size
    fitting = request(100_000)
    assert len(fitting) == 100_004
    with Connection(broker.address) as link:
        link.send(fitting)
        assert len(link.answer()) > 0
        link.send(struct.pack(">i", 100_001) + bytes(100_001))
        assert link.is_closed_within(5)
    with Connection(broker.address) as link:
        link.is_served()


def test_answers_come_in_the_order_of_requests(broker, topic):
    """Fast answers wait for slow ones: a producer may have many requests in flight on one connection."""
    create_topic(broker.bootstrap, topic)
    kinds = [frame(PRODUCE, 7, produce_body(topic, 0, batch([b"x"]))), frame(API_VERSIONS, 0),
             frame(FETCH, 4, fetch_body(topic, offset=0, wait_ms=5)), frame(METADATA, 1, metadata_body(topic))]
    with Connection(broker.address) as link:
        data = bytearray()
        for number in range(400):
            one = bytearray(kinds[number % 4])
            one[8:12] = struct.pack(">i", number)
            data += one
        threading.Thread(target=link.send, args=(bytes(data),)).start()
        for number in range(400):
            (size,) = struct.unpack(">i", link.read(4))
            assert struct.unpack_from(">i", link.read(size))[0] == number


def test_fetch_waits_no_longer_than_asked_and_answers_when_there_is_something(broker, topic):
    create_topic(broker.bootstrap, topic)
    with Connection(broker.address) as reader, Connection(broker.address) as writer:
        began = time.monotonic()
        reader.ask(FETCH, 4, fetch_body(topic, wait_ms=700))
        assert 0.65 < time.monotonic() - began < 2
        reader.send(frame(FETCH, 4, fetch_body(topic, wait_ms=30_000)))
        time.sleep(0.2)
        writer.produce(topic, 0, batch([b"wake up"]))
        began = time.monotonic()
        assert b"wake up" in reader.answer()
        assert time.monotonic() - began < 1


def test_stop_answers_or_closes_waiting_fetches(make_broker, topic):
    broker = make_broker()
    create_topic(broker.bootstrap, topic)
    with Connection(broker.address) as link:
        link.send(frame(FETCH, 4, fetch_body(topic, wait_ms=60_000)))
        time.sleep(0.2)
        began = time.monotonic()
        assert broker.stop() == 0
        assert time.monotonic() - began < 5
        assert link.is_closed_within(1)


def test_stop_finishes_what_is_in_flight(make_broker, topic):
    """What was acknowledged before a clean stop is there; what a client still has goes to the next life."""
    broker = make_broker()
    create_topic(broker.bootstrap, topic)
    records = [Record(b"%d" % i + b"." * 500) for i in range(20_000)]
    stopper = threading.Timer(0.15, lambda: broker.restart(clean=True))
    stopper.start()
    offsets = ALL["confluent-kafka"].produce(
        broker.bootstrap, topic, 0, records, idempotent=True, batch_num_messages=100, reconnect_backoff_ms=20,
        reconnect_backoff_max_ms=100, retry_backoff_ms=20)
    stopper.join()
    assert offsets == list(range(20_000))
    read = ALL["confluent-kafka"].consume(broker.bootstrap, topic, 0)
    assert [r.value for r in read] == [r.value for r in records]


# --- configuration ---

def complaint(make_broker, **properties) -> str:
    broker = make_broker(started=False, **properties)
    with pytest.raises(BrokerDied) as died:
        broker.start(timeout=5)
    assert "exit 0" not in str(died.value)
    return str(died.value)


def test_properties_are_checked_with_their_line(make_broker):
    text = complaint(make_broker, **{"log.segment.bytes": "plenty"})
    assert "log.segment.bytes" in text and "plenty" in text and "broker.properties:" in text
    text = complaint(make_broker, **{"listeners": "nonsense"})
    assert "NAME://HOST:PORT" in text or "nonsense" in text


def test_unknown_properties_are_named(make_broker):
    broker = make_broker(started=False, **{"no.such.property": "1"})
    try:
        broker.start(timeout=5)
    except BrokerDied:
        pass
    assert "no.such.property" in broker.log() and "broker.properties:" in broker.log()


def test_a_taken_port_is_said_on_one_line(make_broker):
    first = make_broker()
    text = complaint(make_broker, listeners=f"PLAINTEXT://127.0.0.1:{first.port}")
    line = next(line for line in text.splitlines() if str(first.port) in line)
    assert "in use" in line.lower()


def test_ready_line_names_everything(make_broker):
    broker = make_broker()
    assert broker.ready["id"] == "1" and int(broker.ready["pid"]) == broker.pid
    assert broker.ready["kafka"] == broker.bootstrap and ":" in broker.ready["http"]
    assert broker.ready_seconds < 2


def test_idle_broker_is_small(make_broker):
    broker = make_broker()
    create_topic(broker.bootstrap, "few", partitions=10)
    with Connection(broker.address) as link:
        link.is_served()
    assert broker.resident_bytes() < 40 << 20, f"{broker.resident_bytes() >> 20} MiB"
