"""ZooKeeper's C client shell and Java shell, as Debian ships them, driven through their standard input."""

import re
import subprocess
import threading
import time

C_SHELL = "/usr/lib/zookeeper/bin/cli_mt"
JAVA_CLASSPATH = ":".join(f"/usr/share/java/{jar}.jar" for jar in ("zookeeper", "commons-cli", "slf4j-simple"))


class Shell:
    """One shell process; what it prints is kept, and waited for by pattern from a mark on."""

    command: list[str]
    session_pattern: str

    def __init__(self, hosts: str):
        self.process = subprocess.Popen(
            [part.replace("HOSTS", hosts) for part in self.command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, bufsize=0)
        self.output = ""
        self.mark = 0
        threading.Thread(target=self._read, daemon=True).start()
        self.session = int(self.wait(self.session_pattern, 20).group(1), 16)

    def _read(self) -> None:
        while part := self.process.stdout.read(65536):
            self.output += part.decode(errors="replace")

    def say(self, line: str) -> None:
        self.process.stdin.write(line.encode() + b"\n")

    def wait(self, pattern: str, timeout: float = 10.0) -> re.Match:
        """The next match behind the last one that was waited for."""
        deadline = time.monotonic() + timeout
        while True:
            found = re.compile(pattern, re.M).search(self.output, self.mark)
            if found:
                self.mark = found.end()
                return found
            assert self.process.poll() is None, f"the shell ended with {self.process.returncode}:\n{self.output[-3000:]}"
            assert time.monotonic() < deadline, f"no {pattern!r} within {timeout} s, but:\n{self.output[self.mark:][-3000:]}"
            time.sleep(0.01)

    def count(self, pattern: str) -> int:
        return len(re.findall(pattern, self.output, re.M))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class CShell(Shell):
    command = [C_SHELL, "HOSTS"]
    session_pattern = r"Got a new session id: (0x[0-9a-f]+)"
    changed = "Watcher CHANGED_EVENT state = CONNECTED_STATE for path {path}$"
    children = "Watcher CHILD_EVENT state = CONNECTED_STATE for path {path}$"
    created = "Watcher CREATED_EVENT state = CONNECTED_STATE for path {path}$"

    def watch_data(self, path: str) -> None:
        self.say(f"get {path}")
        self.wait(rf"^{path}: rc = 0$")

    def watch_children(self, path: str) -> None:
        self.say(f"ls {path}")
        self.wait(rf"^{path}: rc = 0$")

    def watch_creation(self, path: str) -> None:
        self.say(f"wexists {path}")
        self.wait(rf"^Error -101 for {path}$")

    def create(self, path: str, ephemeral: bool = False) -> None:
        self.say(f"create {'+e ' if ephemeral else ''}{path}")
        self.wait(rf"name = {path}$")


class JavaShell(Shell):
    command = ["java", "-cp", JAVA_CLASSPATH, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx64m",
               "org.apache.zookeeper.ZooKeeperMain", "-timeout", "8000", "-server", "HOSTS"]
    session_pattern = r"Session establishment complete on server .*, session id = (0x[0-9a-f]+)"
    changed = "WatchedEvent state:SyncConnected type:NodeDataChanged path:{path}$"
    children = "WatchedEvent state:SyncConnected type:NodeChildrenChanged path:{path}$"
    created = "WatchedEvent state:SyncConnected type:NodeCreated path:{path}$"

    def watch_data(self, path: str) -> None:
        self.say(f"stat -w {path}")
        self.wait(r"^numChildren = \d+$")

    def watch_children(self, path: str) -> None:
        self.say(f"ls -w {path}")
        self.wait(r"^\[.*\]$")

    def watch_creation(self, path: str) -> None:
        self.say(f"stat -w {path}")
        self.wait(rf"Node does not exist: {path}")

    def watch_recursively(self, path: str) -> None:
        self.say(f"addWatch -m PERSISTENT_RECURSIVE {path}")
        # The command says nothing; the next one's answer shows that it is done.
        self.say(f"stat {path}")
        self.wait(r"^numChildren = \d+$")

    def create(self, path: str, ephemeral: bool = False) -> None:
        self.say(f"create {'-e ' if ephemeral else ''}{path}")
        self.wait(rf"^Created {path}$")
