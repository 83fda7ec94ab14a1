"""What was said of topics holds though the broker was killed: created ones are there, deleted ones gone, configs as set."""

import random

import pytest
from kafka import errors
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from test_kill import Killer



def change(client, chance, known, unsure, number):
    """One change; `known` learns it once it was acknowledged, `unsure` when the answer did not come.

    - Returns: whether the client can be used on.
    """
    kind = chance.choice(["create", "create", "alter", "grow", "delete"])
    name = f"topic-{number}" if kind == "create" or not known else chance.choice(sorted(known))
    try:
        if kind == "create" or not known:
            unsure.add(name)
            client.create_topics({name: {"num_partitions": 1 + number % 3}}, timeout_ms=3000)
            known[name] = (1 + number % 3, None)
        elif kind == "alter":
            unsure.add(name)
            client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, {"retention.ms": str(number)})],
                                 raise_on_unknown=False)
            known[name] = (known[name][0], str(number))
        elif kind == "grow":
            unsure.add(name)
            client.create_partitions({name: known[name][0] + 1}, timeout_ms=3000)
            known[name] = (known[name][0] + 1, known[name][1])
        else:
            unsure.add(name)
            client.delete_topics([name], timeout_ms=3000)
            del known[name]
        unsure.discard(name)
        return True
    except errors.KafkaError:
        known.pop(name, None)  # It may have happened or not: nothing is expected of that topic any more.
        return False


@pytest.mark.parametrize("seed", [1, 2])
def test_topics_through_kills(make_broker, seed):
    broker = make_broker()
    chance = random.Random(seed)
    known, unsure, number = {}, set(), 0
    killer = Killer(broker, 6, seed, longest=0.6)
    killer.start()
    client = None
    while killer.is_alive():
        try:
            client = client or KafkaAdminClient(bootstrap_servers=broker.bootstrap, request_timeout_ms=3000,
                                                reconnect_backoff_ms=10, reconnect_backoff_max_ms=50)
        except errors.KafkaError:
            continue
        if not change(client, chance, known, unsure, number):
            client.close()
            client = None
        number += 1
    killer.check()
    if client:
        client.close()
    broker.restart()
    client = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    found = {t["name"]: len(t["partitions"]) for t in client.describe_topics()}
    configs = client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in known])["topic"] if known else {}
    client.close()
    assert number > 50 and len(known) > 10
    for name, (partitions, retention) in known.items():
        assert found.get(name) == partitions, f"{name}: {found.get(name)} partitions instead of {partitions}"
        assert configs[name].get("retention.ms", {}).get("value") == retention, name
    gone = {f"topic-{n}" for n in range(number)} - known.keys() - unsure
    assert not gone & found.keys(), "deleted, and there again"
    print(f"{number} changes, {len(known)} topics, {len(unsure)} unsure")
