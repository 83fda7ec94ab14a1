"""Brokers that form a cluster: their membership as znodes, the controller, and metadata that all of them agree on."""

import json
import time

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from kazoo.exceptions import NoAuthError, NoNodeError

from broker import eventually, needletail
from coordination import client, connected, stopped
from ensemble import Ensemble, is_reference

pytestmark = pytest.mark.skipif(is_reference(), reason="ZooKeeper has no brokers")
SESSION_MS = 2000


@pytest.fixture
def trio(make_ensemble):
    ensemble = make_ensemble(3, properties={"broker.session.timeout.ms": SESSION_MS, "broker.heartbeat.interval.ms": 400})
    ensemble.leader()
    with client(ensemble.hosts) as python:
        eventually(lambda: ids(python) == [1, 2, 3], 15, what="three brokers")
    return ensemble


def ids(python) -> list[int]:
    try:
        return sorted(map(int, python.retry(python.get_children, "/brokers/ids")))
    except NoNodeError:  # The cluster is so new that there is none yet.
        return []


def controller(python) -> int | None:
    if python.exists("/controller") is None:
        return None
    return json.loads(python.get("/controller")[0])["brokerid"]


def test_each_broker_is_an_ephemeral_znode(trio):
    with client(trio.hosts) as python:
        for server in trio.servers:
            data, stat = python.get(f"/brokers/ids/{server.number}")
            assert stat.owner_session_id != 0
            found = json.loads(data)
            assert found["version"] == 5
            assert found["endpoints"] == [f"PLAINTEXT://127.0.0.1:{server.port}"], "the quorum's listener is not for clients"
            assert (found["host"], found["port"]) == ("127.0.0.1", server.port)
            assert found["listener_security_protocol_map"] == {"PLAINTEXT": "PLAINTEXT"}
            assert found["epoch"] == stat.czxid


def test_the_leader_is_the_controller(trio):
    with client(trio.hosts) as python:
        assert controller(python) == trio.leader().number
        assert python.exists("/controller").owner_session_id == python.exists(f"/brokers/ids/{trio.leader().number}").owner_session_id


def test_the_clusters_id(trio):
    with client(trio.hosts) as python:
        znode = json.loads(python.get("/cluster/id")[0])
    assert znode["version"] == "1"
    told = {AdminClient({"bootstrap.servers": s.bootstrap}).list_topics(timeout=10).cluster_id for s in trio.servers}
    assert told == {znode["id"]}


def test_clients_do_not_touch_the_clusters_znodes(trio):
    with client(trio.hosts) as python:
        with pytest.raises(NoAuthError):
            python.set("/brokers/ids/1", b"{}")
        with pytest.raises(NoAuthError):
            python.set("/controller", b"{}")
        with pytest.raises(NoAuthError):
            python.set("/cluster/id", b"{}")


def test_a_killed_broker_leaves_when_its_session_ends(trio):
    with client(trio.leader().zookeeper) as python:
        follower = trio.followers()[0]
        epoch = json.loads(python.get(f"/brokers/ids/{follower.number}")[0])["epoch"]
        follower.kill()
        killed = time.monotonic()
        eventually(lambda: follower.number not in ids(python), SESSION_MS / 1000 + 5, what="its leaving")
        took = time.monotonic() - killed
        assert took > SESSION_MS / 1000 * 0.6, f"gone after {took:.2f} s, before the session can have ended"
        follower.start()
        eventually(lambda: follower.number in ids(python), 10, what="its return")
        assert json.loads(python.get(f"/brokers/ids/{follower.number}")[0])["epoch"] > epoch


def test_a_stopped_broker_leaves_at_once(trio):
    with client(trio.leader().zookeeper) as python:
        follower = trio.followers()[0]
        assert follower.stop() == 0
        eventually(lambda: follower.number not in ids(python), 1.0, 0.01, "its leaving")


