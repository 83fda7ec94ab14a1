"""Lets kazoo's own tests, which come with its package, run against the servers of `ensemble.py`.

    PYTHONPATH=Tests/Interop .venv/bin/python -m pytest -p kazoo_suite --pyargs kazoo.tests.test_client

kazoo's harness starts its servers through `kazoo.testing.common`; this puts another module there, whose clusters are ours.
One cluster serves all test classes, each of which works below a path of its own.
"""

import os
import shutil
import sys
import tempfile
import types
from pathlib import Path

from ensemble import Ensemble, is_reference

os.environ.setdefault("ZOOKEEPER_VERSION", "3.8.0")
_ensembles: dict[tuple, Ensemble] = {}


class Server:
    """One server as kazoo's harness knows it."""

    def __init__(self, cluster: "ZookeeperCluster", number: int):
        self.cluster, self.number = cluster, number

    @property
    def server(self):
        return self.cluster.ensemble.servers[self.number]

    @property
    def address(self) -> str:
        return self.server.zookeeper

    secure_address = address

    @property
    def client_port(self) -> int:
        return self.server.client_port

    @property
    def running(self) -> bool:
        return self.server.is_alive()

    def run(self) -> None:
        if not self.running:
            self.server.process = None
            self.server.launch()

    def stop(self) -> None:
        if self.running:
            self.server.stop()

    def get_logs(self, num_lines: int = 100) -> list[str]:
        return self.server.tail(num_lines).splitlines(keepends=True)


class ZookeeperCluster:
    def __init__(self, size=3, configuration_entries=(), java_system_properties=(), **_):
        options = dict(entry.split("=", 1) for entry in configuration_entries)
        for entry in java_system_properties:
            name, value = entry.removeprefix("-Dzookeeper.").split("=", 1)
            options[name] = value
        options |= {"maxClientCnxns": 0, "readonlymode.enabled": "true", "tickTime": 1000}
        # Sessions that one server alone knows: only ZooKeeper needs them for its read-only mode.
        if not is_reference() or options.get("localSessionsEnabled") != "true":
            options = {name: value for name, value in options.items() if "localSessions" not in name}
        key = (size, *sorted(options.items()))
        if key not in _ensembles:
            # A configuration that changed: the servers of the old one make room.
            close_all()
            directory = Path(tempfile.mkdtemp(prefix="needletail-kazoo-"))
            _ensembles[key] = Ensemble(directory, size, **options)
        self.ensemble = _ensembles[key]
        self.servers = [Server(self, number) for number in range(size)]

    def __getitem__(self, number):
        return self.servers[number]

    def __iter__(self):
        return iter(self.servers)

    def start(self) -> None:
        self.ensemble.start()
        self.ensemble.leader()

    def stop(self) -> None:
        for server in self:
            server.stop()

    def terminate(self) -> None:
        """The servers stay for the next class; they end with the run."""

    def reset(self) -> None:
        raise NotImplementedError("no test of kazoo's asks for this")

    def get_logs(self) -> list[str]:
        return [line for server in self for line in server.get_logs()]

    def get_ssl_client_configuration(self):
        raise NotImplementedError("no TLS here")


def close_all() -> None:
    for ensemble in _ensembles.values():
        ensemble.close()
        shutil.rmtree(ensemble.directory, ignore_errors=True)
    _ensembles.clear()


def pytest_configure(config):
    module = types.ModuleType("kazoo.testing.common")
    module.ZookeeperCluster = ZookeeperCluster
    sys.modules["kazoo.testing.common"] = module


def pytest_unconfigure(config):
    close_all()
