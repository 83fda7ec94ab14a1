"""Coordination servers under test, one or several: needletail's brokers, or Debian's ZooKeeper as the reference.

`NEEDLETAIL_ZOOKEEPER_REFERENCE=1` runs the tests against real ZooKeeper (Debian's package `zookeeper`, 3.8): a test that
fails there asks for something ZooKeeper does not do.
"""

import os
import re
import socket
import subprocess
import time
from pathlib import Path

from broker import Broker, BrokerDied, Process, eventually, free_port, needletail

REFERENCE_CLASSPATH = "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar"
# Of `super:secret`: base64 of SHA-1, as ZooKeeper's digest scheme has it.
SUPER_USER, SUPER_DIGEST = "super:secret", "super:lK75jTNcA+U9vtVEw5vB51mj/w4="


def is_reference() -> bool:
    return os.environ.get("NEEDLETAIL_ZOOKEEPER_REFERENCE", "") not in ("", "0")


def four_letters(address: tuple[str, int], word: str, timeout: float = 5.0) -> str:
    """What a server answers to a four-letter word, up to the end of the connection."""
    with socket.create_connection(address, timeout) as connection:
        connection.sendall(word.encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer.decode()


class Member:
    """What both kinds of server know of themselves as one of an ensemble."""

    number: int
    host: str
    client_port: int

    @property
    def zookeeper(self) -> str:
        return f"{self.host}:{self.client_port}"

    @property
    def zookeeper_address(self) -> tuple[str, int]:
        return (self.host, self.client_port)

    def mode(self) -> str | None:
        """leader, follower, observer, standalone, read-only; None when it does not serve."""
        try:
            found = re.search(r"^Mode: (.*)$", four_letters(self.zookeeper_address, "srvr", 1.0), re.M)
        except OSError:
            return None
        return found.group(1) if found else None


class ReferenceServer(Process, Member):
    """One Java ZooKeeper. `options` are names of zoo.cfg; ZooKeeper makes a system property of those it does not know."""

    # These are read as system properties under their full names only.
    PROPERTIES = {
        "jute.maxbuffer": "jute.maxbuffer", "readonlymode.enabled": "readonlymode.enabled",
        "znode.container.checkIntervalMs": "znode.container.checkIntervalMs",
        "skipACL": "zookeeper.skipACL",
    }

    def __init__(self, directory: Path, number: int, host: str, options: dict, java: list[str] | None = None):
        super().__init__(directory)
        self.number, self.host, self.options = number, host, dict(options)
        self.client_port, self.quorum_port, self.election_port = free_port(), free_port(), free_port()
        self.java = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"] if java is None else java
        self.peers: list["ReferenceServer"] = []

    def launch(self) -> None:
        assert self.process is None, "already running"
        data = self.directory / "data"
        data.mkdir(exist_ok=True)
        (data / "myid").write_text(f"{self.number}\n")
        lines = {
            "dataDir": data, "clientPort": self.client_port, "clientPortAddress": self.host, "admin.enableServer": "false",
            "initLimit": 10, "syncLimit": 5, **self.options,
        }
        properties = {self.PROPERTIES[name]: lines.pop(name) for name in list(lines) if name in self.PROPERTIES}
        if len(self.peers) > 1:
            for peer in self.peers:
                lines[f"server.{peer.number}"] = f"{peer.host}:{peer.quorum_port}:{peer.election_port}"
        file = self.directory / "zoo.cfg"
        file.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, "java", "-cp", REFERENCE_CLASSPATH, *self.java, "-Djava.net.preferIPv4Stack=true",
                 "-Dfile.encoding=UTF-8", "-Dorg.slf4j.simpleLogger.showDateTime=true",
                 *(f"-D{name}={value}" for name, value in properties.items()),
                 "org.apache.zookeeper.server.quorum.QuorumPeerMain", str(file)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)

    def wait_ready(self, timeout: float = 30.0) -> "ReferenceServer":
        deadline = time.monotonic() + timeout
        while self.mode() is None:
            if self.process.poll() is not None:
                code, self.process = self.process.returncode, None
                raise BrokerDied(f"exit {code} before it served\n{self.tail()}")
            if time.monotonic() > deadline:
                raise BrokerDied(f"does not serve within {timeout} s\n{self.tail()}")
            time.sleep(0.05)
        return self

    def start(self, timeout: float = 30.0) -> "ReferenceServer":
        self.launch()
        return self.wait_ready(timeout)

    def wipe(self) -> None:
        """Forgets everything; the process must be down."""
        subprocess.run(["rm", "-rf", str(self.directory / "data")], check=True)


