"""Topics, partitions and records administered by the unmodified admin clients of confluent-kafka and kafka-python."""

import os
import uuid

import confluent_kafka
import kafka
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic, OffsetSpec
from kafka import errors
from kafka.admin import ConfigResource as PyConfigResource
from kafka.admin import ConfigResourceType as PyType
from kafka.admin import KafkaAdminClient

from administration import code, result, topic_id, write
from broker import eventually
from clients import ALL, RECENT, Record, confluent_consumer, create_topic


# --- topics ---

def test_create_list_describe_delete_by_confluent(broker, confluent, topic):
    result(confluent.create_topics([NewTopic(topic, num_partitions=3, replication_factor=1)]))
    assert len(confluent.list_topics(timeout=10).topics[topic].partitions) == 3
    described = result(confluent.describe_topics(confluent_kafka.TopicCollection([topic])))
    assert described.name == topic and not described.is_internal
    assert [p.id for p in described.partitions] == [0, 1, 2]
    assert all(p.leader.id == 1 and [n.id for n in p.isr] == [1] and [n.id for n in p.replicas] == [1]
               for p in described.partitions)
    result(confluent.delete_topics([topic]))
    assert topic not in confluent.list_topics(timeout=10).topics
    assert code(lambda: result(confluent.describe_topics(confluent_kafka.TopicCollection([topic])))) \
        == "UNKNOWN_TOPIC_OR_PART"


def test_create_list_describe_delete_by_kafka_python(broker, python, topic):
    answer = python.create_topics({topic: {"num_partitions": 2, "configs": {"retention.ms": "60000"}}})
    (created,) = answer["topics"]
    assert created["num_partitions"] == 2 and created["replication_factor"] == 1
    assert created["configs"]["retention.ms"]["value"] == "60000"
    assert created["configs"]["segment.bytes"]["value"] == "1073741824"
    assert topic in python.list_topics()
    (described,) = python.describe_topics([topic])
    assert described["topic_id"] == created["topic_id"]
    identity = uuid.UUID(described["topic_id"])
    assert identity.int != 0
    assert sorted(p["partition_index"] for p in described["partitions"]) == [0, 1]
    (by_id,) = python.describe_topics([identity])
    assert by_id["name"] == topic
    listed = python.describe_topic_partitions([topic])
    assert topic in str(listed)
    python.delete_topics([identity])
    assert topic not in python.list_topics()


def test_defaults_come_from_the_broker(make_broker, topic):
    broker = make_broker(**{"num.partitions": 5})
    python = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    python.create_topics([topic])
    (described,) = python.describe_topics([topic])
    assert len(described["partitions"]) == 5
    python.close()


def test_errors_of_creating(broker, confluent, topic):
    def create(name, partitions=1, replicas=1, **more):
        return lambda: result(confluent.create_topics([NewTopic(name, partitions, replicas, **more)]))
    create(topic)()
    assert code(create(topic)) == "TOPIC_ALREADY_EXISTS"
    assert code(create("no/slash")) == "TOPIC_EXCEPTION"
    assert code(create("..")) == "TOPIC_EXCEPTION"
    assert code(create("x" * 250)) == "TOPIC_EXCEPTION"
    assert code(create(topic + "-a", partitions=0)) == "INVALID_PARTITIONS"
    assert code(create(topic + "-b", replicas=2)) == "INVALID_REPLICATION_FACTOR"
    assert code(create(topic + "-c", config={"retention.ms": "soon"})) == "INVALID_CONFIG"
    assert code(create(topic + "-d", config={"no.such.config": "1"})) == "INVALID_CONFIG"
    assert code(create(topic + "-e", config={"cleanup.policy": "shred"})) == "INVALID_CONFIG"
    # Metrics of names "a.b" and "a_b" would collide: refused as Kafka does.
    create(topic + ".a")()
    assert code(create(topic + "_a")) == "TOPIC_EXCEPTION"
    left = [name for name in confluent.list_topics(timeout=10).topics if name.startswith(topic)]
    assert sorted(left) == sorted([topic, topic + ".a"])


