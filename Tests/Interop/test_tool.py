"""`needletail log dump` and `needletail bench`."""

import json
import os

import pytest

from broker import needletail
from clients import CODECS, RECENT, ALL, Record, create_topic
from segments import batches, segment_files


@pytest.fixture
def stopped(make_broker, topic):
    """A broker that ran and stopped cleanly, and a partition of two codecs and many batches."""
    broker = make_broker(**{"log.segment.bytes": 1 << 20})
    create_topic(broker.bootstrap, topic)
    for codec in CODECS:
        records = [Record(os.urandom(300) * 3, b"key %d" % i, (("h", b"x"),), RECENT + i) for i in range(700)]
        ALL["kafka-python"].produce(broker.bootstrap, topic, 0, records, codec, idempotent=True)
    directory = broker.partition_directory(topic)
    assert broker.stop() == 0
    return broker, directory


# --- log dump ---

def test_dump_of_a_sound_directory(stopped):
    broker, directory = stopped
    done = needletail("log", "dump", directory)
    assert done.returncode == 0, done.stdout + done.stderr
    for codec in CODECS:
        assert f"codec {codec}" in done.stdout
    assert "0 problems" in done.stdout.splitlines()[-1]
    count = sum(len(batches(file)) for file in segment_files(directory))
    assert done.stdout.count("\n  offsets ") == count
    whole = needletail("log", "dump", "--quiet", broker.log_dirs[0])
    assert whole.returncode == 0 and "0 problems" in whole.stdout and len(whole.stdout.splitlines()) == 1


def test_dump_shows_records(stopped):
    _, directory = stopped
    done = needletail("log", "dump", "--records", segment_files(directory)[0])
    assert done.returncode == 0 and "key 0" in done.stdout


@pytest.mark.parametrize("suffix", [".log", ".index", ".timeindex", ".snapshot"])
def test_dump_finds_damage_and_changes_nothing(stopped, suffix):
    _, directory = stopped
    file = max((p for p in directory.iterdir() if p.suffix == suffix), key=lambda p: p.stat().st_size)
    data = bytearray(file.read_bytes())
    if suffix == ".index":
        data[-1] ^= 0x55
    elif suffix == ".timeindex":
        data[-11] ^= 0x55  # The last entry's time; its offset may lie anywhere behind.
    else:
        data[len(data) // 2] ^= 0x55
    file.write_bytes(data)
    before = {p.name: p.read_bytes() for p in directory.iterdir()}
    done = needletail("log", "dump", "--quiet", directory)
    assert done.returncode == 1 and file.name in done.stdout + done.stderr
    assert {p.name: p.read_bytes() for p in directory.iterdir()} == before


@pytest.mark.parametrize("name", ["*.checkpoint", "quorum-state", "recovery-point"])
def test_dump_reads_the_quorums_files_and_finds_damage(stopped, name):
    broker, _ = stopped
    directory = broker.log_dirs[0] / "__cluster_metadata-0"
    file = next(directory.glob(name))
    done = needletail("log", "dump", directory)
    assert done.returncode == 0, done.stdout
    assert "\n  voter 1@" in done.stdout and "\n  term=" in done.stdout
    data = bytearray(file.read_bytes())
    for position in range(0, len(data), max(7, len(data) // 50)):
        damaged = bytearray(data)
        damaged[position] ^= 0x11
        file.write_bytes(damaged)
        done = needletail("log", "dump", "--quiet", file)
        assert done.returncode == 1 and f"PROBLEM {file}" in done.stdout, (position, done)
    file.write_bytes(data[:-1])
    assert needletail("log", "dump", "--quiet", file).returncode == 1
    file.write_bytes(data)


def test_dump_of_nothing(tmp_path):
    done = needletail("log", "dump", tmp_path / "none")
    assert done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1 and "none" in done.stderr
    (tmp_path / "text.log").write_text("hello")
    assert needletail("log", "dump", tmp_path / "text.log").returncode == 1


# --- bench ---

def bench(broker, *arguments):
    done = needletail("bench", *arguments, "--bootstrap", broker.bootstrap, "--broker-pid", broker.pid, "--json", "-",
                      timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def numbers(value, path=""):
    """All numbers in a JSON value with their path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from numbers(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from numbers(inner, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, value


def test_bench_writes_reads_and_measures(broker, topic):
    produced = bench(broker, "produce", "--topic", topic, "--create-topic", "--partitions", 3, "--records", 20_000,
                     "--record-size", 1000, "--compression", "lz4", "--payload", "compressible:0.5")
    text = json.dumps(produced).lower()
    for word in ("p50", "p99", "cpu", "resident"):
        assert word in text, f"nothing about {word} in {produced}"
    assert all(value >= 0 for _, value in numbers(produced))
    ends = sum(len(ALL["kcat"].consume(broker.bootstrap, topic, p)) for p in range(3))
    assert ends == 20_000
    consumed = bench(broker, "consume", "--topic", topic, "--records", 20_000)
    assert 20_000 in [value for _, value in numbers(consumed)]


def test_bench_end_to_end_keeps_its_rate(broker, topic):
    result = bench(broker, "end-to-end", "--topic", topic, "--create-topic", "--rate", 2000, "--record-size", 100,
                   "--duration", "2s", "--delete-topic")
    rates = [value for path, value in numbers(result) if "records" in path.lower() and "second" in path.lower()]
    assert any(1500 < rate < 2500 for rate in rates), result


def test_bench_needs_its_topic(broker):
    done = needletail("bench", "produce", "--topic", "no-such-topic", "--duration", "1s", "--bootstrap", broker.bootstrap)
    assert done.returncode == 1 and "no-such-topic" in done.stderr and len(done.stderr.strip().splitlines()) == 1