def test_the_controller_moves_with_the_leadership(trio):
    with client(trio.hosts) as python:
        for _ in range(3):
            old = trio.leader()
            epoch = json.loads(python.retry(python.get, "/controller")[0])["kraftControllerEpoch"]
            old.kill()
            eventually(lambda: controller_of(python) not in (None, old.number), 10, what="another controller")
            assert controller_of(python) == trio.leader().number
            assert json.loads(python.retry(python.get, "/controller")[0])["kraftControllerEpoch"] > epoch
            old.start()
            eventually(lambda: old.number in ids(python), 15, what="its return")


def controller_of(python) -> int | None:
    try:
        return controller(python)
    except Exception:
        return None


def test_topics_are_made_through_any_broker_and_known_to_all(trio):
    for server in trio.servers:
        create(server, f"through-{server.number}")
    wanted = {f"through-{server.number}" for server in trio.servers}
    for server in trio.servers:
        eventually(lambda: wanted <= topics(server), 10, what=f"all topics at broker {server.number}")


def test_topics_survive_every_broker_in_turn(trio):
    """The metadata log is the quorum's: whoever dies, what was acknowledged is known."""
    made = set()
    for number, server in enumerate(trio.servers * 2):
        server.kill()
        alive = next(other for other in trio.servers if other is not server)
        eventually(lambda: created(alive, f"round-{number}"), 20, what="a topic")
        made.add(f"round-{number}")
        server.start()
    for server in trio.servers:
        eventually(lambda: made <= topics(server), 10, what=f"all topics at broker {server.number}")
    for server in trio.servers:
        server.kill()
    trio.start()
    for server in trio.servers:
        eventually(lambda: made <= topics(server), 10, what=f"all topics at broker {server.number} after all were killed")


def create(server, topic: str) -> None:
    # One replica, since a partition's replication is another matter. librdkafka goes to the controller that it was told of, and waits
    # for that one alone until the request's time is over.
    admin = AdminClient({"bootstrap.servers": server.bootstrap})
    for future in admin.create_topics([NewTopic(topic, 1, 1)], operation_timeout=3, request_timeout=3).values():
        future.result(20)


def created(server, topic: str) -> bool:
    try:
        create(server, topic)
        return True
    except Exception as error:
        return "TOPIC_ALREADY_EXISTS" in str(error)


def topics(server) -> set[str]:
    return set(AdminClient({"bootstrap.servers": server.bootstrap}).list_topics(timeout=10).topics)


def test_a_voter_of_several_is_never_formatted_silently(make_ensemble):
    """A majority of wiped disks could elect a leader that has forgotten everything."""
    ensemble = make_ensemble(3, started=False)
    server = ensemble.servers[0]
    file = server.write_properties()
    done = needletail("start", file)
    assert done.returncode != 0
    assert "needletail format" in done.stderr


def test_a_wiped_voter_does_not_come_back_as_the_old_one(trio):
    follower = trio.followers()[0]
    follower.kill()
    follower.wipe()
    done = needletail("start", follower.write_properties())
    assert done.returncode != 0
    assert "format" in done.stderr
    with client(trio.leader().zookeeper) as python:
        python.create("/still-works")


def test_formatting_twice_changes_nothing(make_ensemble):
    ensemble = make_ensemble(3, started=False)
    files = [str(server.write_properties()) for server in ensemble.servers]
    assert needletail("format", *files).returncode == 0
    before = [(s.log_dirs[0] / "meta.properties").read_text() for s in ensemble.servers]
    again = needletail("format", *files)
    assert again.returncode != 0
    assert "formatted" in again.stderr + again.stdout
    assert [(s.log_dirs[0] / "meta.properties").read_text() for s in ensemble.servers] == before
    assert needletail("format", *files, "--ignore-formatted").returncode == 0
    assert [(s.log_dirs[0] / "meta.properties").read_text() for s in ensemble.servers] == before
