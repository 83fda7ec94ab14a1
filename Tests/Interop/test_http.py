"""What operators look at: `/metrics` in Prometheus' text format, `/health`."""

import json
import re
import urllib.error
import urllib.request

import pytest

from broker import eventually
from clients import ALL, Record, create_topic

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf'^({NAME})(?:\{{(.*)\}})? ([-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|Inf)|NaN)(?: \d+)?$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(?:,|$)')
KINDS = {"counter", "gauge", "histogram", "summary", "untyped"}


def get(url: str):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def parse(text: str) -> dict:
    """Checks the whole format, and returns {(name, labels): value}."""
    assert text.endswith("\n"), "the last line ends too"
    kinds, samples, closed, current = {}, {}, set(), None
    for line in text.splitlines():
        if line.startswith("# "):
            word, name, rest = (line[2:].split(" ", 2) + [""])[:3]
            assert word in ("HELP", "TYPE") and re.fullmatch(NAME, name), line
            if word == "TYPE":
                assert rest in KINDS and name not in kinds, line
                kinds[name] = rest
            continue
        if not line:
            continue
        found = SAMPLE.match(line)
        assert found, f"not a sample: {line!r}"
        name, labels, value = found.groups()
        family = name if name in kinds else re.sub(r"_(bucket|sum|count)$", "", name)
        assert family in kinds, f"no TYPE before {line!r}"
        assert family not in closed, f"{family} is torn apart"
        if current not in (None, family):
            closed.add(current)
        current = family
        pairs = LABEL.findall(labels or "")
        assert "".join(f'{k}="{v}",' for k, v in pairs).rstrip(",") == (labels or "").rstrip(","), line
        key = (name, tuple(sorted(pairs)))
        assert key not in samples, f"twice: {line!r}"
        samples[key] = float(value)
        if kinds[family] == "counter":
            assert name.endswith("_total"), f"a counter's name ends with _total: {name}"
    return samples


def total(samples: dict, pattern: str, **labels) -> float:
    found = [value for (name, pairs), value in samples.items()
             if re.search(pattern, name) and all(dict(pairs).get(k) == v for k, v in labels.items())]
    assert found, f"no sample like {pattern} {labels} in {sorted({name for name, _ in samples})}"
    return sum(found)


def test_health(broker):
    status, _, body = get(broker.http + "/health")
    assert status == 200 and body.strip()
    if body.lstrip().startswith("{"):
        json.loads(body)


def test_unknown_paths_and_methods(broker):
    assert get(broker.http + "/nothing")[0] == 404
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(broker.http + "/metrics", data=b"x", method="POST"), timeout=5)
    assert refused.value.code in (403, 404, 405)


def test_metrics_are_prometheus_text(broker):
    status, headers, body = get(broker.http + "/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain")
    assert len(parse(body)) > 10


def test_counters_move(make_broker, topic):
    broker = make_broker()
    create_topic(broker.bootstrap, topic, partitions=3)
    before = parse(get(broker.http + "/metrics")[2])
    ALL["confluent-kafka"].produce(broker.bootstrap, topic, 0, [Record(b"x" * 1000)] * 500)
    ALL["confluent-kafka"].consume(broker.bootstrap, topic, 0)

    def moved(pattern, at_least):
        """Loops publish their counters now and then."""
        def enough():
            after = parse(get(broker.http + "/metrics")[2])
            known = {name for name, _ in before}
            return total(after, pattern) - (total(before, pattern) if any(re.search(pattern, n) for n in known) else 0) \
                >= at_least
        eventually(enough, timeout=5, what=f"{pattern} moves by {at_least}")
    moved(r"produce_bytes_total$", 500_000)
    moved(r"fetch_bytes_total$", 500_000)
    moved(r"produce_records_total$", 500)
    moved(r"request_seconds_count$", 3)
    after = parse(get(broker.http + "/metrics")[2])
    for key, value in before.items():
        if key[0].endswith("_total"):
            assert after[key] >= value, f"{key} went back"


def test_operators_essentials(broker, topic):
    create_topic(broker.bootstrap, topic)
    ALL["confluent-kafka"].produce(broker.bootstrap, topic, 0, [Record(b"x")])

    def missing():
        names = " ".join(name for name, _ in parse(get(broker.http + "/metrics")[2]))
        essentials = ("produce_bytes", "fetch_bytes", "request", "partition", "log", "sync", "connection")
        return [essential for essential in essentials if essential not in names]
    eventually(lambda: not missing(), timeout=5, what="there are numbers about all that operators look at")


def test_every_request_is_counted_with_its_time(make_broker, topic):
    """Those that a loop answers at once, and those that the control loop decides."""
    broker = make_broker()
    create_topic(broker.bootstrap, topic)
    ALL["kafka-python"].produce(broker.bootstrap, topic, 0, [Record(b"x")], idempotent=True)

    def counted():
        samples = parse(get(broker.http + "/metrics")[2])
        apis = ("apiVersions", "metadata", "createTopics", "initProducerId", "produce")
        return all((f"broker_request_seconds_{part}", (("api", api),)) in samples
                   and samples[f"broker_request_seconds_{part}", (("api", api),)] > 0 for api in apis for part in ("count", "sum"))
    eventually(counted, timeout=5, what="count and time of each API used")
