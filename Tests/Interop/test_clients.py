"""Four unmodified clients write and read each other's records, with every codec, byte for byte."""

import os
import random
import threading
import time

import confluent_kafka
import kafka
import pytest

from clients import ALL, CODECS, RECENT, Record, confluent_consumer, confluent_producer, create_topic
from segments import partition_batches
from wire import Connection

WRITERS = list(ALL)
START = RECENT


def sample(client, seed: int, count: int = 60) -> list[Record]:
    """Records of all shapes that `client` can write: keys and values null, empty, binary; headers; own timestamps."""
    chance = random.Random(seed)
    records = []
    for index in range(count):
        key = chance.choice([None, b"key-%d" % index, os.urandom(chance.randint(1, 40)).translate(None, b"\x02\x04")])
        value = chance.choice([b"value " * chance.randint(1, 400), os.urandom(chance.randint(1, 300)).translate(None, b"\x02\x04"),
                               "grün, 漢字".encode(), None])
        if client.per_record_headers:
            key = chance.choice([key, b""])
            value = chance.choice([value, b""]) if index % 7 == 0 else value
            if key is None and value is None:
                value = b"not both"  # kafka-python refuses a record without key and value.
            headers = tuple((f"h{i}", b"content %d" % i) for i in range(chance.choice([0, 0, 1, 3])))
        else:
            key, value = key or None, value or None
            headers = (("source", b"kcat"), ("empty", b""))
        records.append(Record(value, key, headers, START + index * 1000))
    return records


def comparable(records, writer, reader):
    """kcat cannot tell null from empty when writing, and prints header lists as text; all else must be equal."""
    return [(r.key, r.value, tuple((name, bytes(content)) for name, content in r.headers),
             r.timestamp if writer.sets_timestamps else None) for r in records]


def sent(broker, writer: str, codec: str) -> str:
    """librdkafka takes a broker without FindCoordinator for one too old for lz4, and sends uncompressed."""
    if codec == "lz4" and writer in ("kcat", "confluent-kafka"):
        with Connection(broker.address) as link:
            return codec if 10 in link.api_versions() else "none"
    return codec


@pytest.mark.parametrize("idempotent", [False, True], ids=["plain", "idempotent"])
@pytest.mark.parametrize("writer", WRITERS)
def test_every_client_reads_every_codec_of(broker, topic, writer, idempotent):
    client = ALL[writer]
    create_topic(broker.bootstrap, topic, partitions=len(CODECS))
    written = {}
    for partition, codec in enumerate(CODECS):
        written[partition] = sample(client, seed=partition)
        offsets = client.produce(broker.bootstrap, topic, partition, written[partition], codec, idempotent)
        if offsets is not None:
            assert offsets == list(range(len(written[partition])))
        stored = partition_batches(broker.partition_directory(topic, partition))
        assert {b.codec for b in stored} == {sent(broker, writer, codec)}, "the producer's codec is kept"
        assert all((b.producer_id >= 0) == idempotent for b in stored)
    for reader in ALL.values():
        for partition, records in written.items():
            read = reader.consume(broker.bootstrap, topic, partition)
            assert [r.offset for r in read] == list(range(len(records)))
            assert comparable(read, client, reader) == comparable(records, client, reader), \
                f"{reader.name} reads {writer}'s {CODECS[partition]}"


@pytest.mark.parametrize("reader", WRITERS)
def test_read_from_offsets(broker, topic, reader):
    create_topic(broker.bootstrap, topic)
    # Batches of different sizes, so that most offsets lie inside one.
    for size in (1, 100, 7, 300, 2):
        ALL["confluent-kafka"].produce(broker.bootstrap, topic, 0, [Record(os.urandom(50)) for _ in range(size)])
    for start in (0, 1, 50, 100, 101, 107, 108, 400, 409):
        read = ALL[reader].consume(broker.bootstrap, topic, 0, start)
        assert [r.offset for r in read] == list(range(start, 410))


