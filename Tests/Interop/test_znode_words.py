"""The four-letter words that operators and clients send, and the list of those a server answers."""

import re
import socket

import pytest

from ensemble import four_letters
from jute import EPHEMERAL, PERSISTENT, Closed, Session, i32, text

# As ZooKeeper names what nobody but it has; monitors look for these.
MONITORED = {
    "zk_version": r"\d+\.\d+\.\d+.*", "zk_server_state": "standalone|leader|follower", "zk_avg_latency": r"\d+(\.\d+)?", "zk_max_latency": r"\d+",
    "zk_min_latency": r"\d+", "zk_packets_received": r"\d+", "zk_packets_sent": r"\d+", "zk_num_alive_connections": r"\d+",
    "zk_outstanding_requests": r"\d+", "zk_znode_count": r"\d+", "zk_watch_count": r"\d+", "zk_ephemerals_count": r"\d+",
    "zk_approximate_data_size": r"\d+",
}


@pytest.fixture
def word(coordination):
    return lambda name: four_letters(coordination.servers[0].zookeeper_address, name)


@pytest.fixture
def session(coordination):
    made = Session(coordination.servers[0].zookeeper_address)
    yield made
    made.close()


def pairs(answer: str, by: str) -> dict[str, str]:
    return dict(line.split(by, 1) for line in answer.splitlines() if by in line)


def test_ruok(word):
    assert word("ruok") == "imok"


def test_isro(word):
    assert word("isro") == "rw"


def test_srvr_says_how_the_server_is(word, session):
    session.exists("/")
    answer = word("srvr")
    assert re.match(r"Zookeeper version: \d+\.\d+\.\d+", answer)
    found = pairs(answer, ": ")
    assert re.fullmatch(r"\d+/\d+(\.\d+)?/\d+", found["Latency min/avg/max"])
    assert int(found["Received"]) > 0
    assert int(found["Sent"]) > 0
    assert int(found["Connections"]) >= 1
    assert int(found["Outstanding"]) >= 0
    assert found["Mode"] == "standalone"
    assert int(found["Node count"]) >= 4


def test_srvr_names_the_last_transaction(word, session, chroot):
    session.create(chroot)
    made = session.exists(chroot).czxid
    assert int(pairs(word("srvr"), ": ")["Zxid"], 16) >= made


def test_node_count_counts(word, session, chroot):
    before = int(pairs(word("srvr"), ": ")["Node count"])
    session.create(chroot)
    session.create(chroot + "/child")
    assert int(pairs(word("srvr"), ": ")["Node count"]) == before + 2


def test_stat_lists_clients_before_the_rest(word, session):
    session.exists("/")
    answer = word("stat")
    lines = answer.splitlines()
    assert lines[1] == "Clients:"
    assert re.search(r"^ /127\.0\.0\.1:\d+\[\d+\]\(queued=\d+,recved=\d+,sent=\d+\)$", answer, re.M)
    assert lines[-2].startswith("Mode: ")
    assert lines[-1].startswith("Node count: ")


def test_envi_has_a_version_that_clients_understand(word):
    answer = word("envi")
    assert answer.splitlines()[0] == "Environment:"
    found = pairs(answer, "=")
    assert re.match(r"\d+\.\d+\.\d+", found["zookeeper.version"])
    assert found["host.name"]
    assert found["os.name"] == "Linux"


def test_conf_shows_the_settings(word):
    found = pairs(word("conf"), "=")
    assert found["tickTime"] == "500"
    assert found["minSessionTimeout"] == "1000"
    assert found["maxSessionTimeout"] == "10000"
    assert found["maxClientCnxns"] == "0"
    assert found["dataDir"]


def test_cons_shows_each_connection(word, session):
    session.exists("/")
    ours = session.socket.getsockname()[1]
    line = next(line for line in word("cons").splitlines() if f":{ours}[" in line)
    assert re.match(rf" /127\.0\.0\.1:{ours}\[\d+\]\(queued=\d+,recved=\d+,sent=\d+", line)
    assert f"sid=0x{session.id & (1 << 64) - 1:x}" in line
    assert "to=10000" in line


def test_crst_and_srst_start_counting_anew(word, session):
    for _ in range(20):
        session.exists("/")
    assert word("crst") == "Connection stats reset.\n"
    ours = session.socket.getsockname()[1]
    line = next(line for line in word("cons").splitlines() if f":{ours}[" in line)
    assert int(re.search(r"recved=(\d+)", line).group(1)) == 0
    assert word("srst") == "Server stats reset.\n"
    assert int(pairs(word("srvr"), ": ")["Received"]) < 5


