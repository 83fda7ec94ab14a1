"""kazoo clients that connect fast and end for certain."""

from contextlib import contextmanager

from kazoo.client import KazooClient
from kazoo.retry import KazooRetry


def connected(hosts: str, start_timeout: float = 20.0, **options) -> KazooClient:
    """A started client. Its retries are quick, since the servers are near."""
    options.setdefault("timeout", 10.0)
    options.setdefault("connection_retry", KazooRetry(max_tries=-1, delay=0.02, backoff=1.5, max_delay=0.2))
    one = KazooClient(hosts, **options)
    one.start(start_timeout)
    return one


def stopped(one: KazooClient) -> None:
    one.stop()
    one.close()


@contextmanager
def client(hosts: str, **options):
    one = connected(hosts, **options)
    try:
        yield one
    finally:
        stopped(one)
