"""What was acknowledged is there, in order and once, though the broker was killed again and again."""

import random
import threading
import time
from collections import Counter

import confluent_kafka
import kafka
import pytest

from clients import ALL, confluent_producer, create_topic

PARTITIONS = 4


class Killer(threading.Thread):
    """Kills and restarts the broker `times` times at random moments, on the same data and port."""

    def __init__(self, broker, times: int, seed: int, longest: float = 1.0):
        super().__init__(daemon=True)
        self.broker, self.times, self.longest = broker, times, longest
        self.chance = random.Random(seed)
        self.failure: BaseException | None = None
        self.slowest = 0.0

    def run(self):
        try:
            for _ in range(self.times):
                time.sleep(self.chance.uniform(0.05, self.longest))
                self.broker.kill()
                time.sleep(self.chance.choice([0, 0, 0.1]))
                self.broker.start()
                self.slowest = max(self.slowest, self.broker.ready_seconds)
        except BaseException as failure:
            self.failure = failure

    def check(self):
        self.join(60)
        assert not self.is_alive(), "still killing"
        if self.failure:
            raise self.failure


def read_all(broker, topic):
    """Per partition the values in the order of offsets, which must be dense."""
    found = {}
    for partition in range(PARTITIONS):
        records = ALL["confluent-kafka"].consume(broker.bootstrap, topic, partition)
        assert [r.offset for r in records] == list(range(len(records)))
        found[partition] = [int(r.value.split(b":")[0]) for r in records]
    return found


def check_in_order_and_once(found, acknowledged, sent):
    for partition in range(PARTITIONS):
        values = found[partition]
        doubled = [v for v, times in Counter(values).items() if times > 1]
        assert not doubled, f"partition {partition}: {len(doubled)} doubled, first {doubled[:5]}"
        missing = acknowledged[partition].keys() - set(values)
        assert not missing, f"partition {partition}: {len(missing)} acknowledged and lost, first {sorted(missing)[:5]}"
        assert values == sorted(values), f"partition {partition} is out of order"
        moved = [(n, at) for n, at in acknowledged[partition].items() if at is not None and values[at] != n]
        assert not moved, f"partition {partition}: not at the offset that was acknowledged: {moved[:5]}"
        assert set(values) <= set(range(sent[partition]))


@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_idempotent_acks_all_through_kills(make_broker, topic, compression):
    """confluent-kafka; twenty kills without compression, some more with it."""
    times = 20 if compression == "none" else 6
    broker = make_broker(**{"log.segment.bytes": 1 << 20, "log.flush.offset.checkpoint.interval.ms": 1000})
    create_topic(broker.bootstrap, topic, partitions=PARTITIONS)
    producer = confluent_producer(
        broker.bootstrap, enable_idempotence=True, acks="all", linger_ms=2, batch_num_messages=100,
        compression_type=compression, reconnect_backoff_ms=20, reconnect_backoff_max_ms=100, retry_backoff_ms=20,
        message_timeout_ms=60_000, socket_timeout_ms=5000)
    acknowledged, failed, sent = {p: {} for p in range(PARTITIONS)}, [], Counter()

    def delivered(error, message):
        if error:
            failed.append(error)
        else:
            acknowledged[message.partition()][int(message.value().split(b":")[0])] = message.offset()

    killer = Killer(broker, times, seed=times)
    killer.start()
    padding = b":" + b"x" * 100
    while killer.is_alive():
        for partition in range(PARTITIONS):
            for _ in range(50):
                producer.produce(topic, b"%d" % sent[partition] + padding, partition=partition, on_delivery=delivered)
                sent[partition] += 1
        producer.poll(0.01)
        while len(producer) > 20_000:
            producer.poll(0.05)
    killer.check()
    left = producer.flush(30)
    assert left == 0 and not failed, f"{left} left, {len(failed)} failed, first {failed[:1]}"
    check_in_order_and_once(read_all(broker, topic), acknowledged, sent)
    total = sum(map(len, acknowledged.values()))
    assert total == sum(sent.values()) and total > 1000
    print(f"{total:,} acknowledged through {times} kills; slowest restart {killer.slowest:.2f} s")


