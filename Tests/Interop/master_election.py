#!/usr/bin/env python3
"""Elects a master among programs: whoever holds the ephemeral znode /clusterx/master_ip is it, and its data says where.

    Tests/Interop/master_election.py --zookeeper 127.0.0.1:2181 --address 10.0.0.1      (one terminal)
    Tests/Interop/master_election.py --zookeeper 127.0.0.1:2181 --address 10.0.0.2      (another)

The first is the master; the second watches the znode. Kill the first (kill -9 too): its session ends within the session timeout, the
znode goes with it, and the second takes over. Any ZooKeeper client does the same in its language; this one is kazoo, unmodified.
"""
import argparse
import threading

from kazoo.client import KazooClient, KazooState
from kazoo.exceptions import NodeExistsError, NoNodeError

PATH = "/clusterx/master_ip"


class Candidate:
    def __init__(self, hosts: str, address: str, timeout: float):
        self.address = address
        self.client = KazooClient(hosts, timeout=timeout)
        # Set whenever it is time to look again: the master is gone, or the connection has changed.
        self.stir = threading.Event()
        self.client.add_listener(self.connection_changed)

    def connection_changed(self, state: str) -> None:
        if state != KazooState.CONNECTED:
            # Without a connection nobody knows whether the znode is still ours: a master must stop acting as one.
            print(f"{self.address}: {'session lost' if state == KazooState.LOST else 'connection lost'}", flush=True)
        self.stir.set()

    def run(self) -> None:
        self.client.start()
        self.client.ensure_path("/clusterx")
        while True:
            self.stir.clear()
            master = self.client.retry(self.elect)
            if master is not None:
                print(f"{self.address}: the master is {master}", flush=True)
                self.stir.wait()

    def elect(self) -> str | None:
        """The master's address, "me" if this program is it; None when that changed under its hands."""
        try:
            self.client.create(PATH, self.address.encode(), ephemeral=True)
        except NodeExistsError:
            pass
        try:
            # The watch comes with the reading: no change between the two can be missed.
            data, stat = self.client.get(PATH, watch=lambda event: self.stir.set())
        except NoNodeError:
            return None
        # By session, not by address: a program that was started again is not yet what its predecessor was.
        return "me" if stat.owner_session_id == self.client.client_id[0] else data.decode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zookeeper", default="127.0.0.1:2181", help="servers: HOST:PORT,HOST:PORT")
    parser.add_argument("--address", required=True, help="what the others shall know this program by")
    parser.add_argument("--timeout", type=float, default=4.0, help="seconds until a dead master's znode goes")
    options = parser.parse_args()
    Candidate(options.zookeeper, options.address, options.timeout).run()


if __name__ == "__main__":
    main()
