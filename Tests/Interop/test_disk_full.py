"""A small file system that fills up: writes are refused in time and clearly, everything else goes on."""

import shutil
import subprocess
import time

import kafka
import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from broker import eventually
from clients import ALL, create_topic
from wire import PRODUCE, Connection, batch, produce_body

MIB = 1 << 20
SMALL = {"log.segment.bytes": 2 * MIB, "log.segment.delete.delay.ms": 100, "log.retention.check.interval.ms": 500,
         "log.dir.min.free.bytes": 6 * MIB,
         "log.dir.throttle.free.bytes": 6 * MIB}


@pytest.fixture
def small_disk(tmp_path):
    """Mounts tmpfs directories of a size in MiB; unmounts them at the end."""
    mounted = []

    def mount(size: int):
        place = tmp_path / f"disk{len(mounted)}"
        place.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", str(place)],
                              capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"cannot mount a tmpfs here: {done.stderr.strip()}")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "--lazy", str(place)], check=False)


@pytest.fixture
def filled(make_broker, small_disk):
    """A broker on 40 MiB, filled until it refused: (broker, disk, values acknowledged, error code)."""
    disk = small_disk(40)
    broker = make_broker(log_dirs=[disk / "data"], **SMALL)
    create_topic(broker.bootstrap, "keeps", file_delete_delay_ms=100)
    create_topic(broker.bootstrap, "fills", file_delete_delay_ms=100)
    with Connection(broker.address) as link:
        assert link.produce("keeps", 0, batch([b"precious"])) == (0, 0)
        count, error = fill(link, "fills")
    return broker, disk, count, error


def fill(link, topic, partition=0, limit=400) -> tuple[int, int]:
    """Writes batches of 200 kB as fast as it goes until one is refused: how many were taken, and the code."""
    records = batch([b"x" * 200_000])
    for number in range(limit):
        error, _ = link.produce(topic, partition, records)
        if error:
            return number, error
    raise AssertionError("never refused")


def occupy(disk) -> None:
    """Others take what is left, to the last byte."""
    with open(disk / "foreign", "wb", buffering=0) as foreign:
        try:
            while foreign.write(bytes(65536)) == 65536:
                pass
        except OSError:
            pass
    assert shutil.disk_usage(disk).free < 65536


def release(disk) -> None:
    (disk / "foreign").unlink()
    subprocess.run(["mount", "-o", "remount,size=80m", str(disk)], check=True)


def can_write(broker, topic, partition=0) -> bool:
    with Connection(broker.address) as link:
        return link.produce(topic, partition, batch([b"again"]))[0] == 0


def test_refused_before_the_file_system_is_full(filled):
    broker, disk, count, error = filled
    free = shutil.disk_usage(disk).free
    assert count > 50, "most of the disk was used"
    assert free > 2 * MIB, f"only {free} bytes were left"
    assert error in (56, 44), f"KAFKA_STORAGE_ERROR or POLICY_VIOLATION, not {error}"
    eventually(lambda: [line for line in broker.log().splitlines() if str(disk) in line and "free" in line.lower()],
               what="the log says which directory is full")
    broker.check_alive()


def test_reads_and_administration_go_on(filled):
    broker, _, count, _ = filled
    assert [r.value for r in ALL["kcat"].consume(broker.bootstrap, "keeps", 0)] == [b"precious"]
    assert len(ALL["confluent-kafka"].consume(broker.bootstrap, "fills", 0)) == count
    client = kafka.KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    assert {"keeps", "fills"} <= set(client.list_topics())
    client.close()
    assert not can_write(broker, "keeps"), "the directory is full for every partition in it"


def test_deleting_a_topic_makes_writes_work_again(filled):
    broker, _, _, _ = filled
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    admin.delete_topics(["fills"])["fills"].result(15)
    eventually(lambda: can_write(broker, "keeps"), timeout=15, every=0.3, what="writes work again by themselves")
    assert [r.value for r in ALL["kcat"].consume(broker.bootstrap, "keeps", 0)][:2] == [b"precious", b"again"]


def test_deleting_records_makes_writes_work_again(filled):
    broker, _, count, _ = filled
    client = kafka.KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    client.delete_records({kafka.TopicPartition("fills", 0): count - 1})
    client.close()
    eventually(lambda: can_write(broker, "fills"), timeout=20, every=0.3, what="whole segments below are gone")


