"""ZooKeeper's client protocol by hand: what unmodified clients never send, and answers seen as they lie on the wire."""

import select
import socket
import struct
import time
from dataclasses import dataclass, field

PASSWORD = bytes(16)
# zoo_create flags.
PERSISTENT, EPHEMERAL, SEQUENTIAL, EPHEMERAL_SEQUENTIAL, CONTAINER, TTL, TTL_SEQUENTIAL = range(7)
READ, WRITE, CREATE, DELETE, ADMIN, ALL = 1, 2, 4, 8, 16, 31
OPEN = [(ALL, "world", "anyone")]

OPS = {
    "create": 1, "delete": 2, "exists": 3, "getData": 4, "setData": 5, "getACL": 6, "setACL": 7, "getChildren": 8, "sync": 9,
    "ping": 11, "getChildren2": 12, "check": 13, "multi": 14, "create2": 15, "reconfig": 16, "checkWatches": 17,
    "removeWatches": 18, "createContainer": 19, "deleteContainer": 20, "createTTL": 21, "multiRead": 22, "auth": 100,
    "setWatches": 101, "sasl": 102, "getEphemerals": 103, "getAllChildrenNumber": 104, "setWatches2": 105, "addWatch": 106,
    "whoAmI": 107, "closeSession": -11, "error": -1,
}
OP_NAMES = {number: name for name, number in OPS.items()}
ERRORS = {
    0: "ok", -1: "SYSTEMERROR", -2: "RUNTIMEINCONSISTENCY", -3: "DATAINCONSISTENCY", -4: "CONNECTIONLOSS", -5: "MARSHALLINGERROR",
    -6: "UNIMPLEMENTED", -7: "OPERATIONTIMEOUT", -8: "BADARGUMENTS", -13: "NEWCONFIGNOQUORUM", -14: "RECONFIGINPROGRESS",
    -100: "APIERROR", -101: "NONODE", -102: "NOAUTH", -103: "BADVERSION", -108: "NOCHILDRENFOREPHEMERALS", -110: "NODEEXISTS",
    -111: "NOTEMPTY", -112: "SESSIONEXPIRED", -113: "INVALIDCALLBACK", -114: "INVALIDACL", -115: "AUTHFAILED",
    -118: "SESSIONMOVED", -119: "NOTREADONLY", -120: "EPHEMERALONLOCALSESSION", -121: "NOWATCHER", -122: "REQUESTTIMEOUT",
    -123: "RECONFIGDISABLED", -124: "SESSIONCLOSEDREQUIRESASLAUTH", -125: "QUOTAEXCEEDED", -127: "THROTTLEDOP",
}
EVENTS = {
    1: "NodeCreated", 2: "NodeDeleted", 3: "NodeDataChanged", 4: "NodeChildrenChanged", 5: "DataWatchRemoved",
    6: "ChildWatchRemoved", 7: "PersistentWatchRemoved", -1: "None",
}


class Closed(Exception):
    """The server ended the connection."""


# --- writing ---

def text(value: str | bytes | None) -> bytes:
    """A ustring or a buffer: length and bytes; None is length -1."""
    if value is None:
        return struct.pack(">i", -1)
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack(">i", len(raw)) + raw


def vector(items, write) -> bytes:
    if items is None:
        return struct.pack(">i", -1)
    return struct.pack(">i", len(items)) + b"".join(write(item) for item in items)


def acls(items) -> bytes:
    return vector(items, lambda acl: struct.pack(">i", acl[0]) + text(acl[1]) + text(acl[2]))


def flag(value: bool) -> bytes:
    return b"\x01" if value else b"\x00"


def i32(value: int) -> bytes:
    return struct.pack(">i", value)


def i64(value: int) -> bytes:
    return struct.pack(">q", value)


def create_body(path, data=b"", acl=OPEN, flags=PERSISTENT, ttl=None) -> bytes:
    return text(path) + text(data) + acls(acl) + i32(flags) + (i64(ttl) if ttl is not None else b"")


def multi_body(operations) -> bytes:
    """`operations`: (op, body) each."""
    return b"".join(i32(op) + flag(False) + i32(-1) + body for op, body in operations) + i32(-1) + flag(True) + i32(-1)


# --- reading ---

class Reader:
    """A cursor over a frame; runs off the end with struct.error, never silently."""

    def __init__(self, raw: bytes):
        self.raw, self.at = raw, 0

    def take(self, count: int) -> bytes:
        if count > len(self.raw) - self.at:
            raise struct.error(f"{count} bytes wanted at {self.at} of {len(self.raw)}")
        self.at += count
        return self.raw[self.at - count:self.at]

    def number(self, form: str) -> int:
        return struct.unpack(">" + form, self.take(struct.calcsize(">" + form)))[0]

    def i32(self) -> int:
        return self.number("i")

    def i64(self) -> int:
        return self.number("q")

    def flag(self) -> bool:
        return self.take(1) != b"\x00"

    def buffer(self) -> bytes | None:
        length = self.i32()
        return None if length < 0 else self.take(length)

    def text(self) -> str | None:
        raw = self.buffer()
        return None if raw is None else raw.decode()

    def vector(self, read) -> list:
        return [read() for _ in range(self.i32())]

    def stat(self) -> "Stat":
        return Stat(self.i64(), self.i64(), self.i64(), self.i64(), self.i32(), self.i32(), self.i32(), self.i64(), self.i32(),
                    self.i32(), self.i64())

    def acl(self) -> tuple:
        return (self.i32(), self.text(), self.text())

    def done(self) -> bool:
        return self.at == len(self.raw)


@dataclass
class Stat:
    czxid: int
    mzxid: int
    ctime: int
    mtime: int
    version: int
    cversion: int
    aversion: int
    owner: int
    length: int
    children: int
    pzxid: int


