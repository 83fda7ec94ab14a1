"""Clients of three servers, some of which are killed: C, Java and Python go on with their sessions and their watches."""

import itertools
import random
import threading
import time

import pytest
from kazoo.exceptions import ConnectionLoss, KazooException, OperationTimeoutError, SessionExpiredError
from kazoo.recipe.lock import Lock

from broker import eventually
from coordination import client, connected, stopped
from ensemble import four_letters
from shells import CShell, JavaShell

SHELLS = [CShell, JavaShell]


@pytest.fixture
def trio(make_ensemble):
    ensemble = make_ensemble(3, maxClientCnxns=0)
    ensemble.leader()
    return ensemble


@pytest.fixture
def open_shell():
    made = []

    def make(kind, hosts):
        made.append(kind(hosts))
        return made[-1]

    yield make
    for shell in made:
        shell.kill()


def server_of(ensemble, session: int, timeout: float = 10.0):
    """The server that a session's connection goes to."""
    def look():
        for server in ensemble.servers:
            try:
                if server.is_alive() and f"sid=0x{session & (1 << 64) - 1:x}" in four_letters(server.zookeeper_address, "cons"):
                    return server
            except OSError:
                continue
        return None
    return eventually(look, timeout, what=f"a server with session {session:#x}")


@pytest.mark.parametrize("kind", SHELLS)
def test_watches_survive_the_death_of_the_server(trio, open_shell, kind):
    with client(trio.hosts) as python:
        for path in ("/data", "/parent", "/again"):
            python.create(path)
        shell = open_shell(kind, trio.hosts)
        shell.create("/mine", ephemeral=True)
        for number in range(2):
            shell.watch_data("/data")
            shell.watch_children("/parent")
            shell.watch_creation(f"/new{number}")
            first = server_of(trio, shell.session)
            first.kill()
            second = server_of(trio, shell.session, 15)
            assert second is not first
            eventually(lambda: write(python, "/data", b"changed"), 20, what="a write")
            shell.wait(kind.changed.format(path="/data"))
            python.retry(python.ensure_path, f"/parent/{number}")
            shell.wait(kind.children.format(path="/parent"))
            python.retry(python.ensure_path, f"/new{number}")
            shell.wait(kind.created.format(path=f"/new{number}"))
            assert python.retry(python.exists, "/mine").owner_session_id == signed(shell.session)
            first.start()
        assert shell.count(kind.changed.format(path="/data")) == 2, "each watch fired once"


@pytest.mark.parametrize("kind", SHELLS)
def test_what_changed_while_nobody_was_connected_is_told_afterwards(trio, open_shell, kind):
    with client(trio.hosts) as python:
        python.create("/data")
        shell = open_shell(kind, trio.hosts)
        shell.watch_data("/data")
        dead = server_of(trio, shell.session)
        alive = next(server for server in trio.servers if server is not dead)
        # Through another server, so that the change does not wait for anybody's reconnection.
        with client(alive.zookeeper) as other:
            dead.kill()
            eventually(lambda: write(other, "/data", b"meanwhile"), 20, what="a write")
        shell.wait(kind.changed.format(path="/data"), 20)


def test_recursive_watches_of_java_survive_too(trio, open_shell):
    with client(trio.hosts) as python:
        python.create("/tree")
        shell = open_shell(JavaShell, trio.hosts)
        shell.watch_recursively("/tree")
        for number in range(2):
            dead = server_of(trio, shell.session)
            dead.kill()
            server_of(trio, shell.session, 15)
            python.retry(python.ensure_path, f"/tree/{number}/deep")
            shell.wait(JavaShell.created.format(path=f"/tree/{number}/deep"))
            dead.start()


def write(python, path: str, data: bytes) -> bool:
    try:
        python.set(path, data)
        return True
    except (KazooException, OperationTimeoutError):
        return False


def signed(session: int) -> int:
    return session - (1 << 64) if session >= 1 << 63 else session


class Reaper(threading.Thread):
    """Kills one server after the other at random moments, and starts it again."""

    def __init__(self, ensemble, times: int, seed: int):
        super().__init__(daemon=True)
        self.ensemble, self.times, self.chance = ensemble, times, random.Random(seed)
        self.failure: BaseException | None = None

    def run(self):
        try:
            for _ in range(self.times):
                time.sleep(self.chance.uniform(0.3, 1.0))
                server = self.chance.choice(self.ensemble.servers)
                server.kill()
                time.sleep(self.chance.uniform(0.0, 0.8))
                server.start()
                # At most one is ever away: two that go at once take the majority with them.
                self.ensemble.leader()
        except BaseException as failure:
            self.failure = failure

    def check(self):
        self.join(100)
        assert not self.is_alive(), "still killing"
        if self.failure:
            raise self.failure


