"""Configurations and the cluster's description, by the unmodified admin clients."""

import os

import kafka
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
from kafka.admin import ConfigResource as PyConfigResource
from kafka.admin import ConfigResourceType as PyType
from kafka.admin import KafkaAdminClient

from administration import code, result, topic_id, write
from clients import ALL, Record, create_topic


def test_describe_configs(broker, confluent, python, topic):
    create_topic(broker.bootstrap, topic, retention_ms=123456, cleanup_policy="compact,delete")
    configs = result(confluent.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]))
    assert configs["retention.ms"].value == "123456" and not configs["retention.ms"].is_default
    assert configs["cleanup.policy"].value == "compact,delete"
    assert configs["segment.bytes"].value == "1073741824" and configs["segment.bytes"].is_default
    assert len(configs) >= 26, "every topic configuration is described"
    described = python.describe_configs([PyConfigResource(PyType.TOPIC, topic)], config_filter="all")["topic"][topic]
    assert described["retention.ms"]["config_source"] == "DYNAMIC_TOPIC_CONFIG"
    assert described["retention.ms"]["config_type"] == "LONG"
    assert set(described) == set(configs)
    of_broker = result(confluent.describe_configs([ConfigResource(ResourceType.BROKER, "1")]))
    assert of_broker["log.dirs"].value == ",".join(map(str, broker.log_dirs))
    assert of_broker["log.dirs"].is_read_only
    assert code(lambda: result(confluent.describe_configs([ConfigResource(ResourceType.TOPIC, topic + "no")]))) \
        == "UNKNOWN_TOPIC_OR_PART"


def test_alter_configs_by_each_way(broker, confluent, python, topic):
    create_topic(broker.bootstrap, topic, retention_ms=1000)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[
        ConfigEntry("segment.bytes", "2097152", incremental_operation=AlterConfigOpType.SET),
        ConfigEntry("retention.ms", None, incremental_operation=AlterConfigOpType.DELETE),
        ConfigEntry("cleanup.policy", "compact", incremental_operation=AlterConfigOpType.APPEND)])
    result(confluent.incremental_alter_configs([resource]))
    configs = result(confluent.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]))
    assert configs["segment.bytes"].value == "2097152"
    assert configs["retention.ms"].value == "604800000"
    assert configs["cleanup.policy"].value == "delete,compact"
    # AlterConfigs replaces the whole set.
    result(confluent.alter_configs([ConfigResource(ResourceType.TOPIC, topic, set_config={"flush.ms": "7"})]))
    changed = python.describe_configs([PyConfigResource(PyType.TOPIC, topic)])["topic"][topic]
    assert {name: entry["value"] for name, entry in changed.items()} == {"flush.ms": "7"}
    python.alter_configs([PyConfigResource(PyType.TOPIC, topic, {"retention.bytes": "99"})])
    python.reset_configs([PyConfigResource(PyType.TOPIC, topic, ["flush.ms"])])
    changed = python.describe_configs([PyConfigResource(PyType.TOPIC, topic)])["topic"][topic]
    assert {name: entry["value"] for name, entry in changed.items()} == {"retention.bytes": "99"}
    bad = python.alter_configs([PyConfigResource(PyType.TOPIC, topic, {"segment.bytes": "-1"})])
    assert "INVALID_CONFIG" in bad["topic"][topic] or "InvalidConfig" in bad["topic"][topic]


def test_altered_limit_takes_effect(broker, confluent, topic):
    create_topic(broker.bootstrap, topic)
    result(confluent.alter_configs([ConfigResource(ResourceType.TOPIC, topic, set_config={"max.message.bytes": "1000"})]))
    write(broker, topic, 1)
    with pytest.raises(KafkaException):
        ALL["confluent-kafka"].produce(broker.bootstrap, topic, 0, [Record(os.urandom(2000))])


def test_topics_and_configs_survive_a_kill(make_broker, topic):
    broker = make_broker()
    create_topic(broker.bootstrap, topic, partitions=3, retention_ms=4242)
    python = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    before, cluster = topic_id(python, topic), python.describe_cluster()["cluster_id"]
    python.close()
    broker.restart()
    python = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    assert topic_id(python, topic) == before and python.describe_cluster()["cluster_id"] == cluster
    changed = python.describe_configs([PyConfigResource(PyType.TOPIC, topic)])["topic"][topic]
    assert changed["retention.ms"]["value"] == "4242"
    python.close()


# --- the cluster ---

def test_describe_cluster(broker, confluent, python):
    cluster = result(confluent.describe_cluster())
    assert cluster.controller.id == 1 and [n.id for n in cluster.nodes] == [1]
    assert (cluster.nodes[0].host, cluster.nodes[0].port) == broker.address
    described = python.describe_cluster()
    assert described["cluster_id"] == cluster.cluster_id and len(cluster.cluster_id) == 22
    assert [b["broker_id"] for b in described["brokers"]] == [1]


def test_describe_log_dirs(broker, python, topic):
    create_topic(broker.bootstrap, topic, partitions=2)
    write(broker, topic, 100)
    (of_broker,) = python.describe_log_dirs()
    (directory,) = of_broker["log_dirs"]
    assert directory["log_dir"] == str(broker.log_dirs[0]) and directory["error_code"] == 0
    assert directory["total_bytes"] > directory["usable_bytes"] > 0
    (found,) = [t for t in directory["topics"] if t["name"] == topic]
    sizes = {p["partition_index"]: p["partition_size"] for p in found["partitions"]}
    assert sizes[0] > 100 and sizes[1] == 0


def test_list_config_resources_and_producers(broker, python, topic):
    create_topic(broker.bootstrap, topic)
    ALL["confluent-kafka"].produce(broker.bootstrap, topic, 0, [Record(b"x")] * 10, idempotent=True)
    listed = python.list_config_resources(["TOPIC", "BROKER"])
    assert topic in listed["topic"] and listed["broker"] == ["1"]
    described = str(python.describe_producers([kafka.TopicPartition(topic, 0)]))
    assert "producer_id" in described and "last_sequence" in described
