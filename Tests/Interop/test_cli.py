"""`needletail topic`, `produce` and `consume` as a user meets them: output, JSON, exit codes, one-line errors."""

import base64
import json
import subprocess
import time

import pytest

from broker import binary, free_port, needletail
from clients import ALL, CODECS, RECENT, Record, create_topic


@pytest.fixture
def tool(broker):
    """Runs a command against the shared broker; unless `fails`, it must succeed."""
    def run(*arguments, stdin=None, fails=False):
        done = needletail(*arguments, "--bootstrap", broker.bootstrap, stdin=stdin)
        if fails:
            assert done.returncode not in (0, None) and done.returncode < 128, done
            assert len(done.stderr.strip().splitlines()) == 1, f"one line, not {done.stderr!r}"
            assert done.stderr.startswith("error: ")
            return done.stderr
        assert done.returncode == 0, done
        return done.stdout
    return run


# --- topic ---

def test_a_topics_life(tool, topic):
    assert topic in tool("topic", "create", topic, "--partitions", 3, "--config", "retention.ms=1000")
    assert topic in tool("topic", "list").splitlines()
    text = tool("topic", "describe", topic)
    assert "retention.ms=1000" in text and "3 partitions" in text
    described = json.loads(tool("topic", "describe", topic, "--json"))
    assert described["topic"] == topic and described["configs"] == {"retention.ms": "1000"}
    assert [(p["partition"], p["leader"], p["isr"], p["start"], p["end"]) for p in described["partitions"]] \
        == [(i, 1, [1], 0, 0) for i in range(3)]
    tool("topic", "alter", topic, "--config", "retention.ms=2000", "--config", "segment.bytes=1048576")
    tool("topic", "alter", topic, "--delete-config", "segment.bytes", "--partitions", 5)
    described = json.loads(tool("topic", "describe", topic, "--json"))
    assert described["configs"] == {"retention.ms": "2000"} and len(described["partitions"]) == 5
    listed = [json.loads(line) for line in tool("topic", "list", "--json").splitlines()]
    assert {"topic": topic, "partitions": 5}.items() <= next(t for t in listed if t["topic"] == topic).items()
    tool("topic", "delete", topic)
    assert topic not in tool("topic", "list").splitlines()


def test_topic_errors_are_one_line_and_say_what(tool, topic):
    tool("topic", "create", topic)
    assert f"{topic} exists already; 'needletail topic alter' changes it" in tool("topic", "create", topic, fails=True)
    tool("topic", "create", topic, "--if-not-exists")
    missing = "topic no-such does not exist; 'needletail topic list' shows those that do"
    for command in (("topic", "delete"), ("topic", "describe"), ("consume",)):
        assert missing in tool(*command, "no-such", fails=True)
    assert missing in tool("topic", "alter", "no-such", "--config", "retention.ms=1", fails=True)
    tool("topic", "delete", "no-such", "--if-exists")
    assert "retention.ms" in tool("topic", "create", topic + "x", "--config", "retention.ms=soon", fails=True)
    tool("topic", "alter", topic, "--partitions", 1, fails=True)
    assert "could be" in tool("topic", "create", topic + "y", "--validate-only")
    assert topic + "y" not in tool("topic", "list").splitlines()


# --- produce and consume ---

@pytest.mark.parametrize("codec", CODECS)
def test_produce_is_read_by_every_client(broker, tool, topic, codec):
    tool("topic", "create", topic)
    lines = [f"k{i}:value {i} " + "x" * (i % 300) for i in range(1000)]
    tool("produce", topic, "--key-separator", ":", "--compression", codec, "--header", "source=test",
         stdin="\n".join(lines) + "\n")
    expected = [(k.encode(), v.encode(), (("source", b"test"),)) for k, v in (line.split(":", 1) for line in lines)]
    for client in ALL.values():
        assert [(r.key, r.value, r.headers) for r in client.consume(broker.bootstrap, topic, 0)] == expected
    assert tool("consume", topic, "--format", "key-value").splitlines() == [line.replace(":", "\t", 1) for line in lines]