def test_error_messages_say_what_is_wrong(broker, confluent, topic):
    with pytest.raises(KafkaException) as raised:
        result(confluent.create_topics([NewTopic(topic, 1, 1, config={"retention.ms": "soon"})]))
    assert "retention.ms" in raised.value.args[0].str() and "soon" in raised.value.args[0].str()


def test_errors_by_kafka_python(broker, python, topic):
    python.create_topics([topic])
    with pytest.raises(errors.TopicAlreadyExistsError):
        python.create_topics([topic])
    with pytest.raises(errors.InvalidPartitionsError):
        python.create_topics({topic + "x": {"num_partitions": -5}})
    with pytest.raises(errors.InvalidReplicationFactorError):
        python.create_topics({topic + "x": {"replication_factor": 3}})
    with pytest.raises(errors.UnknownTopicOrPartitionError):
        python.delete_topics([topic + "missing"])
    with pytest.raises(errors.UnknownTopicIdError):
        python.delete_topics([uuid.uuid4()])


def test_two_topics_in_one_request_fail_apart(broker, confluent, topic):
    futures = confluent.create_topics([NewTopic(topic, 1, 1), NewTopic("bad name", 1, 1)])
    futures[topic].result(10)
    assert code(lambda: futures["bad name"].result(10)) == "TOPIC_EXCEPTION"


def test_validate_only_changes_nothing(broker, confluent, python, topic):
    result(confluent.create_topics([NewTopic(topic, 1, 1)], validate_only=True))
    assert topic not in confluent.list_topics(timeout=10).topics
    assert code(lambda: result(confluent.create_topics([NewTopic(topic, 0, 1)], validate_only=True))) \
        == "INVALID_PARTITIONS"
    result(confluent.create_topics([NewTopic(topic, 1, 1)]))
    assert code(lambda: result(confluent.create_topics([NewTopic(topic, 1, 1)], validate_only=True))) \
        == "TOPIC_ALREADY_EXISTS"
    result(confluent.create_partitions([NewPartitions(topic, 4)], validate_only=True))
    assert len(confluent.list_topics(timeout=10).topics[topic].partitions) == 1
    done = python.alter_configs([PyConfigResource(PyType.TOPIC, topic, {"retention.ms": "5"})], validate_only=True)
    assert done["topic"][topic] == "OK"
    assert python.describe_configs([PyConfigResource(PyType.TOPIC, topic)])["topic"][topic] == {}


def test_recreated_topic_is_new_and_empty(broker, confluent, python, topic):
    create_topic(broker.bootstrap, topic)
    first = topic_id(python, topic)
    write(broker, topic, 10)
    result(confluent.delete_topics([topic]))
    create_topic(broker.bootstrap, topic)
    second = topic_id(python, topic)
    assert second != first and second.int != 0
    assert [r.value for r in ALL["kcat"].consume(broker.bootstrap, topic, 0)] == []
    assert write(broker, topic, 3) == [0, 1, 2]
    with pytest.raises(errors.UnknownTopicIdError):
        python.delete_topics([first])


def test_deleted_topic_gives_its_files_back(make_broker, topic):
    broker = make_broker(**{"log.segment.delete.delay.ms": 200})
    create_topic(broker.bootstrap, topic, partitions=2, file_delete_delay_ms=200)
    write(broker, topic, 100)
    directory = broker.partition_directory(topic)
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    result(admin.delete_topics([topic]))
    assert not directory.exists(), "moved aside at once"
    eventually(lambda: not [n for d in broker.log_dirs for n in os.listdir(d) if n.startswith(topic)],
               timeout=10, what="the files are gone")


