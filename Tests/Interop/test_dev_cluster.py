"""`needletail dev --brokers N` and `needletail format`, as a user meets them."""

import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from broker import binary, eventually, free_port, needletail

READY = re.compile(r"^needletail ready (.*)$", re.M)


class DevCluster:
    """The process that starts the brokers, and what it printed."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.process = None
        self.out, self.err = directory.with_suffix(".out"), directory.with_suffix(".err")

    def start(self, *more, port=0, brokers=3):
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                [binary(), "dev", "--brokers", str(brokers), "--data", str(self.directory), "--port", str(port), *more],
                stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        return self

    def ready(self) -> list[dict]:
        return [dict(pair.split("=", 1) for pair in line.split()) for line in READY.findall(self.out.read_text())]

    def wait_ready(self, count=3) -> list[dict]:
        def look():
            assert self.process.poll() is None, self.err.read_text()
            return len(self.ready()) >= count
        eventually(look, 30, what=f"{count} ready lines")
        return self.ready()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def is_alive(pid) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


@pytest.fixture
def cluster(tmp_path):
    cluster = DevCluster(tmp_path / "cluster")
    yield cluster
    if cluster.process and cluster.process.poll() is None:
        cluster.stop()


def connects(address: str) -> bool:
    host, port = address.rsplit(":", 1)
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def test_three_brokers_start_and_stop_together(cluster):
    ready = cluster.start().wait_ready()
    assert sorted(line["id"] for line in ready) == ["1", "2", "3"]
    for line in ready:
        assert all(connects(line[name]) for name in ("kafka", "http", "zookeeper")), line
    assert cluster.stop() == 0
    assert not any(is_alive(line["pid"]) for line in ready)


def test_brokers_do_not_outlive_the_process_that_started_them(cluster):
    ready = cluster.start().wait_ready()
    cluster.process.kill()
    cluster.process.wait()
    eventually(lambda: not any(is_alive(line["pid"]) for line in ready), 30, what="the brokers' end")


def test_a_killed_broker_is_told_of_and_the_others_go_on(cluster):
    ready = cluster.start().wait_ready()
    victim = next(line for line in ready if line["id"] == "2")
    os.kill(int(victim["pid"]), signal.SIGKILL)
    note = f"needletail: broker 2 (pid {victim['pid']}) was ended by signal 9 (Killed); 2 go on"
    eventually(lambda: note in cluster.err.read_text(), what=note)
    assert all(is_alive(line["pid"]) for line in ready if line is not victim)
    assert cluster.process.poll() is None
    assert cluster.stop() == 0


def test_with_restart_a_killed_broker_comes_back_where_it_was(cluster):
    first = next(line for line in cluster.start("--restart").wait_ready() if line["id"] == "3")
    os.kill(int(first["pid"]), signal.SIGKILL)
    second = cluster.wait_ready(4)[-1]
    assert second["pid"] != first["pid"]
    assert {**second, "pid": ""} == {**first, "pid": ""}
    assert cluster.stop() == 0


def test_a_cluster_starts_again_with_the_same_voters_and_no_other_number(cluster):
    def voters():
        text = (cluster.directory / "broker-1.properties").read_text()
        return re.search("^controller.quorum.voters=(.*)$", text, re.M).group(1)
    cluster.start().wait_ready()
    before = voters()
    assert cluster.stop() == 0
    assert len(cluster.start().wait_ready()) == 3
    assert voters() == before
    assert cluster.stop() == 0
    other = needletail("dev", "--brokers", 2, "--data", cluster.directory)
    assert other.returncode == 1 and "holds a cluster of 3: start it with --brokers 3" in other.stderr
    alone = needletail("dev", "--data", cluster.directory)
    assert alone.returncode == 1 and "holds a cluster of 3" in alone.stderr


def test_a_broker_that_cannot_start_ends_the_cluster_and_says_why(cluster):
    port = free_port()
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", port + 1))
        squatter.listen()
        cluster.start(port=port)
        assert cluster.process.wait(30) == 1
    said = cluster.err.read_text()
    assert re.search(rf"^\[2\] needletail: listeners: cannot listen on PLAINTEXT://127.0.0.1:{port + 1}: the port is in use",
                     said, re.M), said
    assert re.search(r"^needletail: broker 2 \(pid \d+\) ended with code 1 before it was ready", said, re.M), said


def test_a_cluster_that_runs_is_not_disturbed_by_a_second_start(cluster):
    cluster.start().wait_ready()
    files = [(cluster.directory / f"broker-{i}.properties") for i in (1, 2, 3)]
    before = [file.read_text() for file in files]
    done = needletail("dev", "--brokers", 3, "--data", cluster.directory, "--port", 0)
    assert done.returncode == 1 and "is using this directory" in done.stderr, done
    assert [file.read_text() for file in files] == before
    assert cluster.process.poll() is None
    assert cluster.stop() == 0


def test_a_reader_of_the_ready_lines_may_go_away(cluster):
    with open(cluster.err, "wb") as err:
        cluster.process = subprocess.Popen(
            [binary(), "dev", "--brokers", "3", "--data", str(cluster.directory), "--port", "0", "--restart"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err)
    lines = [cluster.process.stdout.readline().decode() for _ in range(3)]
    cluster.process.stdout.close()
    victim = next(dict(pair.split("=", 1) for pair in line.split()[2:]) for line in lines if " id=2 " in line)
    ready = re.compile(r"^\[2\] .* The broker is ready", re.M)
    # The line on standard output comes first; killed before it has logged as much, it would have one life less to count.
    eventually(lambda: ready.search(cluster.err.read_text()), 10, what="the first life")
    os.kill(int(victim["pid"]), signal.SIGKILL)
    eventually(lambda: len(ready.findall(cluster.err.read_text())) == 2, 30, what="the second life")
    time.sleep(0.1)  # Its ready line is written behind that, to nobody.
    assert cluster.process.poll() is None
    assert cluster.stop() == 0


def test_what_is_chosen_for_each_broker_cannot_be_set_for_all(cluster):
    done = needletail("dev", "--brokers", 3, "--data", cluster.directory, "--override", "log.dirs=x")
    assert done.returncode == 64 and "log.dirs" in done.stderr
    assert not cluster.directory.exists()


# --- format ---

@pytest.fixture
def files(tmp_path):
    """Configuration files of three voters."""
    ports = [free_port() for _ in range(3)]
    voters = ",".join(f"{i + 1}@127.0.0.1:{port}" for i, port in enumerate(ports))
    paths = []
    for i, port in enumerate(ports):
        path = tmp_path / f"{i + 1}.properties"
        path.write_text(
            f"node.id={i + 1}\nlisteners=PLAINTEXT://127.0.0.1:{free_port()},CONTROLLER://127.0.0.1:{port}\n"
            f"controller.listener.names=CONTROLLER\ncontroller.quorum.voters={voters}\nhttp.listener=\n"
            f"log.dirs={tmp_path}/{i + 1}\n")
        paths.append(path)
    return paths


def properties(path: Path) -> dict:
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)


def test_a_voter_of_several_does_not_start_before_it_is_formatted(files):
    done = needletail("start", files[0])
    assert done.returncode == 1 and "is not formatted" in done.stderr and "needletail format" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (files[0].parent / "1" / "meta.properties").exists()


def test_three_files_are_formatted_as_one_cluster_and_only_once(files):
    done = needletail("format", *files)
    assert done.returncode == 0, done
    found = [properties(file.parent / str(i + 1) / "meta.properties") for i, file in enumerate(files)]
    assert len({meta["cluster.id"] for meta in found}) == 1
    assert [meta["node.id"] for meta in found] == ["1", "2", "3"]
    for i, meta in enumerate(found):
        assert f"{i + 1}@127.0.0.1:" in done.stdout and meta["directory.id"] in done.stdout
    again = needletail("format", *files)
    assert again.returncode == 1 and again.stderr.count("is formatted already") == 3
    assert again.stderr.count("nothing was changed") == 3
    assert needletail("format", *files, "--ignore-formatted").returncode == 0
    assert found == [properties(file.parent / str(i + 1) / "meta.properties") for i, file in enumerate(files)]


def test_ids_are_drawn_and_taken(files):
    ids = [needletail("format", "--random-uuid").stdout.strip() for _ in range(4)]
    assert len(set(ids)) == 4 and all(re.fullmatch(r"[\w-]{22}", id) for id in ids)
    voters = ",".join(f"{i + 1}@127.0.0.1:{1000 + i}:{ids[i]}" for i in range(3))
    done = needletail("format", files[1], "--cluster-id", ids[3], "--initial-voters", voters)
    assert done.returncode == 0, done
    meta = properties(files[1].parent / "2" / "meta.properties")
    assert (meta["cluster.id"], meta["directory.id"]) == (ids[3], ids[1])


def test_wrong_use_is_told_with_the_usage(files):
    for arguments in [(), (files[0], "--no-initial-voters"), (files[0], "--cluster-id", "a b", "--no-initial-voters"),
                      (files[0], "--cluster-id", "c", "--initial-voters", "1@h:1"),
                      (files[0], files[1], "--override", "node.id=3")]:
        done = needletail("format", *arguments)
        assert done.returncode == 64 and "Usage:" in done.stderr, done
