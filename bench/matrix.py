#!/usr/bin/env python3
"""One broker's numbers in one run: starts it, loads it in every shape, and prints Markdown tables.

    bench/matrix.py                         the program of .build-release, data in a temporary directory
    bench/matrix.py --needletail PATH --dir /var/tmp --gigabytes 2 --rounds 3

Produce and consume with 1 KiB and 100-byte records, 1 and 6 partitions, 256 KiB and 16 KiB batches, `write.caching` on and
off; latency at a fixed rate; then what the broker costs when idle, how long it takes from exec to the ready line with 1,000 and
10,000 partitions, and what those cost in memory. Run it on an otherwise idle machine. Memory is touched once before, because a
virtual machine's host takes back what was not used, and the first touch after that is charged to whoever writes to the page cache.
Needs nothing but Python 3 and the needletail program.
"""
import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))


class Broker:
    def __init__(self, program, directory):
        self.program, self.directory = program, directory
        self.start()

    def start(self):
        begin = time.monotonic()
        self.log = open(os.path.join(self.directory, "log"), "a")
        self.process = subprocess.Popen(
            [self.program, "dev", "--data", os.path.join(self.directory, "data"), "--port", "0"],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        self.ready_ms = (time.monotonic() - begin) * 1000
        words = dict(word.split("=", 1) for word in line.split() if "=" in word)
        self.pid, self.bootstrap = int(words["pid"]), words["kafka"]

    def stop(self):
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.log.close()
        return (time.monotonic() - begin) * 1000

    def resident_mb(self):
        with open(f"/proc/{self.pid}/status") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1000

    def cpu_seconds(self):
        with open(f"/proc/{self.pid}/stat") as line:
            fields = line.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def tool(self, *words):
        return subprocess.run(
            [self.program, *words, "--bootstrap", self.bootstrap], check=True, capture_output=True, text=True).stdout

    def bench(self, *words):
        return json.loads(self.tool("bench", *words, "--broker-pid", str(self.pid), "--json", "-", "--no-progress"))


def touch_memory(gigabytes):
    """In a process of its own, so that it goes back before the broker starts."""
    subprocess.run(["python3", "-c", f"b = bytearray({gigabytes} << 30)\nfor i in range(0, len(b), 4096): b[i] = 1"])


def median(runs, *path):
    def value(run):
        for name in path:
            run = run.get(name) or {} if name != path[-1] else run.get(name)
        return float(run or 0)
    return statistics.median(value(run) for run in runs)


def row(label, runs):
    cells = [
        f"{median(runs, 'mbPerSecond'):.0f}", f"{median(runs, 'recordsPerSecond'):,.0f}",
        f"{median(runs, 'broker', 'cpuSecondsPerGB'):.3f}",
        f"{median(runs, 'broker', 'cpuSecondsPerMillionRecords'):.3f}",
        f"{median(runs, 'latencyMs', 'p50'):.2f}", f"{median(runs, 'latencyMs', 'p99'):.2f}",
        f"{median(runs, 'latencyMs', 'p99.9'):.2f}",
    ]
    print("| " + " | ".join([label] + cells) + " |", flush=True)


HEAD = "| {} | MB/s | records/s | broker CPU s/GB | CPU s/million | p50 ms | p99 ms | p99.9 ms |\n" + "| --- " + "| ---: " * 7 + "|"


def produce(broker, caching, size, partitions, batch, gigabytes, rounds):
    runs = []
    for _ in range(rounds):
        records = int(gigabytes * 1e9 / size)
        runs.append(broker.bench(
            "produce", "--create-topic", "--topic", "matrix", "--partitions", str(partitions),
            "--topic-config", f"write.caching={caching}", "--topic-config", "file.delete.delay.ms=0",
            "--record-size", str(size), "--batch-bytes", batch, "--acks", "all", "--records", str(records)))
    row(f"{size} B, {partitions} partition{'s' * (partitions > 1)}, {batch}, write.caching={caching}", runs)


def latency(broker, caching):
    runs = [broker.bench(
        "end-to-end", "--create-topic", "--topic", "matrix", "--partitions", "6", "--rate", "2000", "--record-size", "1024",
        "--topic-config", f"write.caching={caching}", "--topic-config", "file.delete.delay.ms=0", "--linger-ms", "0",
        "--acks", "all", "--duration", "8s", "--warmup", "1s")]
    row(f"end to end, 2,000 records/s of 1 KiB, write.caching={caching}", runs)


def partitions(program, count):
    directory = tempfile.mkdtemp(prefix="needletail-matrix-", dir=args.dir)
    broker = Broker(program, directory)
    begin = time.monotonic()
    for part in range((count + 4999) // 5000):
        broker.tool("topic", "create", f"many{part}", "--partitions", str(min(5000, count - 5000 * part)))
    made = time.monotonic() - begin
    time.sleep(2)
    stopped = broker.stop()
    ready = []
    for _ in range(5):
        broker.start()
        ready.append(broker.ready_ms)
        time.sleep(0.5)
        if len(ready) < 5:
            broker.stop()
    time.sleep(3)
    cpu = broker.cpu_seconds()
    time.sleep(10)
    idle = (broker.cpu_seconds() - cpu) * 10
    memory = broker.resident_mb()
    broker.process.kill()
    broker.process.wait()
    broker.start()
    print(f"| {count:,} | {made:.1f} | {statistics.median(ready):.0f} | {broker.ready_ms:.0f} | {stopped:.0f} | {memory:.0f} "
          f"| {idle:.2f} |", flush=True)
    broker.stop()
    shutil.rmtree(directory)


def main():
    if args.touch:
        touch_memory(args.touch)
    directory = tempfile.mkdtemp(prefix="needletail-matrix-", dir=args.dir)
    broker = Broker(args.needletail, directory)
    for _ in range(2):  # Not counted: brings the page cache's memory in.
        broker.bench("produce", "--create-topic", "--topic", "matrix", "--topic-config", "write.caching=true",
                     "--topic-config", "file.delete.delay.ms=0", "--records", str(int(args.gigabytes * 1e6)))
    print(HEAD.format("produce, acks=all"))
    for caching in ("true", "false"):
        for size in (1024, 100):
            for count in (1, 6):
                for batch in ("256KiB", "16KiB"):
                    produce(broker, caching, size, count, batch, args.gigabytes, args.rounds)
    print("\n" + HEAD.format("consume, resident"))
    for count in (1, 6):
        broker.bench("produce", "--create-topic", "--topic", "matrix", "--partitions", str(count), "--record-size", "1024",
                     "--topic-config", "write.caching=true", "--records", str(int(args.gigabytes * 1e6)))
        row(f"1024 B, {count} partition{'s' * (count > 1)}", [
            broker.bench("consume", "--topic", "matrix", "--duration", "5s", "--warmup", "1s") for _ in range(args.rounds)])
    print("\n" + HEAD.format("latency"))
    for caching in ("true", "false"):
        latency(broker, caching)
    broker.stop()
    shutil.rmtree(directory)
    print("\n| partitions | s to create | ms exec to ready | after kill -9 | ms to stop | resident MB | idle CPU % |")
    print("| ---: " * 7 + "|")
    for count in (0, 1000, 10000):
        partitions(args.needletail, count)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--needletail", default=os.path.join(HERE, "..", ".build-release", "release", "needletail"))
    parser.add_argument("--dir", default=None, help="where the data goes; the system's temporary directory by default")
    parser.add_argument("--gigabytes", type=float, default=2.0, help="of values that each run produces")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each shape; medians are printed")
    parser.add_argument("--touch", type=int, default=8, help="GiB of memory to touch before; 0: none")
    args = parser.parse_args()
    main()
