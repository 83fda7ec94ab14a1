"""After kill -9 and damage to the files, the broker opens with every record it acknowledged."""

import os
import random
import shutil

import confluent_kafka
import kafka
import pytest

from broker import BrokerDied, eventually, needletail
from clients import ALL, RECENT, Record, create_topic
from segments import batches, partition_batches, segment_files
from wire import Connection, batch

RECORDS = 6000


@pytest.fixture
def written(make_broker, topic):
    """A broker with a partition of several segments, killed with SIGKILL, and what it acknowledged."""
    broker = make_broker(**{"log.segment.bytes": 1 << 20})
    create_topic(broker.bootstrap, topic)
    chance = random.Random(1)
    records = [Record(b"%d:" % i + chance.randbytes(700), b"key %d" % (i % 10), (), RECENT + i)
               for i in range(RECORDS)]
    offsets = ALL["confluent-kafka"].produce(broker.bootstrap, topic, 0, records, idempotent=True, batch_size=50_000)
    assert offsets == list(range(RECORDS))
    directory = broker.partition_directory(topic)
    assert len(segment_files(directory)) >= 4
    return broker, topic, records, directory


def check_whole(broker, topic, records):
    """Everything from the start, from places inside, by time; and the next record follows on."""
    read = ALL["confluent-kafka"].consume(broker.bootstrap, topic, 0)
    assert read == records
    assert [r.offset for r in read] == list(range(len(records)))
    for start in (1, len(records) // 3, len(records) // 2, len(records) - 1):
        assert ALL["kcat"].consume(broker.bootstrap, topic, 0, start, count=1)[0].offset == start
        at = records[start].timestamp
        assert ALL["confluent-kafka"].offset_at(broker.bootstrap, topic, 0, at) == start
    assert ALL["confluent-kafka"].produce(broker.bootstrap, topic, 0, [Record(b"next")]) == [len(records)]


def files(directory, suffix, which=slice(None)):
    found = sorted(p for p in directory.iterdir() if p.suffix == suffix)
    assert found, f"no {suffix} in {sorted(os.listdir(directory))}"
    return found[which]


def rewrite(paths, change):
    for path in paths:
        path.write_bytes(change(path.read_bytes()))


# --- kill -9 alone, and torn tails ---

def test_kill_alone(written):
    broker, topic, records, _ = written
    broker.restart()
    check_whole(broker, topic, records)


@pytest.mark.parametrize("tail", ["garbage", "zeros", "half-a-batch", "batch-with-bad-crc"])
def test_torn_tail_is_cut(written, tail):
    broker, topic, records, directory = written
    broker.kill()
    last = segment_files(directory)[-1]
    following = bytearray(batch([b"never acknowledged" * 50]))
    following[0:8] = RECORDS.to_bytes(8, "big")
    torn = {"garbage": os.urandom(5000), "zeros": bytes(5000), "half-a-batch": bytes(following[:len(following) // 2])}
    following[-1] ^= 1
    with open(last, "ab") as file:
        file.write(torn.get(tail, bytes(following)))
    broker.start()
    check_whole(broker, topic, records)


@pytest.mark.parametrize("cut", [1, 30, 61])
def test_cut_last_batch_costs_only_itself(written, cut):
    """No kill does this to acknowledged bytes, a lost page may: all before the cut must be there."""
    broker, topic, records, directory = written
    broker.kill()
    last = segment_files(directory)[-1]
    final = batches(last)[-1]
    os.truncate(last, final.position + final.size - cut)
    broker.start()
    check_whole(broker, topic, records[:final.base_offset])


# --- files beside the log ---

DAMAGE = {
    "deleted": None,
    "empty": lambda data: b"",
    "cut": lambda data: data[:len(data) // 2 + 3],
    "noise": lambda data: os.urandom(max(len(data), 100)),
    "zeroed": lambda data: bytes(len(data)),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("suffix", [".index", ".timeindex", ".snapshot"])
def test_damaged_side_files_are_made_anew(written, suffix, damage):
    broker, topic, records, directory = written
    broker.restart()  # Twice, so that files of both lives are met.
    broker.kill()
    found = files(directory, suffix)
    if damage == "deleted":
        [path.unlink() for path in found]
    else:
        rewrite(found, DAMAGE[damage])
    broker.start()
    check_whole(broker, topic, records)


@pytest.mark.parametrize("name", ["leader-epoch-checkpoint", "recovery-point-offset-checkpoint",
                                  "log-start-offset-checkpoint", "replication-offset-checkpoint", ".kafka_cleanshutdown"])
@pytest.mark.parametrize("damage", ["deleted", "noise"])
def test_damaged_checkpoints(written, name, damage):
    broker, topic, records, directory = written
    broker.restart(clean=True)
    broker.kill()
    found = [p for p in (directory / name, broker.log_dirs[0] / name) if p.exists()]
    for path in found:
        path.unlink() if damage == "deleted" else path.write_bytes(os.urandom(200))
    broker.start()
    check_whole(broker, topic, records)


def test_missing_side_files_after_a_clean_stop(written):
    broker, topic, records, directory = written
    broker.stop()
    for suffix in (".index", ".timeindex", ".snapshot"):
        [path.unlink() for path in files(directory, suffix)]
    broker.start()
    check_whole(broker, topic, records)


def test_stray_files_disturb_nobody(written):
    broker, topic, records, directory = written
    broker.kill()
    data = broker.log_dirs[0]
    (data / "lost+found").mkdir()
    (data / "notes.txt").write_text("stray")
    (data / "ghost-0").mkdir()
    shutil.copy(segment_files(directory)[0], data / "ghost-0")
    (data / "not-a-partition-x").mkdir()
    (data / f"{topic}-0.0123456789abcdef0123456789abcdef-delete").mkdir()
    (directory / "core").write_bytes(b"x" * 100)
    (directory / "00000000000000000000.log.swap.tmp").write_bytes(b"x" * 100)
    (directory / "00000000000000000001.log.deleted").write_bytes(b"x" * 100)
    (directory / "99999.index").write_bytes(b"x" * 16)
    broker.start()
    check_whole(broker, topic, records)
    assert "ghost" not in ALL["kcat"].run(broker.bootstrap, "-L").decode()


# --- what recovery must remember ---

def test_producers_are_remembered_without_snapshots(make_broker, topic):
    """A retry that arrives after the restart is a duplicate: it gets its first offset, and no gap is let through."""
    broker = make_broker()
    create_topic(broker.bootstrap, topic)
    with Connection(broker.address) as link:
        producer, epoch = link.producer_id()
        sent = [batch([b"%d" % i] * 3, producer, epoch, i * 3) for i in range(8)]
        assert [link.produce(topic, 0, each) for each in sent] == [(0, i * 3) for i in range(8)]
    for _ in range(2):
        broker.kill()
        [p.unlink() for p in broker.partition_directory(topic).glob("*.snapshot")]
        broker.start()
        with Connection(broker.address) as link:
            assert link.produce(topic, 0, sent[7]) == (0, 21), "the last batch again"
            assert link.produce(topic, 0, sent[4]) == (0, 12), "five batches are remembered"
            assert link.produce(topic, 0, batch([b"gap"], producer, epoch, 99))[0] == 45, "out of order"
            assert link.producer_id()[0] > producer, "ids are not given twice"
    with Connection(broker.address) as link:
        assert link.produce(topic, 0, batch([b"on"], producer, epoch, 24)) == (0, 24)


def test_deleted_records_stay_deleted(make_broker, topic):
    """Once the log start's checkpoint is written, as in Kafka; whole segments that are gone are gone before."""
    broker = make_broker(**{"log.flush.start.offset.checkpoint.interval.ms": 300, "log.segment.bytes": 1 << 20})
    create_topic(broker.bootstrap, topic)
    records = [Record(b"%d" % i + b"." * 500) for i in range(5000)]
    ALL["confluent-kafka"].produce(broker.bootstrap, topic, 0, records)
    client = kafka.KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    client.delete_records({kafka.TopicPartition(topic, 0): 3210})
    client.close()
    checkpoint = broker.log_dirs[0] / "log-start-offset-checkpoint"
    eventually(lambda: checkpoint.exists() and f"{topic} 0 3210" in checkpoint.read_text(), what="the checkpoint is written")
    broker.restart()
    read = ALL["confluent-kafka"].consume(broker.bootstrap, topic, 0, start=confluent_kafka.OFFSET_BEGINNING)
    assert [r.value for r in read] == [r.value for r in records[3210:]] and read[0].offset == 3210


# --- damage in the middle ---

def test_flipped_byte_in_an_old_segment_is_reported_never_cut(written):
    broker, topic, records, directory = written
    create_topic(broker.bootstrap, "healthy")
    ALL["confluent-kafka"].produce(broker.bootstrap, "healthy", 0, records[:100])
    broker.kill()
    old = segment_files(directory)[1]
    victim = batches(old)[len(batches(old)) // 2]
    data = bytearray(old.read_bytes())
    data[victim.position + 100] ^= 0x40
    old.write_bytes(data)
    (broker.log_dirs[0] / "recovery-point-offset-checkpoint").unlink(missing_ok=True)
    before = {p.name: len(p.read_bytes().rstrip(b"\0")) for p in segment_files(directory)}
    broker.start()
    assert [r.value for r in ALL["kcat"].consume(broker.bootstrap, "healthy", 0)] == [r.value for r in records[:100]]
    eventually(lambda: [line for line in broker.log().splitlines()
                        if topic in line and ("corrupt" in line.lower() or "damage" in line.lower())],
               timeout=5, what="the log names the partition")
    home = directory if directory.exists() else next(broker.log_dirs[0].glob(f"{topic}-0*"))
    assert {p.name: len(p.read_bytes().rstrip(b"\0")) for p in segment_files(home)} == before, "nothing cut"
    with Connection(broker.address) as link:
        error, _ = link.produce(topic, 0, batch([b"x"]))
        assert error in (0, 56, 6, 5), f"served, or KAFKA_STORAGE_ERROR, not {error}"
    done = needletail("consume", topic, "--bootstrap", broker.bootstrap, "--request-timeout", 1000)
    assert done.returncode == 1 and f"error: {topic}-0: KAFKA_STORAGE_ERROR" in done.stderr, "it does not wait for ever"
    broker.check_alive()


def test_log_dirs_in_another_order_are_refused(make_broker, topic, tmp_path):
    """The first holds the metadata log: without it all topics would seem to be gone."""
    broker = make_broker(log_dirs=[tmp_path / "a", tmp_path / "b"])
    create_topic(broker.bootstrap, topic, partitions=4)
    for partition in range(4):
        ALL["confluent-kafka"].produce(broker.bootstrap, topic, partition, [Record(b"kept")])
    broker.stop()
    for dirs, said in ((f"{tmp_path}/b,{tmp_path}/a", f"name {tmp_path}/a first"), (f"{tmp_path}/new,{tmp_path}/b", "holds partitions")):
        broker.properties["log.dirs"] = dirs
        with pytest.raises(BrokerDied) as died:
            broker.start(timeout=5)
        assert said in str(died.value)
    broker.properties["log.dirs"] = f"{tmp_path}/a,{tmp_path}/b"
    broker.start()
    for partition in range(4):
        assert [r.value for r in ALL["kcat"].consume(broker.bootstrap, topic, partition)] == [b"kept"]


# --- a clean stop ---

def test_clean_stop_leaves_its_marker_and_starts_fast(written):
    broker, topic, records, _ = written
    marker = broker.log_dirs[0] / ".kafka_cleanshutdown"
    assert not marker.exists()
    assert broker.stop() == 0
    assert marker.exists()
    broker.start()
    assert not marker.exists(), "the next death would not be clean"
    assert broker.ready_seconds < 2
    check_whole(broker, topic, records)


def test_clean_stop_with_clients_connected(written):
    broker, topic, records, _ = written
    with Connection(broker.address) as idle, Connection(broker.address) as half:
        idle.is_served()
        half.send(b"\x00\x00")
        assert broker.stop(timeout=10) == 0
    broker.start()
    check_whole(broker, topic, records)


def test_one_directory_is_used_by_one_broker(written, make_broker):
    broker, topic, records, _ = written
    second = make_broker(started=False, log_dirs=broker.log_dirs)
    with pytest.raises(AssertionError) as refused:
        second.start(timeout=5)
    assert "exit" in str(refused.value) and str(broker.log_dirs[0]) in str(refused.value)
    check_whole(broker, topic, records)


def test_hundred_partitions_after_a_kill(make_broker, topic):
    broker = make_broker()
    create_topic(broker.bootstrap, topic, partitions=100)
    client = kafka.KafkaProducer(bootstrap_servers=broker.bootstrap)
    [client.send(topic, b"%d" % i, partition=i % 100) for i in range(1000)]
    client.flush(10)
    client.close()
    broker.restart()
    for partition in (0, 37, 99):
        assert len(partition_batches(broker.partition_directory(topic, partition))) >= 1
        read = ALL["kcat"].consume(broker.bootstrap, topic, partition)
        assert [int(r.value) for r in read] == list(range(partition, 1000, 100))
