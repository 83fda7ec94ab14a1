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

_numbers = itertools.count(1)
_live: list[Broker] = []
_shared: list[Broker] = []


# Seconds a test may take, its fixtures apart, and all of them together on two cores.
TEST_SECONDS, ALL_SECONDS = 120, 360
_began = time.monotonic()


def pytest_sessionstart(session):
    if session.config.option.collectonly:
        return
    if not os.access(binary(), os.X_OK):
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