def test_kafka_python_through_kills(make_broker, topic):
    broker = make_broker()
    create_topic(broker.bootstrap, topic, partitions=PARTITIONS)
    producer = kafka.KafkaProducer(
        bootstrap_servers=broker.bootstrap, enable_idempotence=True, acks="all", linger_ms=2,
        reconnect_backoff_ms=20, reconnect_backoff_max_ms=100, retry_backoff_ms=20, request_timeout_ms=5000,
        delivery_timeout_ms=60_000, max_block_ms=30_000)
    futures, sent = [], Counter()
    killer = Killer(broker, 5, seed=5)
    killer.start()
    while killer.is_alive():
        for partition in range(PARTITIONS):
            futures.append((partition, sent[partition], producer.send(topic, b"%d" % sent[partition], partition=partition)))
            sent[partition] += 1
        time.sleep(0.002)
    killer.check()
    acknowledged = {p: {} for p in range(PARTITIONS)}
    for partition, number, future in futures:
        acknowledged[partition][number] = future.get(60).offset
    producer.close(5)
    # The offsets it reports for a retried batch whose first answer was lost may be -1.
    acknowledged = {p: {n: o if o >= 0 else None for n, o in a.items()} for p, a in acknowledged.items()}
    check_in_order_and_once(read_all(broker, topic), acknowledged, sent)


def test_acks_one_survives_the_death_of_the_process(make_broker, topic):
    """The page cache outlives the process: nothing acknowledged is lost, though retries may double."""
    broker = make_broker()
    create_topic(broker.bootstrap, topic, partitions=PARTITIONS)
    producer = confluent_producer(
        broker.bootstrap, acks=1, linger_ms=1, reconnect_backoff_ms=20, reconnect_backoff_max_ms=100, retry_backoff_ms=20)
    acknowledged, sent = {p: set() for p in range(PARTITIONS)}, Counter()

    def delivered(error, message):
        assert not error, error
        acknowledged[message.partition()].add(int(message.value()))

    killer = Killer(broker, 6, seed=6)
    killer.start()
    while killer.is_alive():
        for partition in range(PARTITIONS):
            for _ in range(20):
                producer.produce(topic, b"%d" % sent[partition], partition=partition, on_delivery=delivered)
                sent[partition] += 1
        producer.poll(0.005)
    killer.check()
    assert producer.flush(30) == 0
    for partition, values in read_all(broker, topic).items():
        missing = acknowledged[partition] - set(values)
        assert not missing, f"partition {partition}: {len(missing)} acknowledged and lost"


def test_readers_go_on_through_kills(make_broker, topic):
    """A consumer that stays connected reads every record once, whatever happens to the broker."""
    broker = make_broker()
    create_topic(broker.bootstrap, topic)
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": broker.bootstrap, "group.id": "unused", "log_level": 0, "enable.auto.commit": False,
        "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 100, "auto.offset.reset": "error"})
    consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
    producer = confluent_producer(broker.bootstrap, enable_idempotence=True, reconnect_backoff_ms=20,
                                  reconnect_backoff_max_ms=100, retry_backoff_ms=20)
    killer = Killer(broker, 4, seed=9)
    killer.start()
    sent, read = 0, []
    deadline = time.monotonic() + 40
    while (killer.is_alive() or len(read) < sent) and time.monotonic() < deadline:
        if killer.is_alive():
            for _ in range(100):
                producer.produce(topic, b"%d" % sent, partition=0)
                sent += 1
        producer.poll(0)
        for message in consumer.consume(5000, 0.02):
            if message.error():
                assert message.error().retriable() or message.error().code() in (
                    confluent_kafka.KafkaError._TRANSPORT, confluent_kafka.KafkaError._ALL_BROKERS_DOWN), message.error()
            else:
                read.append(int(message.value()))
    killer.check()
    consumer.close()
    assert read == list(range(sent))