@pytest.mark.parametrize("writer", ALL)
def test_consume_reads_every_client_and_codec(broker, tool, topic, writer):
    create_topic(broker.bootstrap, topic, partitions=len(CODECS))
    records = [Record(b"value %d" % i, b"key %d" % i, (("h", b"x"),), RECENT + i) for i in range(200)]
    for partition, codec in enumerate(CODECS):
        ALL[writer].produce(broker.bootstrap, topic, partition, records, codec)
    read = [json.loads(line) for line in tool("consume", topic, "--format", "json").splitlines()]
    assert len(read) == len(CODECS) * len(records)
    for partition in range(len(CODECS)):
        mine = [r for r in read if r["partition"] == partition]
        assert [r["offset"] for r in mine] == list(range(200))
        assert [(r["key"], r["value"]) for r in mine] == [(r.key.decode(), r.value.decode()) for r in records]
        assert all(r["headers"] == [{"name": "h", "value": "x"}] for r in mine)
        if ALL[writer].sets_timestamps:
            assert [r["timestamp"] for r in mine] == [r.timestamp for r in records]


def test_equal_keys_go_where_other_clients_put_them(broker, tool, topic):
    create_topic(broker.bootstrap, topic, partitions=7)
    keys = [f"key-{i}" for i in range(100)]
    tool("produce", topic, "--key-separator", ":", stdin="".join(f"{k}:ours\n" for k in keys))
    from kafka import KafkaProducer
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
    [producer.send(topic, b"theirs", k.encode()) for k in keys]
    producer.close()
    home = {}
    for record in (json.loads(line) for line in tool("consume", topic, "--format", "json").splitlines()):
        home.setdefault(record["key"], set()).add(record["partition"])
    assert len(home) == 100 and all(len(partitions) == 1 for partitions in home.values())


def test_null_empty_and_binary(broker, tool, topic):
    create_topic(broker.bootstrap, topic)
    tool("produce", topic, "--key-separator", "=", "--null", "NULL", stdin="k=NULL\nNULL=v\n=\n")
    assert [(r.key, r.value) for r in ALL["kafka-python"].consume(broker.bootstrap, topic, 0)] \
        == [(b"k", None), (None, b"v"), (b"", b"")]
    ALL["kafka-python"].produce(broker.bootstrap, topic, 0, [Record(b"\xff\x00\xfe", "schlüssel".encode())])
    read = [json.loads(line) for line in tool("consume", topic, "--format", "json").splitlines()]
    assert [r.get("value") for r in read[:3]] == [None, "v", ""]
    escapes = 'a"b\\c \x00\x01\x1f\x7f\t\r\n" grün 漢字 \u2028'
    ALL["kafka-python"].produce(broker.bootstrap, topic, 0, [Record(escapes.encode())])
    assert json.loads(tool("consume", topic, "--format", "json", "--from=-1").split("\n")[0])["value"] == escapes
    assert base64.b64decode(read[3]["valueBase64"]) == b"\xff\x00\xfe" and read[3]["key"] == "schlüssel"


def test_where_consume_begins_and_ends(broker, tool, topic):
    create_topic(broker.bootstrap, topic)
    ALL["confluent-kafka"].produce(
        broker.bootstrap, topic, 0, [Record(b"%d" % i, timestamp=RECENT + 1000 * i) for i in range(100)])
    def values(*arguments):
        return [int(v) for v in tool("consume", topic, *arguments).split()]
    assert values() == list(range(100))
    assert values("--from", "beginning", "--count", 3) == [0, 1, 2]
    assert values("--from", "end") == []
    assert values("--from", 42, "--count", 2) == [42, 43]
    assert values("--from=-5") == [95, 96, 97, 98, 99]
    assert values("--timestamp", RECENT + 90_000) == list(range(90, 100))
    assert values("--timestamp", RECENT + 3_000_000) == []
    assert tool("consume", topic, "--count", 1, "--format", r"%t/%p/%o %T %v|\n") == f"{topic}/0/0 {RECENT} 0|\n"


def test_consume_follows(broker, topic):
    create_topic(broker.bootstrap, topic)
    follower = subprocess.Popen([binary(), "consume", topic, "--follow", "--count", "3", "--bootstrap", broker.bootstrap],
                                stdout=subprocess.PIPE)
    try:
        for value in (b"one", b"two", b"three"):
            time.sleep(0.2)
            ALL["confluent-kafka"].produce(broker.bootstrap, topic, 0, [Record(value)])
        output, _ = follower.communicate(timeout=10)
        assert output == b"one\ntwo\nthree\n" and follower.returncode == 0
    finally:
        follower.kill()