@dataclass
class Reply:
    xid: int
    zxid: int
    error: int
    body: Reader

    @property
    def failure(self) -> str:
        return ERRORS.get(self.error, str(self.error))


@dataclass
class Event:
    type: int
    state: int
    path: str
    zxid: int

    @property
    def name(self) -> str:
        return EVENTS.get(self.type, str(self.type))

    def __str__(self) -> str:
        return f"{self.name} {self.path}"


@dataclass
class Session:
    """One connection with its session. Events that arrive before a reply are kept in `events`, in order."""

    address: tuple[str, int]
    timeout_ms: int = 10000
    identity: tuple[int, bytes] = (0, PASSWORD)
    last_zxid: int = 0
    read_only: bool | None = False
    protocol: int = 0
    events: list = field(default_factory=list)

    def __post_init__(self):
        self.socket = socket.create_connection(self.address, 10.0)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.xid = 0
        ask = i32(self.protocol) + i64(self.last_zxid) + i32(self.timeout_ms) + i64(self.identity[0]) + text(self.identity[1])
        if self.read_only is not None:
            ask += flag(self.read_only)
        self.send(ask)
        answer = Reader(self.frame())
        self.protocol = answer.i32()
        self.negotiated_ms = answer.i32()
        self.id = answer.i64()
        self.password = answer.buffer()
        self.answered_read_only = None if answer.done() else answer.flag()
        assert answer.done(), "bytes behind the connect response"

    @property
    def expired(self) -> bool:
        return self.negotiated_ms <= 0

    # --- frames ---

    def send(self, body: bytes) -> None:
        self.socket.sendall(struct.pack(">i", len(body)) + body)

    def exactly(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            try:
                part = self.socket.recv(count - len(got))
            except ConnectionError as error:
                raise Closed(str(error)) from None
            if not part:
                raise Closed(f"end of stream after {len(got)} of {count} bytes")
            got += part
        return got

    def frame(self) -> bytes:
        return self.exactly(struct.unpack(">i", self.exactly(4))[0])

    def receive(self) -> Reply:
        """The next reply that is no event."""
        while True:
            reader = Reader(self.frame())
            reply = Reply(reader.i32(), reader.i64(), reader.i32(), reader)
            if reply.xid != -1:
                self.last_zxid = max(self.last_zxid, reply.zxid)
                return reply
            event = Event(reader.i32(), reader.i32(), reader.text(), reply.zxid)
            assert reader.done(), "bytes behind an event"
            self.events.append(event)

    def post(self, op: int | str, body: bytes = b"", xid: int | None = None) -> int:
        """Sends and does not wait."""
        if xid is None:
            self.xid += 1
            xid = self.xid
        self.send(i32(xid) + i32(OPS.get(op, op)) + body)
        return xid

    def call(self, op: int | str, body: bytes = b"", xid: int | None = None) -> Reply:
        sent = self.post(op, body, xid)
        reply = self.receive()
        assert reply.xid == sent, f"reply to {reply.xid}, asked {sent}"
        return reply

    def ping(self) -> Reply:
        return self.call("ping", xid=-2)

    def take_events(self) -> list[Event]:
        taken, self.events = self.events, []
        return taken

    def wait_event(self, timeout: float = 5.0) -> Event:
        """The next event, which may already have come."""
        deadline = time.monotonic() + timeout
        while not self.events:
            left = deadline - time.monotonic()
            assert left > 0, f"no event within {timeout} s"
            if select.select([self.socket], [], [], min(left, 0.05))[0]:
                reader = Reader(self.frame())
                xid, zxid, _ = reader.i32(), reader.i64(), reader.i32()
                assert xid == -1, f"a reply to {xid} instead of an event"
                self.events.append(Event(reader.i32(), reader.i32(), reader.text(), zxid))
        return self.events.pop(0)

    def is_closed_by_server(self, timeout: float = 5.0) -> bool:
        """True when the server ends the connection within `timeout`; what comes before is read and dropped."""
        self.socket.settimeout(timeout)
        try:
            while self.socket.recv(65536):
                pass
            return True
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        finally:
            try:
                self.socket.settimeout(10.0)
            except OSError:
                pass

    def close(self) -> None:
        """Closes the session, then the connection."""
        try:
            self.call("closeSession")
        except (Closed, OSError):
            pass
        self.drop()

    def drop(self) -> None:
        """Ends the connection alone; the session lives on until it times out."""
        self.socket.close()

    # --- the common requests ---

    def create(self, path, data=b"", acl=OPEN, flags=PERSISTENT) -> str:
        return self.good("create", create_body(path, data, acl, flags)).text()

    def delete(self, path, version=-1) -> None:
        self.good("delete", text(path) + i32(version))

    def set(self, path, data, version=-1) -> Stat:
        return self.good("setData", text(path) + text(data) + i32(version)).stat()

    def get(self, path, watch=False) -> tuple[bytes, Stat]:
        body = self.good("getData", text(path) + flag(watch))
        return body.buffer(), body.stat()

    def exists(self, path, watch=False) -> Stat | None:
        reply = self.call("exists", text(path) + flag(watch))
        if reply.failure == "NONODE":
            return None
        assert reply.error == 0, reply.failure
        return reply.body.stat()

    def children(self, path, watch=False) -> list[str]:
        body = self.good("getChildren", text(path) + flag(watch))
        return body.vector(body.text)

    def auth(self, scheme, credential, xid=-4) -> Reply:
        return self.call("auth", i32(0) + text(scheme) + text(credential), xid=xid)

    def good(self, op, body=b"") -> Reader:
        reply = self.call(op, body)
        assert reply.error == 0, f"{op}: {reply.failure}"
        return reply.body
