#!/usr/bin/env python3
"""The coordination service beside Debian's ZooKeeper, on one machine in one run; prints Markdown tables.

    bench/coordination.py                               everything but the million: about 20 minutes
    bench/coordination.py --only throughput --duration 3s --rounds 1
    bench/coordination.py --only million                1,000,000 znodes: memory, snapshot, restart, pauses

`throughput`: creates, sets and gets per second with 1, 16 and 64 clients, each with one request under way, on one server and
on three. The load generator is `needletail bench znode` for both; runs alternate, medians are printed.
`memory`: resident bytes with 100,000 znodes of 100 bytes. `election`: the leader is killed with SIGKILL; milliseconds until
another server acknowledges a write, at each side's default settings. `million`: as it says, of needletail alone unless
--reference-too; while znodes are written, while a snapshot is taken, and at rest, another process reads one znode over and over, and the
longest it had to wait is the pause.

ZooKeeper runs as its own start script runs it: 1000 MB of heap, every write synced. Both keep their data under --dir. Needs Debian's
package `zookeeper`, Python 3, and nothing else; run it on an otherwise idle machine.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Tests" / "Interop"))

from ensemble import Ensemble  # noqa: E402
from jute import Closed, Session, create_body, flag, i32, text  # noqa: E402

ZOOKEEPER, NEEDLETAIL = "ZooKeeper 3.8", "needletail"
JAVA = ["-Xmx1000m"]
# What Debian's zoo.cfg says.
DEFAULTS = {"tickTime": 2000, "maxClientCnxns": 0, "4lw.commands.whitelist": "*"}


def start(side: str, servers: int) -> Ensemble:
    directory = Path(tempfile.mkdtemp(prefix="coordination-", dir=args.dir))
    ensemble = Ensemble(directory, servers, reference=side == ZOOKEEPER, java=JAVA, **DEFAULTS)
    ensemble.start(60)
    ensemble.leader()
    return ensemble


def end(ensemble: Ensemble) -> None:
    ensemble.close()
    shutil.rmtree(ensemble.directory, ignore_errors=True)


def both(servers: int) -> dict[str, Ensemble]:
    return {side: start(side, servers) for side in (ZOOKEEPER, NEEDLETAIL)}


def megabytes(number: float) -> str:
    return f"{number / 1e6:,.0f}"


# --- throughput ---

def load(ensemble: Ensemble, operation: str, clients: int) -> dict:
    words = [*args.load.split(), operation, "--zookeeper", ensemble.hosts, "--clients", str(clients), "--in-flight", "1",
             "--size", str(args.size), "--duration", args.duration, "--warmup", "500ms", "--broker-pid", str(ensemble.leader().pid),
             "--json", "-", "--no-progress"]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True)
    if not done.stdout.strip():
        sys.exit(f"{' '.join(words)}\nended with {done.returncode} and without a result")
    result = json.loads(done.stdout.strip().splitlines()[-1])
    if result["failed"]:
        print(f"{result['failed']} operations failed: {' '.join(words)}\n{result['errors']}", file=sys.stderr)
    return result


def throughput() -> None:
    print(f"\n| servers | operation | clients | {ZOOKEEPER} ops/s | {NEEDLETAIL} ops/s | ratio | {ZOOKEEPER} p99 ms | {NEEDLETAIL} p99 ms "
          f"| leader's CPU µs/op | leader's CPU µs/op |")
    print("| ---: | --- " + "| ---: " * 8 + "|")
    for servers in args.servers:
        ensembles = both(servers)
        for operation in ("create", "set", "get"):
            for ensemble in ensembles.values():
                load(ensemble, operation, 16)  # Not counted: Java compiles what it runs often.
            for clients in args.clients:
                runs = {side: [] for side in ensembles}
                for _ in range(args.rounds):
                    for side, ensemble in ensembles.items():
                        runs[side].append(load(ensemble, operation, clients))

                def median(side, value):
                    return statistics.median(value(run) for run in runs[side])

                rates = [median(side, lambda run: run["operationsPerSecond"]) for side in ensembles]
                p99 = [median(side, lambda run: run["latencyMs"][operation]["p99"]) for side in ensembles]
                cpu = [median(side, lambda run: run["broker"]["cpuSecondsPerMillionOperations"]) for side in ensembles]
                print(f"| {servers} | {operation} | {clients} | {rates[0]:,.0f} | {rates[1]:,.0f} | {rates[1] / rates[0]:.2f} "
                      f"| {p99[0]:.2f} | {p99[1]:.2f} | {cpu[0]:.0f} | {cpu[1]:.0f} |", flush=True)
        for ensemble in ensembles.values():
            end(ensemble)


# --- memory ---

def fill(server, first: int, count: int, size: int) -> float:
    """Creates `count` znodes, 1,000 below each parent, a few hundred requests under way; seconds it took."""
    began = time.monotonic()
    session = Session(server.zookeeper_address, timeout_ms=30000)
    if session.exists("/many") is None:
        session.create("/many")
    data, under_way = b"x" * size, 0
    for number in range(first, first + count):
        if number % 1000 == 0:
            session.post("create", create_body(f"/many/{number // 1000}"))
            under_way += 1
        session.post("create", create_body(f"/many/{number // 1000}/{number:07}", data))
        under_way += 1
        while under_way >= 400:
            check(session.receive())
            under_way -= 1
    while under_way:
        check(session.receive())
        under_way -= 1
    session.close()
    return time.monotonic() - began


def check(reply) -> None:
    assert reply.error == 0, reply.failure


def memory() -> None:
    print(f"\n| servers | side | resident MB, empty | with 100,000 znodes of 100 bytes | bytes a znode | creates/s |")
    print("| ---: | --- | ---: | ---: | ---: | ---: |")
    for servers in args.servers:
        for side in (ZOOKEEPER, NEEDLETAIL):
            ensemble = start(side, servers)
            time.sleep(2)
            empty = max(server.resident_bytes() for server in ensemble.servers)
            took = fill(ensemble.leader(), 0, 100_000, 100)
            time.sleep(3)
            full = max(server.resident_bytes() for server in ensemble.servers)
            print(f"| {servers} | {side} | {megabytes(empty)} | {megabytes(full)} | {(full - empty) / 100_000:,.0f} | {100_100 / took:,.0f} |",
                  flush=True)
            end(ensemble)


# --- election ---

class Prober(threading.Thread):
    """Writes through one server over and over; `first` is when the first write asked after `since` was acknowledged."""

    def __init__(self, server, since: float):
        super().__init__(daemon=True)
        self.server, self.since, self.first, self.done = server, since, None, False

    def run(self):
        while not self.done and self.first is None:
            try:
                session = Session(self.server.zookeeper_address, timeout_ms=10000)
                while not self.done:
                    asked = time.monotonic()
                    reply = session.call("setData", text("/probe") + text(b"x") + i32(-1))
                    if reply.error != 0:
                        break
                    if asked > self.since:
                        self.first = time.monotonic()
                        break
                session.drop()
            except (Closed, OSError, AssertionError):
                time.sleep(0.002)


def election() -> None:
    print(f"\n| side | ms from the leader's death to the next write, median of {args.elections} | least | most |")
    print("| --- | ---: | ---: | ---: |")
    for side in (ZOOKEEPER, NEEDLETAIL):
        ensemble = start(side, 3)
        session = Session(ensemble.servers[0].zookeeper_address)
        session.create("/probe")
        session.close()
        took = []
        for _ in range(args.elections):
            leader = ensemble.leader()
            time.sleep(2)
            leader.kill()
            killed = time.monotonic()
            probers = [Prober(server, killed) for server in ensemble.servers if server is not leader]
            for prober in probers:
                prober.start()
            while not any(prober.first for prober in probers):
                time.sleep(0.0005)
            took.append(min(prober.first for prober in probers if prober.first) - killed)
            for prober in probers:
                prober.done = True
            leader.start()
        print(f"| {side} | {statistics.median(took) * 1000:,.0f} | {min(took) * 1000:,.0f} | {max(took) * 1000:,.0f} |", flush=True)
        end(ensemble)


# --- a million ---

class Getter:
    """Another process that reads `/` over one connection, again and again, and tells the longest waits."""

    def __init__(self, server):
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--getter", server.zookeeper], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lap()

    def lap(self) -> tuple[float, int]:
        """The longest wait in ms and the number of reads since the last call."""
        self.process.stdin.write("lap\n")
        self.process.stdin.flush()
        longest, count = self.process.stdout.readline().split()
        return float(longest), int(count)

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait(10)


def be_getter(address: str) -> None:
    host, port = address.rsplit(":", 1)
    session = Session((host, int(port)), timeout_ms=30000)
    longest, count, lock, over = 0.0, 0, threading.Lock(), threading.Event()

    def read():
        nonlocal longest, count
        while not over.is_set():
            began = time.monotonic()
            session.get("/")
            took = time.monotonic() - began
            with lock:
                longest, count = max(longest, took), count + 1
            time.sleep(0.0005)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in sys.stdin:
        with lock:
            print(f"{longest * 1000:.3f} {count}", flush=True)
            longest, count = 0.0, 0
    over.set()
    reader.join()


def snapshot(ensemble: Ensemble) -> float | None:
    """Asks needletail for a snapshot; seconds until it was written. ZooKeeper 3.8 takes them as it likes."""
    if ensemble.reference:
        return None
    session = Session(ensemble.servers[0].zookeeper_address)
    while True:
        session.set("/many", b"something new")
        began = time.monotonic()
        done = take_snapshot(ensemble)
        if "already" not in done.stderr:
            break
        time.sleep(0.1)  # One of its own making, as the log has grown.
    session.close()
    if done.returncode != 0:
        sys.exit(f"needletail cluster snapshot: {done.returncode}\n{done.stdout}{done.stderr}")
    # The answer says that it has begun; it has its name once it is whole.
    while time.time() - newest_snapshot(ensemble) > time.monotonic() - began:
        time.sleep(0.005)
    return time.monotonic() - began


def newest_snapshot(ensemble: Ensemble) -> float:
    directory = ensemble.servers[0].log_dirs[0] / "__cluster_metadata-0"
    return max((file.stat().st_ctime for file in directory.glob("*.checkpoint")), default=0.0)


def take_snapshot(ensemble: Ensemble) -> subprocess.CompletedProcess:
    return subprocess.run(
        [args.needletail, "cluster", "snapshot", "--http", ensemble.servers[0].http.removeprefix("http://"), "--request-timeout", "300000"],
        capture_output=True, text=True)


def million() -> None:
    print(f"\n| side | znodes | creates/s | resident MB | bytes a znode | longest get while filling, ms | snapshot s | longest get while snapshotting, ms "
          f"| longest get at rest, ms | restart s, killed | restart s, stopped | MB after restart |")
    print("| --- " + "| ---: " * 11 + "|")
    for side in ([ZOOKEEPER] if args.reference_too else []) + [NEEDLETAIL]:
        ensemble = start(side, 1)
        server = ensemble.servers[0]
        time.sleep(2)
        empty = server.resident_bytes()
        getter = Getter(server)
        took = fill(server, 0, args.znodes, 100)
        filling, _ = getter.lap()
        full = server.resident_bytes()
        snapshots, pauses = [], []
        for _ in range(3):
            lasted = snapshot(ensemble)
            pause, _ = getter.lap()
            if lasted is not None:
                snapshots.append(lasted)
                pauses.append(pause)
        time.sleep(5)
        rest, _ = getter.lap()
        getter.end()
        restarts = []
        for clean in (False, True):
            if clean:
                server.stop(60)
            else:
                server.kill()
            began = time.monotonic()
            server.start(300)
            session = Session(server.zookeeper_address)
            last = args.znodes - 1
            assert session.get(f"/many/{last // 1000}/{last:07}")[0] == b"x" * 100
            restarts.append(time.monotonic() - began)
            body = session.good("getAllChildrenNumber", text("/many"))
            assert body.i32() == args.znodes + (args.znodes + 999) // 1000
            session.close()
        print(f"| {side} | {args.znodes:,} | {args.znodes / took:,.0f} | {megabytes(full)} | {(full - empty) / args.znodes:,.0f} | {filling:.1f} "
              f"| {statistics.median(snapshots) if snapshots else float('nan'):.2f} | {max(pauses) if pauses else float('nan'):.1f} | {rest:.1f} "
              f"| {restarts[0]:.2f} | {restarts[1]:.2f} | {megabytes(server.resident_bytes())} |", flush=True)
        end(ensemble)


def main() -> None:
    if args.getter:
        be_getter(args.getter)
        return
    parts = {"throughput": throughput, "memory": memory, "election": election, "million": million}
    for name, part in parts.items():
        if name in args.only:
            part()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--needletail", default=str(HERE.parent / ".build-release" / "release" / "needletail"))
    parser.add_argument("--load", help="the load generator's command; needletail's own by default")
    parser.add_argument("--dir", default="/var/tmp", help="where both sides keep their data")
    parser.add_argument("--only", default="throughput,memory,election", type=lambda value: value.split(","))
    parser.add_argument("--servers", default="1,3", type=lambda value: [int(part) for part in value.split(",")])
    parser.add_argument("--clients", default="1,16,64", type=lambda value: [int(part) for part in value.split(",")])
    parser.add_argument("--size", type=int, default=100, help="bytes of data a znode")
    parser.add_argument("--duration", default="5s")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--elections", type=int, default=5)
    parser.add_argument("--znodes", type=int, default=1_000_000)
    parser.add_argument("--reference-too", action="store_true", help="ZooKeeper does the million as well")
    parser.add_argument("--getter", help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.load = args.load or f"{args.needletail} bench znode"
    os.environ["NEEDLETAIL"] = args.needletail
    main()