def test_metadata_creates_topics_where_enabled(broker, make_broker, topic):
    kcat = ALL["kcat"]
    kcat.run(broker.bootstrap, "-P", "-t", topic, stdin=b"hello")
    assert [r.value for r in kcat.consume(broker.bootstrap, topic, 0)] == [b"hello"]
    strict = make_broker(**{"auto.create.topics.enable": "false"})
    returned, _, complaint = kcat.run(strict.bootstrap, "-P", "-t", topic, "-X", "message.timeout.ms=5000",
                                      "-X", "topic.metadata.propagation.max.ms=500",
                                      stdin=b"hello", check=False)
    assert returned != 0 and "Unknown topic" in complaint
    assert topic not in AdminClient({"bootstrap.servers": strict.bootstrap}).list_topics(timeout=5).topics


def test_consumers_do_not_create_topics_unless_they_ask(broker, topic, confluent):
    consumer = confluent_consumer(broker.bootstrap)
    consumer.list_topics(topic, timeout=5)
    consumer.close()
    assert topic not in confluent.list_topics(timeout=5).topics


# --- partitions and records ---

def test_create_partitions(broker, confluent, python, topic):
    create_topic(broker.bootstrap, topic, partitions=2)
    result(confluent.create_partitions([NewPartitions(topic, 4)]))
    assert len(confluent.list_topics(timeout=10).topics[topic].partitions) == 4
    assert write(broker, topic, 5, partition=3) == [0, 1, 2, 3, 4]
    python.create_partitions({topic: 6})
    assert len(python.describe_topics([topic])[0]["partitions"]) == 6
    for count in (6, 3, 0):
        assert code(lambda count=count: result(confluent.create_partitions([NewPartitions(topic, max(count, 1))]))) \
            == "INVALID_PARTITIONS"
    with pytest.raises(errors.UnknownTopicOrPartitionError):
        python.create_partitions({topic + "missing": 6})


def test_delete_records(broker, confluent, python, topic):
    create_topic(broker.bootstrap, topic)
    for _ in range(5):
        write(broker, topic, 10)
    place = confluent_kafka.TopicPartition(topic, 0, 23)
    assert result(confluent.delete_records([place])).low_watermark == 23
    assert [r.offset for r in ALL["kafka-python"].consume(broker.bootstrap, topic, 0, 23)] == list(range(23, 50))
    spot = kafka.TopicPartition(topic, 0)
    answer = python.delete_records({spot: 40})
    assert answer[spot]["low_watermark"] == 40
    with pytest.raises(errors.OffsetOutOfRangeError):
        python.delete_records({spot: 51})
    with pytest.raises(errors.UnknownTopicOrPartitionError):
        python.delete_records({kafka.TopicPartition(topic, 7): 1})
    assert result(confluent.delete_records([confluent_kafka.TopicPartition(topic, 0, confluent_kafka.OFFSET_END)])) \
        .low_watermark == 50
    assert write(broker, topic, 1) == [50]


def test_list_offsets(broker, confluent, python, topic):
    create_topic(broker.bootstrap, topic)
    stamps = [RECENT + s for s in (0, 5000, 3000, 9000, 1000)]
    ALL["confluent-kafka"].produce(broker.bootstrap, topic, 0, [Record(b"x", timestamp=s) for s in stamps])
    result(confluent.delete_records([confluent_kafka.TopicPartition(topic, 0, 1)]))
    place = confluent_kafka.TopicPartition(topic, 0)
    assert result(confluent.list_offsets({place: OffsetSpec.earliest()})).offset == 1
    assert result(confluent.list_offsets({place: OffsetSpec.latest()})).offset == 5
    at = result(confluent.list_offsets({place: OffsetSpec.max_timestamp()}))
    assert (at.offset, at.timestamp) == (3, stamps[3])
    assert result(confluent.list_offsets({place: OffsetSpec.for_timestamp(stamps[2])})).offset == 1
    spot = kafka.TopicPartition(topic, 0)
    for spec, offset in ((-2, 1), (-1, 5), (-3, 3), (stamps[0] + 6000, 3), (stamps[3] + 1, -1)):
        assert python.list_partition_offsets({spot: spec})[spot].offset == offset, spec
