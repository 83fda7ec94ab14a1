"""Three servers on three hosts. The leader is killed, paused, cut off; the others go on, and it does no harm.

`FAILOVER_SECONDS`: from the fault until a write is acknowledged again, at default settings.
"""

import threading
import time

import pytest
from kazoo.exceptions import KazooException, OperationTimeoutError

import netns
from broker import eventually
from coordination import client, connected, stopped
from ensemble import Ensemble, is_reference
from jute import Closed, Session, create_body, flag, text

FAILOVER_SECONDS = 15.0 if is_reference() else 2.0
pytestmark = pytest.mark.skipif(netns.is_possible() is not None, reason=netns.is_possible() or "")


@pytest.fixture(scope="module")
def hosts():
    made = netns.Hosts(3)
    yield made
    made.close()


@pytest.fixture
def trio(hosts, tmp_path):
    hosts.heal()
    options = {"tickTime": 500, "initLimit": 10, "syncLimit": 4} if is_reference() else {}
    ensemble = Ensemble(tmp_path, 3, hosts.addresses, hosts.prefixes, maxClientCnxns=0, **options)
    ensemble.start()
    ensemble.leader()
    yield ensemble
    hosts.heal()
    ensemble.close()


class Writer(threading.Thread):
    """Writes through one server over one connection, as fast as it is answered, and notes when each write was acknowledged.

    It speaks the protocol itself, so that no client's back-off is measured. `values` are what was acknowledged.
    """

    def __init__(self, server, name: str):
        super().__init__(daemon=True)
        self.server, self.name_of = server, name
        self.acknowledged: list[tuple[float, str]] = []
        self.tried = 0
        self.done = threading.Event()

    def run(self):
        while not self.done.is_set():
            try:
                session = Session(self.server.zookeeper_address, timeout_ms=8000)
                session.socket.settimeout(1.0)
                while not self.done.is_set():
                    self.tried += 1
                    path = f"/w/{self.name_of}-{self.tried}"
                    reply = session.call("create", create_body(path))
                    if reply.error != 0:
                        break
                    self.acknowledged.append((time.monotonic(), path))
                session.close()
            except (Closed, OSError, AssertionError):
                time.sleep(0.01)

    def first_after(self, moment: float) -> float | None:
        """Seconds from `moment` until the first write that was acknowledged after it."""
        return next((at - moment for at, _ in self.acknowledged if at > moment), None)

    def finish(self) -> None:
        self.done.set()
        self.join(10)


def check_nothing_lost(trio, writers) -> None:
    acknowledged = {path for writer in writers for _, path in writer.acknowledged}
    assert len(acknowledged) > 50
    for server in trio.servers:
        with client(server.zookeeper) as looker:
            looker.sync("/w")
            there = {f"/w/{name}" for name in looker.get_children("/w")}
            lost = acknowledged - there
            assert not lost, f"server {server.number}: {len(lost)} of {len(acknowledged)} acknowledged and lost: {sorted(lost)[:5]}"


def start_writers(trio) -> list[Writer]:
    with client(trio.hosts) as python:
        python.create("/w")
    writers = [Writer(server, f"s{server.number}") for server in trio.servers]
    for writer in writers:
        writer.start()
    eventually(lambda: all(len(writer.acknowledged) > 5 for writer in writers), 10, what="writes through every server")
    return writers


def writes_again(writers, leader, moment: float) -> float:
    """Seconds from `moment` until another server than the old leader acknowledges a write that was asked after it."""
    others = [writer for writer in writers if writer.server is not leader]

    def settled():
        # A write on its way at the fault may still be answered; what counts is one behind the longest silence.
        times = [at for writer in others for at, _ in writer.acknowledged if at > moment + 0.3]
        return min(times) - moment if times else None

    return eventually(settled, FAILOVER_SECONDS + 10, every=0.01, what="a write acknowledged by the others")


