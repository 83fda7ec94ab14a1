"""Several hosts on this machine: network namespaces with addresses of their own, and a network between them that can fail.

    root namespace 10.93.N.1 -- bridge -- veth -- [host 1: 10.93.N.11] [host 2: 10.93.N.12] [host 3: 10.93.N.13]

Tests reach every host from the root namespace, whatever is cut between the hosts. Needs root, `ip` and `iptables`.
"""

import os
import random
import shutil
import subprocess


def is_possible() -> str | None:
    """Why hosts cannot be made here; None when they can."""
    if os.geteuid() != 0:
        return "only root makes network namespaces"
    for tool in ("ip", "iptables"):
        if not shutil.which(tool):
            return f"no {tool} here"
    probe = f"probe{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True)
    if made.returncode != 0:
        return f"no network namespaces here: {made.stderr.strip()}"
    subprocess.run(["ip", "netns", "delete", probe], check=True)
    return None


def run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr.strip()}"


class Hosts:
    """`count` namespaces on one bridge; everything is gone after `close`."""

    def __init__(self, count: int):
        self.tag = f"nt{os.getpid() % 10000}{random.randint(0, 99):02}"
        self.bridge = f"{self.tag}b"
        subnet = random.randint(0, 255)
        self.addresses = [f"10.93.{subnet}.{11 + number}" for number in range(count)]
        self.names = [f"{self.tag}h{number}" for number in range(count)]
        try:
            run("ip", "link", "add", self.bridge, "type", "bridge")
            run("ip", "address", "add", f"10.93.{subnet}.1/24", "dev", self.bridge)
            run("ip", "link", "set", self.bridge, "up")
            for name, address in zip(self.names, self.addresses):
                outer, inner = f"{name}o", f"{name}i"
                run("ip", "netns", "add", name)
                run("ip", "link", "add", outer, "type", "veth", "peer", "name", inner)
                run("ip", "link", "set", inner, "netns", name)
                run("ip", "link", "set", outer, "master", self.bridge)
                run("ip", "link", "set", outer, "up")
                run("ip", "-n", name, "address", "add", f"{address}/24", "dev", inner)
                run("ip", "-n", name, "link", "set", inner, "up")
                run("ip", "-n", name, "link", "set", "lo", "up")
        except BaseException:
            self.close()
            raise

    @property
    def prefixes(self) -> list[list[str]]:
        """What stands before a command to run it on each host."""
        return [["ip", "netns", "exec", name] for name in self.names]

    def close(self) -> None:
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)
            subprocess.run(["ip", "link", "delete", f"{name}o"], capture_output=True)
        subprocess.run(["ip", "link", "delete", self.bridge], capture_output=True)

    # --- the network fails ---

    def cut(self, sender: int, receiver: int) -> None:
        """What `sender` sends to `receiver` is lost from now on, without a word to either; the other way goes on."""
        run("ip", "netns", "exec", self.names[receiver], "iptables", "-A", "INPUT", "-s", self.addresses[sender], "-j", "DROP")

    def isolate(self, number: int) -> None:
        """One host and the others lose each other, both ways. The root namespace still reaches them all."""
        for other in range(len(self.names)):
            if other != number:
                self.cut(number, other)
                self.cut(other, number)

    def mute(self, number: int) -> None:
        """Nobody hears the host, which hears all."""
        for other in range(len(self.names)):
            if other != number:
                self.cut(number, other)

    def deafen(self, number: int) -> None:
        """The host hears nobody, and all hear it."""
        for other in range(len(self.names)):
            if other != number:
                self.cut(other, number)

    def heal(self) -> None:
        for name in self.names:
            run("ip", "netns", "exec", name, "iptables", "-F", "INPUT")