def test_dump_shows_sessions_and_their_ephemerals(word, session, chroot):
    session.create(chroot, flags=EPHEMERAL)
    answer = word("dump")
    number = f"0x{session.id & (1 << 64) - 1:x}"
    assert answer.startswith("SessionTracker dump:\n")
    assert re.search(rf"^{number}:\n\t{re.escape(chroot)}$", answer, re.M), answer


def test_watches_are_counted_and_listed(word, session, chroot):
    session.create(chroot)
    session.exists(chroot, watch=True)
    session.children(chroot, watch=True)
    number = f"0x{session.id & (1 << 64) - 1:x}"
    connections, paths, total = map(int, re.fullmatch(
        r"(\d+) connections? watching (\d+) paths?\nTotal watches:(\d+)\n?", word("wchs")).groups())
    assert connections >= 1
    assert paths >= 1
    assert total >= 1
    assert re.search(rf"^{number}\n(\t.*\n)*\t{re.escape(chroot)}$", word("wchc"), re.M)
    assert re.search(rf"^{re.escape(chroot)}\n(\t.*\n)*\t{number}$", word("wchp"), re.M)


def test_mntr_is_what_monitors_read(word, session, chroot):
    session.create(chroot, flags=EPHEMERAL)
    session.exists(chroot, watch=True)
    found = pairs(word("mntr"), "\t")
    for name, form in MONITORED.items():
        assert name in found, f"no {name}"
        assert re.fullmatch(form, found[name]), f"{name} is {found[name]}"
    assert int(found["zk_ephemerals_count"]) >= 1
    assert int(found["zk_watch_count"]) >= 1
    assert int(found["zk_num_alive_connections"]) >= 1


def test_mntr_counts_znodes_and_bytes(word, session, chroot):
    before = pairs(word("mntr"), "\t")
    session.create(chroot, b"x" * 1000)
    after = pairs(word("mntr"), "\t")
    assert int(after["zk_znode_count"]) == int(before["zk_znode_count"]) + 1
    # ZooKeeper counts the path, too.
    assert int(after["zk_approximate_data_size"]) - int(before["zk_approximate_data_size"]) in (1000, 1000 + len(chroot))


def test_dirs_shows_the_bytes_on_disk(word):
    assert re.fullmatch(r"datadir_size: \d+\nlogdir_size: \d+\n", word("dirs"))


def test_trace_masks(word):
    assert int(word("gtmk")) >= 0


def test_hash_is_a_list_of_digests(word):
    for line in word("hash").splitlines():
        assert re.match(r"\w", line)


def test_a_word_in_pieces(coordination):
    with socket.create_connection(coordination.servers[0].zookeeper_address, 5) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for letter in b"ruok":
            connection.sendall(bytes([letter]))
        assert connection.recv(100) == b"imok"


def test_a_word_with_a_line_end_behind_it(coordination):
    """As `echo ruok | nc` sends it."""
    with socket.create_connection(coordination.servers[0].zookeeper_address, 5) as connection:
        connection.sendall(b"ruok\n")
        assert connection.recv(100) == b"imok"


def test_an_unknown_word_ends_the_connection(coordination):
    with socket.create_connection(coordination.servers[0].zookeeper_address, 5) as connection:
        connection.sendall(b"what")
        connection.settimeout(5)
        try:
            assert connection.recv(100) == b""
        except ConnectionError:
            pass


def test_only_srvr_is_answered_unless_others_are_listed(make_ensemble):
    ensemble = make_ensemble(1, **{"4lw.commands.whitelist": "srvr"})
    address = ensemble.servers[0].zookeeper_address
    assert "Mode: standalone" in four_letters(address, "srvr")
    for name in ("ruok", "stat", "mntr", "conf", "cons", "dump", "envi", "wchs", "wchc", "wchp", "dirs", "crst", "srst"):
        assert four_letters(address, name) == f"{name} is not executed because it is not in the whitelist.\n"
    ensemble.close()


def test_a_list_of_words(make_ensemble):
    ensemble = make_ensemble(1, **{"4lw.commands.whitelist": "srvr, ruok ,mntr"})
    address = ensemble.servers[0].zookeeper_address
    assert four_letters(address, "ruok") == "imok"
    assert "zk_version" in four_letters(address, "mntr")
    assert "whitelist" in four_letters(address, "conf")