FAULTS = {
    "killed": (lambda hosts, leader: leader.kill(), lambda hosts, leader: leader.launch()),
    "paused": (lambda hosts, leader: leader.pause(), lambda hosts, leader: leader.resume()),
    "cut off": (lambda hosts, leader: hosts.isolate(leader.number - 1), lambda hosts, leader: hosts.heal()),
    "mute": (lambda hosts, leader: hosts.mute(leader.number - 1), lambda hosts, leader: hosts.heal()),
    "deaf": (lambda hosts, leader: hosts.deafen(leader.number - 1), lambda hosts, leader: hosts.heal()),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_another_leader_serves_writes_soon(trio, hosts, fault, record_property):
    strike, mend = FAULTS[fault]
    writers = start_writers(trio)
    leader = trio.leader()
    moment = time.monotonic()
    strike(hosts, leader)
    took = writes_again(writers, leader, moment)
    record_property("seconds", f"{took:.3f}")
    print(f"leader {fault}: writes again after {took:.3f} s")
    time.sleep(0.5)
    new = next(s for s in trio.servers if s is not leader and s.mode() == "leader")
    mend(hosts, leader)
    eventually(lambda: leader.mode() == "follower" or None, 20, what="the old leader as a follower")
    back = time.monotonic()
    eventually(lambda: writers[leader.number - 1].first_after(back), 20, what="writes through the old leader")
    for writer in writers:
        writer.finish()
    assert new.mode() == "leader", "the one that came back unseated the leader"
    check_nothing_lost(trio, writers)
    assert took < FAILOVER_SECONDS, f"{took:.2f} s without a leader"


def test_a_leader_without_its_followers_refuses(trio, hosts):
    """No split brain: what the cut-off leader is asked, it does not acknowledge; what the others acknowledge, it does not hide later."""
    with client(trio.hosts) as python:
        python.create("/a", b"before")
    leader = trio.leader()
    session = Session(leader.zookeeper_address, timeout_ms=8000)
    hosts.isolate(leader.number - 1)
    session.socket.settimeout(FAILOVER_SECONDS + 3)
    try:
        reply = session.call("setData", text("/a") + text("from the old leader") + b"\xff\xff\xff\xff")
        assert reply.error != 0, "a leader without followers acknowledged a write"
    except (Closed, OSError):
        pass
    other = next(server for server in trio.servers if server is not leader)
    with client(other.zookeeper) as python:
        eventually(lambda: attempt(python, b"from the new one"), 20, what="a write")
    eventually(lambda: leader.mode() != "leader" or None, 20, what="the old leader's resignation")
    hosts.heal()
    with client(leader.zookeeper) as python:
        python.sync("/a")
        assert python.get("/a")[0] == b"from the new one"


def attempt(python, data: bytes) -> bool:
    try:
        python.set("/a", data)
        return True
    except (KazooException, OperationTimeoutError):
        return False


def test_a_follower_that_is_cut_off_disturbs_nobody(trio, hosts):
    """Writes go on meanwhile without a pause, and the leader stays the leader when it is back."""
    writers = start_writers(trio)
    leader, follower = trio.leader(), trio.followers()[0]
    others = [writer for writer in writers if writer.server is not follower]
    hosts.isolate(follower.number - 1)
    time.sleep(4)
    hosts.heal()
    healed = time.monotonic()
    eventually(lambda: follower.mode() == "follower" or None, 20, what="the follower's return")
    eventually(lambda: writers[follower.number - 1].first_after(healed), 20, what="writes through it")
    time.sleep(1)
    for writer in writers:
        writer.finish()
    assert leader.mode() == "leader", "the follower that came back unseated the leader"
    for writer in others:
        times = [at for at, _ in writer.acknowledged]
        gap = max(b - a for a, b in zip(times, times[1:]))
        assert gap < 1.0, f"{gap:.2f} s without a write through server {writer.server.number}"
    check_nothing_lost(trio, writers)


def test_one_of_three_serves_nothing_alone(trio, hosts):
    """Two hosts are gone: no write is acknowledged; when one is back, writes are."""
    with client(trio.hosts) as python:
        python.create("/a", b"before")
    last = trio.followers()[0]
    for server in trio.servers:
        if server is not last:
            server.kill()
    time.sleep(FAILOVER_SECONDS)
    assert last.mode() not in ("leader", "follower")
    with pytest.raises((Closed, OSError, AssertionError)):
        session = Session(last.zookeeper_address)
        session.socket.settimeout(3)
        session.set("/a", b"alone")
    next(server for server in trio.servers if server is not last).start()
    with client(last.zookeeper) as python:
        eventually(lambda: attempt(python, b"of two"), 20, what="a write")
        assert python.get("/a")[0] == b"of two"


def test_sessions_outlive_a_change_of_leader(trio, hosts):
    """A client of a follower keeps its session and ephemeral node while the leader is paused and another takes over."""
    leader, follower = trio.leader(), trio.followers()[0]
    one = connected(follower.zookeeper, timeout=8.0)
    one.create("/e", ephemeral=True)
    session = one.client_id[0]
    leader.pause()
    other = next(server for server in trio.servers if server not in (leader, follower))
    with client(other.zookeeper) as python:
        eventually(lambda: python.retry(python.ensure_path, "/after"), 20, what="a write")
        leader.resume()
        time.sleep(3)
        assert python.exists("/e").owner_session_id == session
    assert one.client_id[0] == session
    stopped(one)


def test_a_session_outlives_its_broker_that_nobody_hears(trio, hosts):
    """The client's broker hears the leader and is not heard: it lets go of its client in time, which goes on elsewhere."""
    leader, follower = trio.leader(), trio.followers()[0]
    one = connected(follower.zookeeper, timeout=4.0)
    one.set_hosts(trio.hosts)
    states = []
    one.add_listener(states.append)
    one.create("/e", ephemeral=True)
    session = one.client_id[0]
    hosts.mute(follower.number - 1)
    time.sleep(8)  # Two timeouts.
    assert "LOST" not in states, f"the session ended: {states}"
    assert one.connected and one.client_id[0] == session
    with client(leader.zookeeper) as python:
        python.sync("/e")
        assert python.exists("/e").owner_session_id == session
    one.set("/e", b"still mine")
    stopped(one)
