"""`needletail znode`, against our servers or ZooKeeper's."""

import json
import os
import select
import signal
import subprocess
import time

import pytest

from broker import binary, eventually, needletail
from coordination import client

pytestmark = pytest.mark.skipif(not os.access(binary(), os.X_OK), reason="no needletail program")


@pytest.fixture
def hosts(coordination, chroot) -> str:
    """The shared server, with a path of the test's own behind the address."""
    with client(coordination.hosts) as maker:
        maker.create(chroot)
    return coordination.hosts + chroot


@pytest.fixture
def znode(hosts):
    return lambda command, *words, **options: needletail("znode", command, *words, "--zookeeper", hosts, **options)


def good(done) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def refused(done, code: int, *words: str) -> None:
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[0].lower().startswith("error: ")
    for word in words:
        assert word in lines[0]


def test_create_get_set_delete(znode):
    assert good(znode("create", "/a", "hello")) == "/a\n"
    assert good(znode("get", "/a")) == "hello\n"
    assert good(znode("get", "/a", "--raw")) == "hello"
    good(znode("set", "/a", "other", "--if-version", 0))
    assert good(znode("get", "/a")) == "other\n"
    assert good(znode("ls", "/")) == "a\n"
    good(znode("delete", "/a"))
    assert good(znode("ls", "/")) == ""


def test_data_from_standard_input_and_files_is_what_it_is(znode, tmp_path):
    blob = bytes(range(256)) * 40
    file = tmp_path / "blob"
    file.write_bytes(blob)
    good(znode("create", "/a", "--file", file))
    assert good(znode("get", "/a", "--raw")).encode(errors="surrogateescape") == blob
    good(znode("set", "/a", "--file", "-", stdin=b"\x00\xff"))
    assert good(znode("get", "/a", "--raw")).encode(errors="surrogateescape") == b"\x00\xff"
    assert json.loads(good(znode("get", "/a", "--format", "json")))["dataBase64"] == "AP8="


def test_kinds_of_nodes(znode):
    assert good(znode("create", "/deep/er/still", "--parents")) == "/deep/er/still\n"
    assert good(znode("create", "/n-", "--sequential")) == "/n-0000000001\n"
    assert good(znode("create", "/c", "--container")) == "/c\n"
    assert good(znode("create", "/t", "--ttl-ms", 60000)) == "/t\n"
    assert good(znode("create", "/t", "--if-not-exists")) == "/t exists already\n"


def test_errors_are_one_line_and_an_exit_code(znode):
    good(znode("create", "/a"))
    good(znode("create", "/a/b"))
    refused(znode("create", "/a"), 1, "/a", "NODEEXISTS")
    refused(znode("create", "/x/y"), 1, "/x/y", "NONODE")
    refused(znode("get", "/x"), 1, "/x", "NONODE")
    refused(znode("set", "/a", "z", "--if-version", 9), 1, "/a", "BADVERSION")
    refused(znode("delete", "/a"), 1, "/a", "NOTEMPTY", "--recursive")
    refused(znode("get", "nopath"), 64, "nopath")
    refused(znode("get", "/a/"), 64, "/a/")
    refused(znode("create", "/b", "--acl", "nonsense"), 64)
    good(znode("delete", "/x", "--if-exists"))


def test_no_server_there():
    refused(needletail("znode", "ls", "/", "--zookeeper", "127.0.0.1:1"), 69, "127.0.0.1:1")


def test_tree_and_recursive_delete(znode):
    for path in ("/a", "/a/b", "/a/b/c", "/d"):
        good(znode("create", path, "xyz"))
    assert good(znode("tree", "/a")).split() == ["/a", "(3", "bytes)", "b", "(3", "bytes)", "c", "(3", "bytes)"]
    nodes = [json.loads(line) for line in good(znode("tree", "/", "--format", "json")).splitlines()]
    assert [node["path"] for node in nodes] == ["/", "/a", "/a/b", "/a/b/c", "/d"]
    assert nodes[1]["stat"]["numChildren"] == 1
    assert "/a/b/c" not in good(znode("tree", "/", "--depth", 2, "--format", "json"))
    good(znode("delete", "/a", "--recursive"))
    assert good(znode("ls", "/")) == "d\n"


