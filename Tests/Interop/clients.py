"""The unmodified clients behind one face: each writes records to a partition and reads them back.

No groups here: readers assign partitions to themselves.
"""

import asyncio
import subprocess
import time
from dataclasses import dataclass, field

import aiokafka
import confluent_kafka
import kafka
from confluent_kafka.admin import AdminClient

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
READ_TIMEOUT = 20.0
# An hour ago: records older than the default retention would be deleted while a test looks at them.
RECENT = int(time.time() - 3600) * 1000


@dataclass(frozen=True)
class Record:
    value: bytes | None
    key: bytes | None = None
    headers: tuple = ()
    timestamp: int = 0
    offset: int = field(default=-1, compare=False)


def create_topic(bootstrap: str, topic: str, partitions: int = 1, **config) -> None:
    """Underscores in the names of configs stand for dots."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    config = {name.replace("_", "."): str(value) for name, value in config.items()}
    new = confluent_kafka.admin.NewTopic(topic, num_partitions=partitions, replication_factor=1, config=config)
    for future in admin.create_topics([new]).values():
        future.result(15)


def confluent_producer(bootstrap: str, **config) -> confluent_kafka.Producer:
    config = {name.replace("_", "."): value for name, value in config.items()}
    return confluent_kafka.Producer({"bootstrap.servers": bootstrap, "log_level": 0, **config})


def confluent_consumer(bootstrap: str, **config) -> confluent_kafka.Consumer:
    config = {name.replace("_", "."): value for name, value in config.items()}
    return confluent_kafka.Consumer({
        "bootstrap.servers": bootstrap, "group.id": "unused", "enable.auto.commit": False, "log_level": 0,
        "enable.partition.eof": True, "fetch.wait.max.ms": 50, **config})


class Confluent:
    """confluent-kafka: librdkafka."""

    name = "confluent-kafka"
    sets_timestamps = True
    per_record_headers = True

    def produce(self, bootstrap, topic, partition, records, codec="none", idempotent=False, **config):
        producer = confluent_producer(
            bootstrap, compression_type=codec, enable_idempotence=idempotent, linger_ms=20, **config)
        offsets = [None] * len(records)

        def delivered(index):
            def report(error, message):
                if error:
                    raise confluent_kafka.KafkaException(error)
                offsets[index] = message.offset()
            return report

        for index, record in enumerate(records):
            producer.produce(topic, record.value, record.key, partition, headers=list(record.headers) or None,
                             timestamp=record.timestamp, on_delivery=delivered(index))
        left = producer.flush(READ_TIMEOUT)
        assert left == 0, f"{left} records not delivered"
        return offsets

    def consume(self, bootstrap, topic, partition, start=0, count=None, timeout=READ_TIMEOUT):
        consumer = confluent_consumer(bootstrap)
        try:
            consumer.assign([confluent_kafka.TopicPartition(topic, partition, start)])
            records, deadline = [], time.monotonic() + timeout
            while (count is None or len(records) < count) and time.monotonic() < deadline:
                for message in consumer.consume(10_000, 0.3):
                    if message.error():
                        if message.error().code() != confluent_kafka.KafkaError._PARTITION_EOF:
                            raise confluent_kafka.KafkaException(message.error())
                        if count is None:
                            return records
                        continue
                    records.append(Record(message.value(), message.key(), tuple(message.headers() or ()),
                                          message.timestamp()[1], message.offset()))
            return records
        finally:
            consumer.close()

    def offset_at(self, bootstrap, topic, partition, timestamp):
        consumer = confluent_consumer(bootstrap)
        try:
            asked = confluent_kafka.TopicPartition(topic, partition, timestamp)
            return consumer.offsets_for_times([asked], timeout=10)[0].offset
        finally:
            consumer.close()


class KafkaPython:
    name = "kafka-python"
    sets_timestamps = True
    per_record_headers = True

    def produce(self, bootstrap, topic, partition, records, codec="none", idempotent=False, **config):
        producer = kafka.KafkaProducer(
            bootstrap_servers=bootstrap, compression_type=None if codec == "none" else codec,
            enable_idempotence=idempotent, linger_ms=20, max_request_size=64 << 20, **config)
        try:
            futures = [producer.send(topic, record.value, record.key, list(record.headers), partition,
                                     record.timestamp) for record in records]
            return [future.get(READ_TIMEOUT).offset for future in futures]
        finally:
            producer.close(5)

    def consume(self, bootstrap, topic, partition, start=0, count=None, timeout=READ_TIMEOUT):
        place = kafka.TopicPartition(topic, partition)
        consumer = kafka.KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, fetch_max_wait_ms=50)
        try:
            consumer.assign([place])
            consumer.seek(place, start)
            end = consumer.end_offsets([place])[place]
            records, deadline = [], time.monotonic() + timeout
            while time.monotonic() < deadline:
                if (len(records) >= count) if count is not None else (consumer.position(place) >= end):
                    break
                for message in consumer.poll(300, 10_000).get(place, []):
                    records.append(Record(message.value, message.key, tuple(message.headers), message.timestamp,
                                          message.offset))
            return records
        finally:
            consumer.close()

    def offset_at(self, bootstrap, topic, partition, timestamp):
        place = kafka.TopicPartition(topic, partition)
        consumer = kafka.KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
        try:
            consumer.assign([place])
            found = consumer.offsets_for_times({place: timestamp})[place]
            return consumer.end_offsets([place])[place] if found is None else found.offset
        finally:
            consumer.close()


class AioKafka:
    name = "aiokafka"
    sets_timestamps = True
    per_record_headers = True

    def produce(self, bootstrap, topic, partition, records, codec="none", idempotent=False, **config):
        async def run():
            producer = aiokafka.AIOKafkaProducer(
                bootstrap_servers=bootstrap, compression_type=None if codec == "none" else codec,
                enable_idempotence=idempotent, acks=config.pop("acks", "all"), linger_ms=20,
                max_request_size=64 << 20, **config)
            await producer.start()
            try:
                futures = [await producer.send(topic, record.value, record.key, partition, record.timestamp,
                                               list(record.headers)) for record in records]
                return [done and done.offset for done in await asyncio.wait_for(asyncio.gather(*futures), READ_TIMEOUT)]
            finally:
                await producer.stop()
        return asyncio.run(run())

    def consume(self, bootstrap, topic, partition, start=0, count=None, timeout=READ_TIMEOUT):
        place = aiokafka.TopicPartition(topic, partition)

        async def run():
            consumer = aiokafka.AIOKafkaConsumer(
                bootstrap_servers=bootstrap, enable_auto_commit=False, fetch_max_wait_ms=50)
            await consumer.start()
            try:
                consumer.assign([place])
                consumer.seek(place, start)
                end = (await consumer.end_offsets([place]))[place]
                records, deadline = [], time.monotonic() + timeout
                while time.monotonic() < deadline:
                    if (len(records) >= count) if count is not None else (await consumer.position(place) >= end):
                        break
                    for message in (await consumer.getmany(place, timeout_ms=300)).get(place, []):
                        records.append(Record(message.value, message.key, tuple(message.headers), message.timestamp,
                                              message.offset))
                return records
            finally:
                await consumer.stop()
        return asyncio.run(run())

    def offset_at(self, bootstrap, topic, partition, timestamp):
        place = aiokafka.TopicPartition(topic, partition)

        async def run():
            consumer = aiokafka.AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
            await consumer.start()
            try:
                consumer.assign([place])
                found = (await consumer.offsets_for_times({place: timestamp}))[place]
                return (await consumer.end_offsets([place]))[place] if found is None else found.offset
            finally:
                await consumer.stop()
        return asyncio.run(run())


class Kcat:
    """kcat of Debian: librdkafka's simple consumer. Headers are one set for all records, timestamps its own."""

    name = "kcat"
    sets_timestamps = False
    per_record_headers = False

    def run(self, bootstrap, *arguments, stdin=None, timeout=READ_TIMEOUT, check=True) -> bytes:
        done = subprocess.run(["kcat", "-b", bootstrap, "-m", "10", *map(str, arguments)], input=stdin,
                              capture_output=True, timeout=timeout)
        if check:
            assert done.returncode == 0, f"kcat {arguments}: exit {done.returncode}: {done.stderr.decode()}"
        return done.stdout if check else (done.returncode, done.stdout, done.stderr.decode())

    def produce(self, bootstrap, topic, partition, records, codec="none", idempotent=False, **config):
        separator, key_end = b"\x02\x03\x02", b"\x04\x05\x04"
        lines = []
        for record in records:
            assert separator not in (record.value or b"") and key_end not in (record.key or b"")
            lines.append((record.key or b"") + key_end + (record.value or b""))
        arguments = ["-P", "-t", topic, "-p", partition, "-z", codec, "-Z", "-D", r"\x02\x03\x02",
                     "-K", r"\x04\x05\x04", "-X", f"enable.idempotence={str(idempotent).lower()}"]
        for name, value in records[0].headers:
            arguments += ["-H", f"{name}={value.decode()}"]
        for name, value in config.items():
            arguments += ["-X", f"{name.replace('_', '.')}={value}"]
        self.run(bootstrap, *arguments, stdin=separator.join(lines))
        return None

    def consume(self, bootstrap, topic, partition, start=0, count=None, timeout=READ_TIMEOUT, extra=()):
        arguments = ["-C", "-q", "-t", topic, "-p", partition, "-o", start, "-X", "fetch.wait.max.ms=50",
                     "-f", "%o %T %K %S|%k%s|%h\n", *extra]
        arguments += ["-e"] if count is None else ["-c", count]
        output = self.run(bootstrap, *arguments, timeout=timeout)
        records, at = [], 0
        while at < len(output):
            bar = output.index(b"|", at)
            offset, timestamp, key_size, value_size = map(int, output[at:bar].split())
            at = bar + 1
            key = output[at:at + key_size] if key_size >= 0 else None
            at += max(key_size, 0)
            value = output[at:at + value_size] if value_size >= 0 else None
            at += max(value_size, 0) + 1
            end = output.index(b"\n", at)
            headers = tuple((name.decode(), content) for name, _, content in
                            (pair.partition(b"=") for pair in output[at:end].split(b",") if pair))
            records.append(Record(value, key, headers, timestamp, offset))
            at = end + 1
        return records

    def offset_at(self, bootstrap, topic, partition, timestamp):
        # "topic [0] offset 17"
        output = self.run(bootstrap, "-Q", "-t", f"{topic}:{partition}:{timestamp}").decode()
        return int(output.rsplit("offset", 1)[1])


ALL = {client.name: client for client in (Kcat(), Confluent(), KafkaPython(), AioKafka())}
