"""Short words for what the tests ask of admin clients."""

import uuid

import pytest
from confluent_kafka import KafkaException

from clients import ALL, Record


def result(futures, timeout=15):
    """The one result of a call on one thing."""
    (future,) = futures.values() if isinstance(futures, dict) else (futures,)
    return future.result(timeout)


def code(call) -> str:
    with pytest.raises(KafkaException) as raised:
        call()
    return raised.value.args[0].name()


def topic_id(python, topic) -> uuid.UUID:
    (description,) = python.describe_topics([topic])
    return uuid.UUID(description["topic_id"])


def write(broker, topic, count, partition=0, **kwargs):
    return ALL["confluent-kafka"].produce(
        broker.bootstrap, topic, partition, [Record(b"%d" % i, **kwargs) for i in range(count)])