class NeedletailServer(Broker, Member):
    """One broker with its ZooKeeper listener. `options` are ZooKeeper's names, which the broker's settings prefix."""

    def __init__(self, directory: Path, number: int, host: str, options: dict):
        self.client_port, self.quorum_port = free_port(), free_port()
        super().__init__(directory, {
            "node.id": number,
            "zookeeper.listeners": f"{host}:{self.client_port}",
            **{f"zookeeper.{name}": value for name, value in options.items()},
        })
        self.number, self.host = number, host
        self.peers: list["NeedletailServer"] = []
        self.properties["http.listener"] = f"{host}:{self.http_port}"
        self.properties["listeners"] = f"PLAINTEXT://{host}:{self.port}"

    def join(self, peers: list["NeedletailServer"]) -> None:
        self.peers = peers
        if len(peers) > 1:
            self.properties |= {
                "process.roles": "broker,controller",
                "controller.listener.names": "CONTROLLER",
                "listeners": f"PLAINTEXT://{self.host}:{self.port},CONTROLLER://{self.host}:{self.quorum_port}",
                "controller.quorum.voters": ",".join(f"{p.number}@{p.host}:{p.quorum_port}" for p in peers),
            }

    @property
    def bootstrap(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def address(self) -> tuple[str, int]:
        return (self.host, self.port)

    def wipe(self) -> None:
        """Forgets everything; the process must be down. A voter of several has to be formatted again."""
        for directory in self.log_dirs:
            subprocess.run(["rm", "-rf", str(directory)], check=True)


class Ensemble:
    """Servers that form one coordination service. Nothing runs before `start`; `close` kills what does."""

    def __init__(self, directory: Path, count: int = 1, hosts: list[str] | None = None, prefixes: list[list[str]] | None = None,
                 reference: bool | None = None, java: list[str] | None = None, properties: dict | None = None, **options):
        """`options` are ZooKeeper's; `properties` are the broker's, which ZooKeeper does not have."""
        self.reference = is_reference() if reference is None else reference
        self.options = {"tickTime": 500, "4lw.commands.whitelist": "*"}
        self.options |= {name.replace("__", "."): value for name, value in options.items()}
        self.directory = Path(directory)
        self.servers: list = []
        for number in range(1, count + 1):
            host, where = (hosts or ["127.0.0.1"] * count)[number - 1], self.directory / f"server{number}"
            server = ReferenceServer(where, number, host, self.options, java) if self.reference \
                else NeedletailServer(where, number, host, self.options)
            server.prefix = prefixes[number - 1] if prefixes else []
            if not self.reference:
                server.properties |= {name: str(value) for name, value in (properties or {}).items()}
            self.servers.append(server)
        for server in self.servers:
            if self.reference:
                server.peers = self.servers
            else:
                server.join(self.servers)
        self.formatted = False

    def format(self) -> None:
        """A quorum of several is formatted explicitly, once; one broker does it by itself."""
        if not self.reference and len(self.servers) > 1:
            done = needletail("format", *(str(server.write_properties()) for server in self.servers))
            assert done.returncode == 0, f"needletail format: {done.returncode}\n{done.stdout}{done.stderr}"
        self.formatted = True

    def start(self, timeout: float = 40.0) -> "Ensemble":
        if not self.formatted:
            self.format()
        down = [server for server in self.servers if not server.is_alive()]
        for server in down:
            server.process = None
            server.launch()
        for server in down:
            server.wait_ready(timeout)
        return self

    def close(self) -> None:
        for server in self.servers:
            server.kill()

    def add(self) -> "NeedletailServer":
        """One more broker, without a vote; formatted, not started."""
        number = len(self.servers) + 1
        first, host = self.servers[0], "127.0.0.1"
        server = NeedletailServer(self.directory / f"server{number}", number, host, self.options)
        server.peers = self.servers
        server.properties |= {
            "process.roles": "broker,controller", "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{host}:{server.port},CONTROLLER://{host}:{server.quorum_port}",
            "controller.quorum.bootstrap.servers": ",".join(f"{peer.host}:{peer.quorum_port}" for peer in self.servers),
        }
        kept = (first.log_dirs[0] / "meta.properties").read_text()
        cluster = re.search(r"^cluster\.id=(.*)$", kept, re.M).group(1)
        done = needletail("format", server.write_properties(), "--cluster-id", cluster, "--no-initial-voters")
        assert done.returncode == 0, done.stdout + done.stderr
        self.servers.append(server)
        return server

    # --- looks ---

    @property
    def hosts(self) -> str:
        return ",".join(server.zookeeper for server in self.servers)

    def leader(self, timeout: float = 30.0):
        """The server that leads; of one server, that one."""
        return eventually(self.current_leader, timeout, what="a leader")

    def current_leader(self):
        return next((s for s in self.servers if s.is_alive() and s.mode() in ("leader", "standalone")), None)

    def followers(self) -> list:
        leader = self.leader()
        return [server for server in self.servers if server is not leader]

    def check_alive(self) -> None:
        for server in self.servers:
            server.check_alive()

    def tail(self) -> str:
        return "\n".join(f"--- {server.directory.name}\n{server.tail(25)}" for server in self.servers)
