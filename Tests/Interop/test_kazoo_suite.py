"""kazoo's own tests, unmodified, as its package brings them: client, connection and every recipe, against three servers."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from broker import binary
from ensemble import is_reference

HERE = Path(__file__).parent
MODULES = [
    "client", "connection", "barrier", "cache", "counter", "election", "interrupt", "lease", "lock", "partitioner", "party",
    "queue", "watchers",
]
NOT_ASKED = {
    # TLS belongs to the broker's security, not to this.
    "TestSSLClient",
}
NOT_OURS = {
    # ZooKeeper's `server.N=host:port:port` strings; voters change by `needletail cluster add-voter` and Kafka's AddRaftVoter.
    "TestReconfig",
}
# These need several servers: they stop some, or add one.
OF_SEVERAL = {"test_update_host_list", "test_read_only", "TestReconfig"}


def run(module: str, size: int, where: Path) -> tuple[int, list[str]]:
    """How many tests passed, and what the others said."""
    without = NOT_ASKED | (set() if is_reference() else NOT_OURS) | (OF_SEVERAL if size == 1 else set())
    report = where / "report.xml"
    output = where / "output.txt"
    with open(output, "wb") as out:
        subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "kazoo_suite", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(where),
             "--pyargs", f"kazoo.tests.test_{module}", "-k", " and ".join(f"not {name}" for name in sorted(without)),
             f"--junitxml={report}", "-q", "-o", "junit_logging=no"],
            env=os.environ | {"PYTHONPATH": str(HERE), "NEEDLETAIL": binary(), "ZOOKEEPER_CLUSTER_SIZE": str(size)},
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd=where, timeout=115)
    assert report.exists(), output.read_text(errors="replace")[-5000:]
    passed, failed = 0, []
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname', '').rsplit('.', 1)[-1]}.{case.get('name')}"
        trouble = [child for child in case if child.tag in ("failure", "error")]
        if trouble:
            failed.append(f"{name}: {trouble[0].text[-3000:]}")
        elif not any(child.tag == "skipped" for child in case):
            passed += 1
    return passed, failed


def demand(passed: int, failed: list[str], least: int):
    assert not failed, f"{passed} passed, {len(failed)} failed:\n\n" + "\n\n".join(failed)
    assert passed >= least, f"only {passed} ran"


@pytest.mark.parametrize("module", MODULES)
def test_of_three_servers(tmp_path, module):
    demand(*run(module, 3, tmp_path), least=90 if module == "client" else 1)


def test_client_of_one_server(tmp_path):
    demand(*run("client", 1, tmp_path), least=90)
