"""Fixtures: a broker that many tests share, brokers of one's own, topics with names never used before."""

import itertools
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from kafka.admin import KafkaAdminClient

from broker import Broker, binary
from coordination import client, connected, stopped
from ensemble import SUPER_DIGEST, Ensemble, is_reference

_numbers = itertools.count(1)
_live: list[Broker] = []
_shared: list = []
_ensembles: list[Ensemble] = []


# Seconds a test may take, its fixtures apart, and all of them together on two cores.
TEST_SECONDS, ALL_SECONDS = 120, 660
_began = time.monotonic()


def pytest_sessionstart(session):
    if session.config.option.collectonly:
        return
    if not is_reference() and not os.access(binary(), os.X_OK):
        pytest.exit(f"no program at {binary()}: build it, or name it by NEEDLETAIL", returncode=4)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what its brokers logged."""
    outcome = yield
    report = outcome.get_result()
    if report.failed and call.when == "call":
        for broker in _live:
            if broker in _shared and "broker" not in item.fixturenames:
                continue
            state = "running" if broker.is_alive() else "not running"
            report.sections.append((f"broker {broker.directory.name} ({state})", broker.tail()))
        for ensemble in _ensembles:
            if ensemble in _shared and not {"coordination", "coordination_trio"} & set(item.fixturenames):
                continue
            report.sections.append(("coordination servers", ensemble.tail()))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """A test that hangs fails instead, with its stack."""
    def ring(*_):
        raise TimeoutError(f"still running after {TEST_SECONDS} s")
    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(TEST_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def pytest_terminal_summary(terminalreporter):
    took = time.monotonic() - _began
    if took > ALL_SECONDS:
        terminalreporter.write_line(
            f"WARNING: the interop tests took {took:.0f} s; they should stay below {ALL_SECONDS} s on two cores", red=True)


@pytest.fixture(scope="session")
def _session_broker():
    directory = Path(tempfile.mkdtemp(prefix="needletail-interop-"))
    broker = Broker(directory)
    _live.append(broker)
    _shared.append(broker)
    broker.start()
    yield broker
    broker.kill()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def broker(_session_broker):
    """The shared one, for tests that do it no harm. If a test did kill it, the next gets it restarted."""
    if not _session_broker.is_alive():
        _session_broker.kill()
        _session_broker.start()
    yield _session_broker
    _session_broker.check_alive()


@pytest.fixture
def make_broker(tmp_path):
    """Brokers of the test's own: `make_broker(**{"log.segment.bytes": 1048576})`. Killed at the end."""
    made = []

    def make(started: bool = True, log_dirs: list | None = None, **overrides) -> Broker:
        broker = Broker(tmp_path / f"broker{len(made) + 1}", overrides, log_dirs)
        made.append(broker)
        _live.append(broker)
        return broker.start() if started else broker

    yield make
    for broker in made:
        broker.kill()
        _live.remove(broker)
        shutil.rmtree(broker.directory, ignore_errors=True)


# Everything switched on.
_GENEROUS = {
    "extendedTypesEnabled": "true", "DigestAuthenticationProvider.superDigest": SUPER_DIGEST, "maxClientCnxns": 0, "enforceQuota": "true",
}


def _shared_ensemble(count: int):
    directory = Path(tempfile.mkdtemp(prefix="needletail-interop-"))
    ensemble = Ensemble(directory, count, **_GENEROUS)
    _ensembles.append(ensemble)
    _shared.append(ensemble)
    ensemble.start()
    yield ensemble
    ensemble.close()
    _ensembles.remove(ensemble)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def _session_coordination():
    yield from _shared_ensemble(1)


@pytest.fixture(scope="module")
def _module_trio():
    yield from _shared_ensemble(3)


@pytest.fixture
def coordination(_session_coordination):
    """One coordination server that tests share; restarted if a test did kill it."""
    if not _session_coordination.servers[0].is_alive():
        _session_coordination.close()
        _session_coordination.start()
    yield _session_coordination
    _session_coordination.check_alive()


@pytest.fixture
def coordination_trio(_module_trio):
    """Three servers that the tests of a module share, and do no harm."""
    _module_trio.leader()
    yield _module_trio
    _module_trio.check_alive()


@pytest.fixture
def make_ensemble(tmp_path):
    """Coordination servers of the test's own: `make_ensemble(3, tickTime=200)`. Killed at the end."""
    made = []

    def make(count: int = 1, started: bool = True, **options) -> Ensemble:
        ensemble = Ensemble(tmp_path / f"ensemble{len(made) + 1}", count, **options)
        made.append(ensemble)
        _ensembles.append(ensemble)
        return ensemble.start() if started else ensemble

    yield make
    for ensemble in made:
        ensemble.close()
        _ensembles.remove(ensemble)
        shutil.rmtree(ensemble.directory, ignore_errors=True)


@pytest.fixture
def chroot(request) -> str:
    """A path never used before, for a test's own znodes; not created."""
    return f"/{request.node.originalname.removeprefix('test_')[:50]}-{os.getpid()}-{next(_numbers)}"


@pytest.fixture
def make_kazoo(coordination, chroot):
    """kazoo clients of the shared server, below a path of the test's own, connected: `make_kazoo(timeout=2.0)`."""
    with client(coordination.hosts) as maker:
        maker.create(chroot)
    made = []

    def make(**options):
        one = connected(coordination.hosts + chroot, **options)
        made.append(one)
        return one

    yield make
    for one in made:
        stopped(one)


@pytest.fixture
def znodes(make_kazoo):
    """One such client."""
    return make_kazoo()


@pytest.fixture
def topic(request) -> str:
    """A name never used before; the topic itself is not created."""
    return f"{request.node.originalname.removeprefix('test_')[:60]}-{next(_numbers)}"


@pytest.fixture
def confluent(broker):
    return AdminClient({"bootstrap.servers": broker.bootstrap})


@pytest.fixture
def python(broker):
    client = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    yield client
    client.close()
