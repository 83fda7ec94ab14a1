"""The README's example: two programs elect a master, one is killed, the other takes over."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from broker import eventually
from coordination import client

PROGRAM = Path(__file__).parent / "master_election.py"
TIMEOUT = 2.0


class Candidate:
    def __init__(self, hosts: str, address: str):
        self.address = address
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), "--zookeeper", hosts, "--address", address, "--timeout", str(TIMEOUT)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def wait(self, what: str, timeout: float = 15.0) -> None:
        eventually(lambda: f"{self.address}: {what}" in self.lines, timeout, 0.01, f"{self.address}: {what} in {self.lines}")

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.mark.parametrize("servers", [1, 3])
def test_the_other_takes_over(make_ensemble, servers):
    ensemble = make_ensemble(servers)
    ensemble.leader()
    one = two = None
    try:
        one = Candidate(ensemble.hosts, "10.0.0.1")
        one.wait("the master is me")
        two = Candidate(ensemble.hosts, "10.0.0.2")
        two.wait("the master is 10.0.0.1")
        with client(ensemble.hosts) as looker:
            assert looker.get("/clusterx/master_ip")[0] == b"10.0.0.1"
            one.kill()
            killed = time.monotonic()
            two.wait("the master is me")
            took = time.monotonic() - killed
            assert looker.get("/clusterx/master_ip")[0] == b"10.0.0.2"
        assert took < TIMEOUT + 2, f"took over after {took:.1f} s, the session's timeout is {TIMEOUT} s"
        assert took > TIMEOUT / 3, f"took over after {took:.1f} s, before the session can have ended"
        assert "10.0.0.2: the master is me" not in two.lines[:1]
        # Back again, it finds a master and is none.
        one = Candidate(ensemble.hosts, "10.0.0.1")
        one.wait("the master is 10.0.0.2")
        if servers == 3:
            leader = ensemble.leader()
            leader.kill()
            with client(ensemble.hosts) as looker:
                eventually(lambda: looker.retry(looker.exists, "/clusterx/master_ip"), 20, what="the znode")
                assert looker.retry(looker.get, "/clusterx/master_ip")[0] == b"10.0.0.2", "the servers' leader is not the programs' master"
            assert "10.0.0.1: the master is me" not in one.lines
    finally:
        for candidate in (one, two):
            if candidate:
                candidate.kill()