def test_consume_errors(tool, topic):
    assert "no-such" in tool("consume", "no-such", fails=True)
    tool("topic", "create", topic)
    assert "7" in tool("consume", topic, "--partition", 7, fails=True)


def test_too_large_a_record_is_said_and_the_rest_delivered(broker, topic):
    create_topic(broker.bootstrap, topic, max_message_bytes=1000)
    done = needletail("produce", topic, "--bootstrap", broker.bootstrap, stdin="small\n" + "x" * 5000 + "\nlast\n")
    assert done.returncode == 1 and "large" in done.stderr.lower()
    values = [r.value for r in ALL["kcat"].consume(broker.bootstrap, topic, 0)]
    assert set(values) <= {b"small", b"last"}


def test_unreachable_cluster_is_said_soon(topic):
    for command in (["topic", "list"], ["consume", topic], ["produce", topic]):
        began = time.monotonic()
        done = needletail(*command, "--bootstrap", f"127.0.0.1:{free_port()}", "--request-timeout", 2000, stdin="x\n",
                          timeout=20)
        assert done.returncode == 69, (command, done)
        assert len(done.stderr.strip().splitlines()) == 1 and "error:" in done.stderr
        assert time.monotonic() - began < 10


# --- the program itself ---

def test_help_and_usage():
    done = needletail("--help")
    assert done.returncode == 0
    for command in ("start", "dev", "topic", "produce", "consume", "log", "bench"):
        assert command in done.stdout, command
    for command in ("start", "dev", "topic", "produce", "consume", "log", "bench", "topic create", "topic list", "topic describe",
                    "topic alter", "topic delete", "log dump", "bench produce", "bench consume", "bench end-to-end"):
        text = needletail(*command.split(), "--help")
        assert text.returncode == 0 and f"needletail {command}" in text.stdout
        assert "unknown context" not in text.stdout, f"a default value of {command} has no text"
        overview = text.stdout.split("USAGE:")[0]
        for line, following in zip(overview.splitlines(), overview.splitlines()[1:]):
            room = 78 - len(line)  # A space, and the last column stays free.
            assert not line or not following or following[0] == " " or line.endswith(":") \
                or len(following.split()[0]) >= room, f"{command}: torn line {line!r}"
    for wrong in (["frobnicate"], ["topic", "create"], ["consume"], ["topic", "list", "--bootstrap", "host:port"]):
        done = needletail(*wrong)
        assert done.returncode == 64 and done.stderr, wrong
    assert needletail("--generate-completion-script", "bash").stdout.count("needletail") > 3


def test_version():
    done = needletail("--version")
    assert done.returncode == 0 and done.stdout.strip()


def test_dev_needs_nothing(tmp_path):
    """Zero configuration: free ports, a directory, one ready line; SIGTERM ends it with 0."""
    process = subprocess.Popen([binary(), "dev", "--port", "0", "--data", str(tmp_path / "data")], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    try:
        line = process.stdout.readline().decode()
        assert line.startswith("needletail ready ")
        ready = dict(pair.split("=", 1) for pair in line.split()[2:])
        assert needletail("produce", "hello", "--bootstrap", ready["kafka"], stdin="world\n").returncode == 0
        assert needletail("consume", "hello", "--bootstrap", ready["kafka"]).stdout == "world\n"
        process.terminate()
        assert process.wait(10) == 0
        assert process.stdout.read() == b"", "one line only"
    finally:
        process.kill()
        process.wait()


def test_start_names_a_missing_or_bad_file(tmp_path):
    done = needletail("start", tmp_path / "none.properties")
    assert done.returncode != 0 and "none.properties" in done.stderr
    file = tmp_path / "bad.properties"
    file.write_text("node.id=1\n\nlog.dirs=\nlog.retention.hour=5\n")
    done = needletail("start", file)
    assert done.returncode != 0 and "bad.properties:4" in done.stderr and "log.retention.hours" in done.stderr


def test_override_wins_over_the_file(tmp_path):
    file = tmp_path / "broker.properties"
    file.write_text(f"node.id=1\nlisteners=PLAINTEXT://127.0.0.1:0\nlog.dirs={tmp_path}/data\n")
    process = subprocess.Popen([binary(), "start", str(file), "--override", "node.id=7"], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    try:
        assert " id=7 " in process.stdout.readline().decode()
    finally:
        process.kill()
        process.wait()