def test_more_space_makes_writes_work_again(filled):
    broker, disk, _, _ = filled
    subprocess.run(["mount", "-o", "remount,size=80m", str(disk)], check=True)
    eventually(lambda: can_write(broker, "fills"), timeout=15, every=0.3, what="writes work again by themselves")


def test_an_unmodified_producer_sees_an_error_or_waits_and_goes_on(filled):
    broker, disk, _, _ = filled
    producer = kafka.KafkaProducer(bootstrap_servers=broker.bootstrap, delivery_timeout_ms=60_000, retry_backoff_ms=100)
    future = producer.send("keeps", b"patient")
    time.sleep(1)
    subprocess.run(["mount", "-o", "remount,size=80m", str(disk)], check=True)
    try:
        future.get(30)
    except kafka.errors.KafkaError as error:
        assert "Timeout" not in type(error).__name__, error
        eventually(lambda: can_write(broker, "keeps"), timeout=15, every=0.3)
    producer.close(5)


def test_a_file_system_filled_by_others(filled):
    """Not one byte left, for whatever reason: the broker lives, reads, and recovers by itself."""
    broker, disk, count, _ = filled
    occupy(disk)
    assert not can_write(broker, "keeps")
    assert len(ALL["confluent-kafka"].consume(broker.bootstrap, "fills", 0)) == count
    broker.check_alive()
    release(disk)
    eventually(lambda: can_write(broker, "keeps"), timeout=15, every=0.3, what="writes work again by themselves")


def test_a_topic_made_on_a_full_file_system_works_once_there_is_space(filled):
    broker, disk, _, _ = filled
    occupy(disk)
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    admin.create_topics([NewTopic("late", 3, 1)])["late"].result(15)
    assert not can_write(broker, "late", 2)
    release(disk)
    for partition in range(3):
        eventually(lambda: can_write(broker, "late", partition), timeout=15, every=0.3, what=f"late-{partition} works")
    broker.restart()
    for partition in range(3):
        assert [r.value for r in ALL["kcat"].consume(broker.bootstrap, "late", partition)] == [b"again"]


def test_a_broker_that_starts_on_a_full_file_system_recovers(filled):
    """It comes up at once, or waits where it cannot write down its term: there is no other way."""
    broker, disk, count, _ = filled
    broker.kill()
    occupy(disk)
    broker.launch()
    time.sleep(1.5)
    broker.check_alive()
    release(disk)
    broker.wait_ready()
    assert len(ALL["confluent-kafka"].consume(broker.bootstrap, "fills", 0)) == count
    eventually(lambda: can_write(broker, "fills"), timeout=15, every=0.3, what="writes work again by themselves")


def test_producers_are_slowed_before_they_are_refused(make_broker, small_disk):
    """Between the two thresholds every answer asks for patience (`throttle_time_ms`)."""
    broker = make_broker(log_dirs=[small_disk(40) / "data"], **{**SMALL, "log.dir.throttle.free.bytes": 64 * MIB})
    create_topic(broker.bootstrap, "slow")
    with Connection(broker.address) as link:
        data = eventually(lambda: (lambda answer: answer if answer[-4:] != bytes(4) else None)(
            link.ask(PRODUCE, 7, produce_body("slow", 0, batch([b"x"])))), what="a throttled answer")
    assert 0 < int.from_bytes(data[-4:], "big") <= 1000


def test_another_directory_goes_on(make_broker, small_disk, tmp_path):
    disk, roomy = small_disk(30), tmp_path / "roomy"
    broker = make_broker(log_dirs=[disk / "data", roomy], **SMALL)
    create_topic(broker.bootstrap, "spread", partitions=4)
    on_disk = [p for p in range(4) if broker.partition_directory("spread", p).is_relative_to(disk)]
    elsewhere = [p for p in range(4) if p not in on_disk]
    assert on_disk and elsewhere, "partitions are spread over the directories"
    with Connection(broker.address) as link:
        fill(link, "spread", on_disk[0])
        for partition in elsewhere:
            assert link.produce("spread", partition, batch([b"fine"]))[0] == 0
        for partition in on_disk:
            assert link.produce("spread", partition, batch([b"full"]))[0] != 0
    assert len(ALL["kcat"].consume(broker.bootstrap, "spread", elsewhere[0])) == 1
