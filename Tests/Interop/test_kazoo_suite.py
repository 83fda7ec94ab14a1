"""kazoo's own tests, unmodified, as its package brings them: client, connection and every recipe, against three servers."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
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


@pytest.fixture(scope="module")
def runs(request, tmp_path_factory):
    """The runs that are asked for, three at a time: most of kazoo's tests wait for time to pass."""
    wanted = {item.callspec.params["which"] for item in request.session.items if item.module is request.module}
    with ThreadPoolExecutor(3) as pool:
        yield {which: pool.submit(run, *which, tmp_path_factory.mktemp("kazoo")) for which in RUNS if which in wanted}


# The longest first.
RUNS = [(module, 3) for module in MODULES] + [("client", 1)]
RUNS.sort(key=lambda which: which[0] not in ("client", "connection", "partitioner", "watchers", "lock"))


@pytest.mark.parametrize("which", RUNS, ids=lambda which: f"{which[0]} of {which[1]}")
def test_kazoo(runs, which):
    demand(*runs[which].result(), least=90 if which[0] == "client" else 1)
