"""`needletail cluster`: who votes and who leads, looked at and changed while clients write."""

import itertools
import json
import threading
import time

import pytest
from kazoo.exceptions import KazooException, OperationTimeoutError

from broker import eventually, needletail
from coordination import client, connected, stopped
from ensemble import is_reference

pytestmark = pytest.mark.skipif(is_reference(), reason="ZooKeeper's quorum is changed in another way")


@pytest.fixture
def trio(make_ensemble):
    ensemble = make_ensemble(3)
    ensemble.leader()
    return ensemble


def cluster(server, *words, code: int = 0):
    done = needletail("cluster", *words, "--bootstrap", server.bootstrap)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def over_http(server, *words, code: int = 0):
    done = needletail("cluster", *words, "--http", server.http.removeprefix("http://"))
    assert done.returncode == code, done.stdout + done.stderr
    return done


def quorum(server) -> dict[int, dict]:
    return {row["id"]: row for row in map(json.loads, cluster(server, "quorum", "--json").stdout.splitlines())}


def roles(server) -> dict[int, str]:
    return {number: row["role"] for number, row in quorum(server).items()}


class Load(threading.Thread):
    """Writes through all servers while the quorum changes; `check` demands every write that was acknowledged."""

    def __init__(self, ensemble):
        super().__init__(daemon=True)
        self.ensemble, self.acknowledged, self.done = ensemble, [], threading.Event()
        self.longest = 0.0
        with client(ensemble.hosts) as python:
            python.create("/load")

    def __enter__(self):
        self.start()
        eventually(lambda: len(self.acknowledged) > 20, 10, what="writes")
        return self

    def __exit__(self, *_):
        self.done.set()
        self.join(20)

    def run(self):
        one = connected(self.ensemble.hosts, timeout=8.0)
        last = time.monotonic()
        for number in itertools.count():
            if self.done.is_set():
                break
            try:
                one.create(f"/load/{number}")
                self.acknowledged.append(f"/load/{number}")
                now = time.monotonic()
                self.longest, last = max(self.longest, now - last), now
            except (KazooException, OperationTimeoutError):
                pass
            time.sleep(0.002)
        stopped(one)

    def check(self, servers) -> None:
        self.__exit__()
        for server in servers:
            with client(server.zookeeper) as looker:
                looker.sync("/load")
                lost = set(self.acknowledged) - {f"/load/{name}" for name in looker.get_children("/load")}
                assert not lost, f"server {server.number}: {len(lost)} of {len(self.acknowledged)} lost"


def test_looks(trio):
    for server in trio.servers:
        found = quorum(server)
        assert sorted(found) == [1, 2, 3]
        assert sorted(row["role"] for row in found.values()) == ["leader", "voter", "voter"]
        assert found[trio.leader().number]["role"] == "leader"
        assert {row["endpoint"] for row in found.values()} == {f"127.0.0.1:{peer.quorum_port}" for peer in trio.servers}
        status = json.loads(cluster(server, "status", "--json").stdout)
        assert (status["brokers"], sorted(status["voters"]), status["fencedBrokers"]) == (3, [1, 2, 3], [])
        brokers = [json.loads(line) for line in cluster(server, "brokers", "--json").stdout.splitlines()]
        assert [(b["id"], b["port"], b["fenced"]) for b in brokers] == [(s.number, s.port, False) for s in trio.servers]


def test_status_fails_when_a_broker_is_away(trio):
    follower = trio.followers()[0]
    follower.stop()
    eventually(lambda: needletail("cluster", "status", "--bootstrap", trio.leader().bootstrap).returncode == 1, 15, what="a bad status")
    assert "FENCED: " in needletail("cluster", "status", "--bootstrap", trio.leader().bootstrap).stdout


def test_leadership_is_handed_over_without_a_gap(trio):
    with Load(trio) as load:
        for _ in range(4):
            leader = trio.leader()
            to = trio.followers()[0]
            over_http(leader, "transfer-leadership", "--to", to.number)
            eventually(lambda: to.mode() == "leader", 5, 0.01, "the new leader")
        load.check(trio.servers)
        assert load.longest < 1.0, f"{load.longest:.2f} s without a write while leadership was handed over"


def test_leadership_is_not_handed_to_whom_it_cannot(trio):
    assert "9" in over_http(trio.leader(), "transfer-leadership", "--to", 9, code=1).stderr
    dead = trio.followers()[0]
    dead.kill()
    leader = trio.leader()
    over_http(leader, "transfer-leadership", "--to", dead.number, code=1)
    with client(leader.zookeeper) as python:
        python.create("/still")
    assert leader.mode() == "leader"


def test_a_broker_without_a_vote_observes(trio):
    with Load(trio) as load:
        fourth = trio.add()
        fourth.start()
        assert fourth.mode() == "observer"
        assert roles(fourth)[4] == "observer"
        with client(fourth.zookeeper) as python:
            python.create("/through-the-observer", b"x")
            assert python.get("/through-the-observer")[0] == b"x"
            assert "4" in python.get_children("/brokers/ids")
        load.check(trio.servers)
    # It is not asked when the others vote: without two of the three nothing is acknowledged.
    for server in trio.servers[:2]:
        server.kill()
    one = None
    try:
        with pytest.raises(Exception):
            one = connected(trio.servers[2].zookeeper, start_timeout=3.0)
            one.create("/of-one-voter-and-an-observer")
    finally:
        if one:
            stopped(one)