def test_stat(znode):
    good(znode("create", "/a", "hello"))
    stat = json.loads(good(znode("get", "/a", "--stat", "--format", "json")))["stat"]
    assert stat["czxid"] == stat["mzxid"] == stat["pzxid"] > 0
    assert abs(stat["ctime"] - time.time() * 1000) < 30_000
    assert (stat["version"], stat["dataLength"], stat["ephemeralOwner"]) == (0, 5, 0)
    shown = good(znode("get", "/a", "--stat"))
    assert f"czxid={stat['czxid']:#x}" in shown


def test_identities(znode, hosts):
    good(znode("create", "/secret", "x", "--acl", "digest:ann:ZSXLGnbPhtyGKoPCsVgFMEaZQ6o=:cdrwa"))
    refused(znode("get", "/secret"), 1, "NOAUTH")
    # No such password, whatever it is.
    refused(znode("get", "/secret", "--auth", "digest:ann:wrong"), 1, "NOAUTH")
    with client(hosts, auth_data=[("digest", "bob:builder")]) as python:
        from kazoo.security import make_digest_acl
        python.create("/bobs", b"tools", acl=[make_digest_acl("bob", "builder", all=True)])
    assert good(znode("get", "/bobs", "--auth", "digest:bob:builder")) == "tools\n"


class Running:
    """The tool while it runs, read line by line."""

    def __init__(self, *words):
        self.process = subprocess.Popen([binary(), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def line(self, timeout: float = 10.0) -> str:
        assert select.select([self.process.stdout], [], [], timeout)[0], f"no line within {timeout} s"
        got = b""
        while not got.endswith(b"\n"):
            part = os.read(self.process.stdout.fileno(), 1)
            assert part, f"ended: {self.process.wait()} {self.process.stderr.read()}"
            got += part
        return got.decode().rstrip("\n")

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(10)


def test_an_ephemeral_node_lives_as_long_as_the_command(hosts):
    with client(hosts) as python:
        running = Running("znode", "create", "/e", "here", "--ephemeral", "--zookeeper", hosts)
        assert running.line() == "/e"
        assert python.get("/e")[0] == b"here"
        running.interrupt()
        eventually(lambda: python.exists("/e") is None, 5, what="the end of /e")


def test_watch_prints_what_happens(hosts):
    with client(hosts) as python:
        running = Running("znode", "watch", "/a", "--recursive", "--count", "4", "--zookeeper", hosts)
        # The watch is set when a change is told; until then, changes are made and undone.
        python.create("/a")
        deadline = time.monotonic() + 10
        while not select.select([running.process.stdout], [], [], 0.2)[0]:
            assert time.monotonic() < deadline, "no event"
            python.set("/a", b"again")
        first = running.line()
        assert first in ("NodeCreated /a", "NodeDataChanged /a")
        python.create("/a/b")
        line = running.line()
        while line != "NodeCreated /a/b":
            assert line == "NodeDataChanged /a"
            line = running.line()
        running.interrupt()


def test_watch_outlives_its_server(make_ensemble):
    ensemble = make_ensemble(3)
    ensemble.leader()
    with client(ensemble.hosts) as python:
        python.create("/a")
        running = Running("znode", "watch", "/a", "--zookeeper", ensemble.hosts)
        for number in range(3):
            server = ensemble.servers[number]
            server.kill()
            eventually(lambda: changed(python, running), 30, what="an event")
            server.start()
            ensemble.leader()
        running.interrupt()


def changed(python, running) -> bool:
    python.retry(python.set, "/a", b"x")
    if not select.select([running.process.stdout], [], [], 0.5)[0]:
        return False
    return running.line() == "NodeDataChanged /a"
