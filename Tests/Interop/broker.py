"""One broker process under test: started, killed, restarted, looked at from outside."""

import os
import random
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READY = re.compile(r"^needletail ready (.*)$", re.M)


def binary() -> str:
    """The program under test: `NEEDLETAIL`, or the release build."""
    return os.environ.get("NEEDLETAIL") or str(ROOT / ".build-release" / "release" / "needletail")


_given: set[int] = set()


def free_port() -> int:
    """A port nobody listens on, below the ephemeral range: no outgoing connection can take it while the broker is down."""
    while True:
        port = random.randint(12000, 32000)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                _given.add(port)
                return port
            except OSError:
                continue


class BrokerDied(AssertionError):
    """The process ended, or did not become ready in time; the message ends with the log's tail."""


class Process:
    """A server's process: killed, paused, restarted, and looked at from outside. Who inherits says how it starts."""

    def __init__(self, directory: Path):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log_path = self.directory / "broker.log"
        self.process: subprocess.Popen | None = None
        # What stands before the command: `ip netns exec NAME` puts the process into a network of its own.
        self.prefix: list[str] = []

    def start(self, timeout: float = 15.0) -> "Process":
        raise NotImplementedError

    # --- life ---

    def kill(self) -> None:
        """SIGKILL: the process is gone, what it wrote to the page cache stays."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def stop(self, timeout: float = 15.0) -> int:
        """SIGTERM, and its exit code."""
        process = self.process
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise BrokerDied(f"still running {timeout} s after SIGTERM\n{self.tail()}") from None
        process.stdout.close()
        self.process = None
        return code

    def restart(self, clean: bool = False) -> "Process":
        if self.process is not None:
            if clean:
                self.stop()
            else:
                self.kill()
        return self.start()

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    # --- looks ---

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def check_alive(self) -> None:
        if not self.is_alive():
            code = self.process.returncode if self.process else None
            raise BrokerDied(f"the broker ended by itself with exit code {code}\n{self.tail()}")

    def resident_bytes(self) -> int:
        return self._status("VmRSS")

    def peak_resident_bytes(self) -> int:
        return self._status("VmHWM")

    def _status(self, field: str) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
        raise AssertionError(f"no {field} in /proc/{self.pid}/status")

    def open_descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def tail(self, lines: int = 60) -> str:
        return "\n".join(["--- the log's last lines", *self.log().splitlines()[-lines:]])


class Broker(Process):
    """Starts `needletail start FILE` on fixed ports and a directory of its own, so that it can be restarted in place.

    `overrides` are properties under Kafka's names; underscores in keyword arguments stand for dots.
    """

    def __init__(self, directory: Path, overrides: dict | None = None, log_dirs: list | None = None):
        super().__init__(directory)
        self.log_dirs = [Path(d) for d in (log_dirs or [self.directory / "data"])]
        self.port = free_port()
        self.http_port = free_port()
        self.ready: dict[str, str] = {}
        self.ready_seconds = 0.0
        self.properties = {
            "node.id": "1",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "http.listener": f"127.0.0.1:{self.http_port}",
            "log.dirs": ",".join(str(d) for d in self.log_dirs),
            # The machine's own disk may be nearly full; only the tests of a full disk look at this.
            "log.dir.min.free.bytes": "1048576",
        }
        self.properties.update({name.replace("_", "."): str(value) for name, value in (overrides or {}).items()})

    def start(self, timeout: float = 15.0) -> "Broker":
        self.launch()
        return self.wait_ready(timeout)

    def launch(self) -> None:
        """Starts the process and does not wait: a voter is ready only when its quorum is."""
        assert self.process is None, "already running"
        file = self.write_properties()
        self._began = time.monotonic()
        with open(self.log_path, "ab") as log:
            log.write(f"--- start {time.strftime('%H:%M:%S')}\n".encode())
            self.process = subprocess.Popen(
                [*self.prefix, binary(), "start", str(file)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)

    def write_properties(self) -> Path:
        file = self.directory / "broker.properties"
        file.write_text("".join(f"{name}={value}\n" for name, value in self.properties.items()))
        return file

    def wait_ready(self, timeout: float = 15.0) -> "Broker":
        os.set_blocking(self.process.stdout.fileno(), False)
        output = b""
        while time.monotonic() - self._began < timeout:
            output += self.process.stdout.read() or b""
            found = READY.search(output.decode(errors="replace"))
            if found:
                self.ready_seconds = time.monotonic() - self._began
                self.ready = dict(pair.split("=", 1) for pair in found.group(1).split())
                return self
            if self.process.poll() is not None:
                code, self.process = self.process.returncode, None
                raise BrokerDied(f"exit {code} before the ready line\n{self.tail()}")
            time.sleep(0.002)
        self.kill()
        raise BrokerDied(f"no ready line within {timeout} s\n{self.tail()}")

    # --- looks ---

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    @property
    def http(self) -> str:
        return "http://" + self.ready.get("http", f"127.0.0.1:{self.http_port}")

    def partition_directory(self, topic: str, partition: int = 0) -> Path:
        for directory in self.log_dirs:
            if (directory / f"{topic}-{partition}").is_dir():
                return directory / f"{topic}-{partition}"
        raise AssertionError(f"no directory of {topic}-{partition} in {self.log_dirs}")


def needletail(*arguments: str, stdin: bytes | str | None = None, timeout: float = 30.0) -> subprocess.CompletedProcess:
    """Runs the tool as a user would and returns exit code and text."""
    if isinstance(stdin, str):
        stdin = stdin.encode()
    done = subprocess.run(
        [binary(), *map(str, arguments)], input=stdin if stdin is not None else b"", capture_output=True, timeout=timeout)
    done.stdout = done.stdout.decode(errors="surrogateescape")
    done.stderr = done.stderr.decode(errors="surrogateescape")
    return done


def eventually(condition, timeout: float = 10.0, every: float = 0.05, what: str = "condition"):
    """The first truthy value of `condition()`, or a failure that says what was awaited and what came last."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {timeout} s: {what} (last: {value!r})"
        time.sleep(every)