def test_what_was_acknowledged_is_there_though_servers_die(trio):
    """Four clients create, set and delete while servers are killed; the end agrees with what each was told."""
    reaper = Reaper(trio, times=6, seed=3)
    kept, unsure, gone = [], set(), []
    done = threading.Event()
    failures = []

    def work(number: int):
        try:
            one = connected(trio.hosts, timeout=8.0)
            for count in itertools.count():
                if done.is_set():
                    break
                path = f"/jobs/{number}-{count}"
                try:
                    one.create(path, str(count).encode())
                    kept.append(path)
                    if count % 3 == 0:
                        unsure.add(path)
                        one.delete(path)
                        unsure.discard(path)
                        kept.remove(path)
                        gone.append(path)
                except (ConnectionLoss, OperationTimeoutError, SessionExpiredError):
                    unsure.add(path)
                time.sleep(0.002)
            stopped(one)
        except BaseException as failure:
            failures.append(failure)

    with client(trio.hosts) as python:
        python.create("/jobs")
        workers = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(4)]
        for worker in workers:
            worker.start()
        reaper.start()
        reaper.check()
        done.set()
        for worker in workers:
            worker.join(30)
        assert not failures, failures
        assert len(kept) > 100, "hardly anything was acknowledged"
        for server in trio.servers:
            with client(server.zookeeper) as looker:
                looker.sync("/jobs")
                there = {f"/jobs/{name}" for name in looker.get_children("/jobs")}
                lost = set(kept) - there - unsure
                assert not lost, f"server {server.number}: {len(lost)} of {len(kept)} acknowledged and lost: {sorted(lost)[:5]}"
                risen = (set(gone) & there) - unsure
                assert not risen, f"server {server.number}: deleted and there again: {sorted(risen)[:5]}"


def test_a_lock_has_one_holder_though_servers_die(trio):
    """Three clients raise a number under kazoo's Lock, each by reading and then writing it with the version it read."""
    reaper = Reaper(trio, times=5, seed=8)
    done = threading.Event()
    holders, most, raised, failures = [], [0], [0], []

    def work(number: int):
        try:
            one = connected(trio.hosts, timeout=8.0)
            while not done.is_set():
                lock = Lock(one, "/lock", f"client {number}")
                try:
                    if not lock.acquire(timeout=5):
                        continue
                    holders.append(number)
                    most[0] = max(most[0], len(holders))
                    try:
                        value, stat = one.get("/number")
                        one.set("/number", str(int(value) + 1).encode(), stat.version)
                        raised[0] += 1
                    finally:
                        holders.remove(number)
                        one.retry(lock.release)
                except (KazooException, OperationTimeoutError):
                    continue
            stopped(one)
        except BaseException as failure:
            failures.append(failure)

    with client(trio.hosts) as python:
        python.create("/number", b"0")
        workers = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(3)]
        for worker in workers:
            worker.start()
        reaper.start()
        reaper.check()
        done.set()
        for worker in workers:
            worker.join(30)
        assert not failures, failures
        assert most[0] == 1, "two clients held the lock"
        # A raise whose answer was lost may have happened.
        assert int(python.retry(python.get, "/number")[0]) >= raised[0] > 10


def test_a_session_and_its_ephemerals_outlive_the_leader(trio):
    with client(trio.hosts, timeout=8.0) as python:
        python.create("/e", ephemeral=True)
        session = python.client_id[0]
        for _ in range(2):
            leader = trio.leader()
            leader.kill()
            eventually(lambda: write(python, "/e", b"x"), 20, what="a write")
            assert python.client_id[0] == session
            assert python.exists("/e").owner_session_id == session
            leader.start()


def test_ephemerals_of_a_dead_client_go_though_the_leader_died_too(trio):
    with client(trio.hosts) as python:
        lost = connected(trio.hosts, timeout=2.0)
        lost.create("/e", ephemeral=True)
        gone = threading.Event()

        @python.DataWatch("/e")
        def watch(data, stat):
            if stat is None:
                gone.set()

        # The client falls silent: its connection ends without the session being closed.
        lost._connection._socket.close()
        lost.handler.stop()
        leader = trio.leader()
        leader.kill()
        assert gone.wait(20), "the ephemeral is still there"
        leader.start()


def test_reads_after_a_sync_see_writes_made_through_another_server(trio):
    one, two = connected(trio.servers[0].zookeeper), connected(trio.servers[1].zookeeper)
    one.create("/a", b"0")
    for number in range(1, 100):
        one.set("/a", str(number).encode())
        two.sync("/a")
        assert two.get("/a")[0] == str(number).encode()
    stopped(one)
    stopped(two)


def test_zxids_agree_between_servers(trio):
    clients = [connected(server.zookeeper) for server in trio.servers]
    for number, one in enumerate(clients * 3):
        one.create(f"/n{number}")
    stats = []
    for one in clients:
        one.sync("/")
        stats.append([one.exists(f"/n{number}") for number in range(9)] + [one.exists("/")])
    assert stats[0] == stats[1] == stats[2]
    for one in clients:
        stopped(one)