@pytest.mark.parametrize("reader", WRITERS)
def test_read_by_timestamp(broker, topic, reader):
    create_topic(broker.bootstrap, topic)
    records = [Record(b"%d" % i, timestamp=START + 1000 * i) for i in range(300)]
    for at in range(0, 300, 25):
        codec = CODECS[at // 25 % len(CODECS)]
        ALL["confluent-kafka"].produce(broker.bootstrap, topic, 0, records[at:at + 25], codec)
    for index in (0, 1, 24, 25, 137, 299):
        assert ALL[reader].offset_at(broker.bootstrap, topic, 0, START + 1000 * index) == index, "exact"
        assert ALL[reader].offset_at(broker.bootstrap, topic, 0, START + 1000 * index - 999) == index, "between"
    assert ALL[reader].offset_at(broker.bootstrap, topic, 0, START - 10_000_000) == 0
    # Behind the last: librdkafka says "end", the others make it the end offset.
    assert ALL[reader].offset_at(broker.bootstrap, topic, 0, START + 1000 * 300) in (300, confluent_kafka.OFFSET_END)


def test_kcat_offset_words(broker, topic):
    create_topic(broker.bootstrap, topic)
    kcat = ALL["kcat"]
    records = [Record(b"%d" % i, timestamp=START + 1000 * i) for i in range(100)]
    ALL["confluent-kafka"].produce(broker.bootstrap, topic, 0, records)
    def offsets(start):
        return [r.offset for r in kcat.consume(broker.bootstrap, topic, 0, start)]
    assert offsets("beginning") == list(range(100))
    assert offsets("end") == []
    assert offsets("-7") == list(range(93, 100))
    assert offsets("42") == list(range(42, 100))
    assert offsets(f"s@{START + 90_000}") == list(range(90, 100))
    until = kcat.consume(broker.bootstrap, topic, 0, f"s@{START + 10_000}", extra=["-o", f"e@{START + 20_000}"])
    assert [r.offset for r in until] == list(range(10, 20))


def test_kcat_lists_metadata(broker, topic):
    create_topic(broker.bootstrap, topic, partitions=3)
    text = ALL["kcat"].run(broker.bootstrap, "-L", "-t", topic).decode()
    assert f'topic "{topic}" with 3 partitions' in text
    assert f"broker 1 at {broker.bootstrap}" in text and "(controller)" in text


@pytest.mark.parametrize("acks", [0, 1, "all"])
def test_acks(broker, topic, acks):
    create_topic(broker.bootstrap, topic, partitions=2)
    records = [Record(b"%d" % i) for i in range(500)]
    ALL["confluent-kafka"].produce(broker.bootstrap, topic, 0, records, acks=acks)
    ALL["kafka-python"].produce(broker.bootstrap, topic, 1, records, acks=acks)
    for partition in (0, 1):
        read = ALL["aiokafka"].consume(broker.bootstrap, topic, partition, count=500)
        assert [r.value for r in read] == [r.value for r in records]


def batch_of(size: int) -> bytes:
    """A value whose record, alone in an uncompressed batch of `size` bytes, has neither key nor headers."""
    def zigzag_size(number):
        number, length = number << 1, 1
        while number >= 128:
            number, length = number >> 7, length + 1
        return length
    for value in range(size - 90, size):
        body = 1 + 1 + 1 + 1 + zigzag_size(value) + value + 1
        if 61 + zigzag_size(body) + body == size:
            return os.urandom(value)
    raise AssertionError(f"no value makes a batch of {size} bytes")


def test_largest_batch_is_taken_and_one_byte_more_refused(broker, topic):
    limit = 1_048_588
    create_topic(broker.bootstrap, topic)
    client = ALL["kafka-python"]
    record = Record(batch_of(limit))
    assert client.produce(broker.bootstrap, topic, 0, [record]) == [0]
    with pytest.raises(kafka.errors.MessageSizeTooLargeError):
        client.produce(broker.bootstrap, topic, 0, [Record(batch_of(limit + 1))])
    big = {"message_max_bytes": 20_000_000}
    with pytest.raises(confluent_kafka.KafkaException) as refused:
        ALL["confluent-kafka"].produce(broker.bootstrap, topic, 0, [Record(os.urandom(limit))], **big)
    assert refused.value.args[0].code() == confluent_kafka.KafkaError.MSG_SIZE_TOO_LARGE
    for reader in ALL.values():
        assert [r.value for r in reader.consume(broker.bootstrap, topic, 0)] == [record.value]


def test_topic_limit_of_ten_megabytes(broker, topic):
    create_topic(broker.bootstrap, topic, max_message_bytes=10_000_000)
    value = os.urandom(9_000_000)
    ALL["confluent-kafka"].produce(broker.bootstrap, topic, 0, [Record(value)], message_max_bytes=20_000_000)
    for reader in ALL.values():  # Larger than any client's fetch size: the first batch comes whole all the same.
        assert [r.value for r in reader.consume(broker.bootstrap, topic, 0)] == [value], reader.name


@pytest.mark.parametrize("stored", ["uncompressed", "gzip", "snappy", "lz4", "zstd"])
def test_topic_compression_wins_over_the_producers(broker, topic, stored):
    create_topic(broker.bootstrap, topic, partitions=len(CODECS), compression_type=stored)
    for partition, codec in enumerate(CODECS):
        records = [Record(b"value %d " % i * 30, b"key %d" % i, (("h", b"x"),), START + i) for i in range(50)]
        ALL["confluent-kafka"].produce(broker.bootstrap, topic, partition, records, codec, idempotent=codec == "lz4")
        on_disk = {b.codec for b in partition_batches(broker.partition_directory(topic, partition))}
        assert on_disk == {stored.replace("uncompressed", "none")}
        read = ALL["kafka-python"].consume(broker.bootstrap, topic, partition)
        assert read == records and [r.offset for r in read] == list(range(50))


def test_append_time(broker, topic):
    create_topic(broker.bootstrap, topic, partitions=2, message_timestamp_type="LogAppendTime")
    before = int(time.time() * 1000)
    for partition, codec in enumerate(["none", "gzip"]):
        ALL["confluent-kafka"].produce(broker.bootstrap, topic, partition, [Record(b"x", timestamp=START)] * 5, codec)
        consumer = confluent_consumer(broker.bootstrap, check_crcs=True)
        consumer.assign([confluent_kafka.TopicPartition(topic, partition, 0)])
        message = consumer.poll(10)
        consumer.close()
        kind, stamp = message.timestamp()
        assert kind == confluent_kafka.TIMESTAMP_LOG_APPEND_TIME
        assert before - 1000 <= stamp <= int(time.time() * 1000) + 1000


def test_timestamps_too_far_in_the_future_are_refused(broker, topic):
    create_topic(broker.bootstrap, topic)
    future = int(time.time() * 1000) + 7_200_000
    with pytest.raises(confluent_kafka.KafkaException) as refused:
        ALL["confluent-kafka"].produce(broker.bootstrap, topic, 0, [Record(b"x", timestamp=future)])
    assert refused.value.args[0].code() == confluent_kafka.KafkaError.INVALID_TIMESTAMP


def test_waiting_consumer_gets_a_record_at_once(broker, topic):
    create_topic(broker.bootstrap, topic)
    consumer = confluent_consumer(broker.bootstrap, fetch_wait_max_ms=10_000, enable_partition_eof=False)
    consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
    consumer.poll(0.5)
    producer = confluent_producer(broker.bootstrap, linger_ms=0, acks=1)
    delays = []
    for index in range(20):
        began = time.monotonic()
        producer.produce(topic, b"%d" % index, partition=0)
        producer.poll(0)
        message = consumer.poll(5)
        assert message is not None and message.value() == b"%d" % index
        delays.append(time.monotonic() - began)
    producer.flush(5)
    consumer.close()
    assert sorted(delays)[10] < 0.1, f"median of {sorted(delays)[10]:.3f} s"


def test_out_of_range_is_said_and_reset(broker, topic):
    create_topic(broker.bootstrap, topic)
    ALL["confluent-kafka"].produce(broker.bootstrap, topic, 0, [Record(b"%d" % i) for i in range(10)])
    place = kafka.TopicPartition(topic, 0)
    consumer = kafka.KafkaConsumer(bootstrap_servers=broker.bootstrap, auto_offset_reset="none")
    consumer.assign([place])
    consumer.seek(place, 11)
    with pytest.raises(kafka.errors.OffsetOutOfRangeError):
        for _ in range(20):
            consumer.poll(500)
    consumer.close()
    resetting = confluent_consumer(broker.bootstrap, auto_offset_reset="earliest", enable_partition_eof=False)
    resetting.assign([confluent_kafka.TopicPartition(topic, 0, 5000)])
    assert resetting.poll(10).offset() == 0
    resetting.close()


def test_many_producers_on_one_partition_keep_their_own_order(broker, topic):
    create_topic(broker.bootstrap, topic)
    def run(number):
        producer = confluent_producer(broker.bootstrap, enable_idempotence=True, linger_ms=1, batch_num_messages=50)
        for index in range(2000):
            producer.produce(topic, b"%d:%d" % (number, index), partition=0)
        assert producer.flush(20) == 0
    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    read = ALL["confluent-kafka"].consume(broker.bootstrap, topic, 0, count=8000)
    seen = {number: [] for number in range(4)}
    for record in read:
        number, index = map(int, record.value.split(b":"))
        seen[number].append(index)
    assert all(indexes == list(range(2000)) for indexes in seen.values())


def test_transactional_producer_gets_a_clear_error(broker):
    producer = confluent_producer(broker.bootstrap, transactional_id="t", transaction_timeout_ms=5000)
    with pytest.raises(confluent_kafka.KafkaException):
        producer.init_transactions(3)