def test_voters_come_and_go_while_clients_write(trio):
    """Three voters become four, the first one loses its vote, and the three others go on without it."""
    with Load(trio) as load:
        fourth = trio.add()
        fourth.start()
        cluster(fourth, "add-voter", 4, "--endpoint", f"127.0.0.1:{fourth.quorum_port}")
        eventually(lambda: roles(fourth)[4] == "voter", 5, what="the fourth vote")
        first = trio.servers[0]
        cluster(fourth, "remove-voter", 1)
        eventually(lambda: roles(fourth).get(1) != "voter" and roles(fourth).get(1) != "leader", 10, what="one vote less")
        assert sorted(n for n, role in roles(fourth).items() if role != "observer") == [2, 3, 4]
        load.check(trio.servers)
        with client(first.zookeeper) as python:
            python.create("/through-the-former-voter")
    first.kill()
    others = trio.servers[1:]
    leader = next(server for server in others if server.mode() == "leader")
    leader.kill()
    left = [server for server in others if server is not leader]
    eventually(lambda: any(server.mode() == "leader" for server in left), 10, what="a leader of the two of three that are left")
    with client(left[0].zookeeper) as python:
        assert python.exists("/through-the-former-voter") is not None
        python.create("/of-two")


def test_the_leader_can_lose_its_vote(trio):
    leader = trio.leader()
    with Load(trio) as load:
        cluster(trio.followers()[0], "remove-voter", leader.number)
        eventually(lambda: leader.mode() == "observer", 15, what="the former leader as an observer")
        others = [server for server in trio.servers if server is not leader]
        eventually(lambda: any(server.mode() == "leader" for server in others), 10, what="another leader")
        load.check(trio.servers)


def test_a_wiped_voter_comes_back_as_a_new_one(trio):
    """Its old vote is taken away, the disk's new identity observes, catches up and gets a vote of its own."""
    with client(trio.hosts) as python:
        for number in range(200):
            python.create(f"/n{number}")
    lost = trio.followers()[0]
    other = next(server for server in trio.servers if server is not lost)
    old = quorum(other)[lost.number]["directoryId"]
    meta = (lost.log_dirs[0] / "meta.properties").read_text()
    lost.kill()
    lost.wipe()
    cluster(other, "remove-voter", lost.number)
    cluster_id = next(line.split("=", 1)[1] for line in meta.splitlines() if line.startswith("cluster.id="))
    done = needletail("format", lost.write_properties(), "--cluster-id", cluster_id, "--no-initial-voters")
    assert done.returncode == 0, done.stderr
    lost.start()
    eventually(lambda: roles(other).get(lost.number) == "observer", 10, what="it as an observer")
    cluster(other, "add-voter", lost.number, "--endpoint", f"127.0.0.1:{lost.quorum_port}")
    found = quorum(other)[lost.number]
    assert found["role"] == "voter"
    assert found["directoryId"] != old
    with client(lost.zookeeper) as python:
        python.sync("/")
        assert len([name for name in python.get_children("/") if name.startswith("n")]) == 200


def snapshots(server) -> list:
    """Files of snapshots, but for the first voters' that `format` wrote."""
    directory = server.log_dirs[0] / "__cluster_metadata-0"
    return [path for path in sorted(directory.glob("*.checkpoint")) if int(path.name.split("-")[0]) > 0]


def create_and_snapshot(trio, python) -> None:
    """300 znodes, and a snapshot of them on every server."""
    for number in range(300):
        python.create(f"/n{number}", b"x" * 100)
    for server in trio.servers:
        over_http(server, "snapshot")
        # The answer says that it has begun; it gets Kafka's name for it once it is whole.
        eventually(lambda: snapshots(server), 5, what="a snapshot")


def test_a_snapshot_and_what_is_behind_it(trio):
    with client(trio.hosts) as python:
        create_and_snapshot(trio, python)
        for number in range(300, 320):
            python.create(f"/n{number}")
        python.delete("/n0")
        before = {name: python.exists(f"/{name}") for name in python.get_children("/") if name.startswith("n")}
    for server in trio.servers:
        server.kill()
    trio.start()
    for server in trio.servers:
        with client(server.zookeeper) as python:
            python.sync("/")
            assert {name: python.exists(f"/{name}") for name in python.get_children("/") if name.startswith("n")} == before


def test_one_that_was_away_for_long_gets_a_snapshot(make_ensemble):
    """What it missed is not in the others' logs any more."""
    trio = make_ensemble(3, properties={"metadata.log.max.record.bytes.between.snapshots": 200_000})
    away = trio.followers()[0]
    with client(trio.leader().zookeeper) as python:
        python.create("/many")
        away.kill()
        for number in range(4000):
            python.create_async(f"/many/{number}", b"x" * 300)
        python.retry(python.sync, "/many")
        for server in trio.servers:
            if server is not away:
                over_http(server, "snapshot")
        python.create("/last")
    away.start()
    with client(away.zookeeper) as python:
        python.sync("/many")
        assert len(python.get_children("/many")) == 4000
        assert python.get("/many/3999")[0] == b"x" * 300
        assert python.exists("/last") is not None


def test_a_voter_whose_snapshot_rotted_gets_the_others_and_votes_again(trio):
    with client(trio.hosts) as python:
        create_and_snapshot(trio, python)
    leader = trio.leader()
    rotten, other = trio.followers()
    rotten.kill()
    file = snapshots(rotten)[-1]
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    rotten.start()
    assert "has no vote" in rotten.log()
    eventually(lambda: snapshots(rotten), 10, what="a sound snapshot")
    with client(rotten.zookeeper) as python:
        python.sync("/")
        assert len([name for name in python.get_children("/") if name.startswith("n")]) == 300
    # Without it there is no majority now.
    leader.kill()
    with client(f"{rotten.zookeeper},{other.zookeeper}") as python:
        python.create("/again")
