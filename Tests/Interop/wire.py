"""The protocol by hand, for what no well-behaved client would send. Old, non-flexible versions only."""

import socket
import struct
import time

from kafka.record.default_records import DefaultRecordBatchBuilder

PRODUCE, FETCH, LIST_OFFSETS, METADATA, API_VERSIONS, INIT_PRODUCER_ID = 0, 1, 2, 3, 18, 22


def string(text: str | None) -> bytes:
    return b"\xff\xff" if text is None else struct.pack(">h", len(text.encode())) + text.encode()


def frame(api: int, version: int, body: bytes = b"", correlation: int = 7, client: str | None = "by-hand") -> bytes:
    payload = struct.pack(">hhi", api, version, correlation) + string(client) + body
    return struct.pack(">i", len(payload)) + payload


def batch(values: list[bytes], producer_id=-1, epoch=-1, sequence=-1, timestamp: int | None = None) -> bytes:
    """One uncompressed record batch, CRC included."""
    builder = DefaultRecordBatchBuilder(2, 0, False, producer_id, epoch, sequence, 1 << 30)
    now = int(time.time() * 1000) if timestamp is None else timestamp
    for index, value in enumerate(values):
        assert builder.append(index, now, None, value, []) is not None
    return bytes(builder.build())


def produce_body(topic: str, partition: int, records: bytes, acks: int = -1, timeout_ms: int = 10_000) -> bytes:
    """Produce v3 to v8."""
    return (string(None) + struct.pack(">hii", acks, timeout_ms, 1) + string(topic)
            + struct.pack(">iii", 1, partition, len(records)) + records)


def fetch_body(topic: str, partition: int = 0, offset: int = 0, max_bytes: int = 50 << 20, wait_ms: int = 500,
               min_bytes: int = 1, partitions: int = 1) -> bytes:
    """Fetch v4; `partitions` names the same partition that often."""
    one = struct.pack(">iqi", partition, offset, max_bytes)
    return (struct.pack(">iiiibi", -1, wait_ms, min_bytes, max_bytes, 0, 1) + string(topic)
            + struct.pack(">i", partitions) + one * partitions)


def metadata_body(*topics: str) -> bytes:
    """Metadata v1."""
    return struct.pack(">i", len(topics)) + b"".join(map(string, topics))


class Connection:
    """A socket that knows frames."""

    def __init__(self, address, timeout: float = 10.0, receive_buffer: int | None = None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        self.correlation = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read(self, count: int) -> bytes:
        """Exactly `count` bytes, or `ConnectionError` when the broker closed."""
        data = bytearray()
        while len(data) < count:
            piece = self.socket.recv(min(count - len(data), 1 << 20))
            if not piece:
                raise ConnectionError("closed by the broker")
            data += piece
        return bytes(data)

    def answer(self) -> bytes:
        """One frame without its length and correlation id."""
        (size,) = struct.unpack(">i", self.read(4))
        return self.read(size)[4:]

    def ask(self, api: int, version: int, body: bytes = b"") -> bytes:
        self.correlation += 1
        self.send(frame(api, version, body, self.correlation))
        (size,) = struct.unpack(">i", self.read(4))
        data = self.read(size)
        assert struct.unpack_from(">i", data)[0] == self.correlation
        return data[4:]

    def is_closed_within(self, seconds: float) -> bool:
        """Whether the broker closes; whatever it sends before is read and dropped."""
        deadline = time.monotonic() + seconds
        try:
            while True:
                self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
                if not self.socket.recv(1 << 16):
                    return True
        except (TimeoutError, BlockingIOError):
            return False
        except OSError:
            return True

    # --- whole exchanges ---

    def api_versions(self) -> dict[int, tuple[int, int]]:
        """What the broker says it serves: {key: (oldest, newest)}."""
        data = self.ask(API_VERSIONS, 0)
        (count,) = struct.unpack_from(">i", data, 2)
        return {key: (oldest, newest) for key, oldest, newest in struct.iter_unpack(">hhh", data[6:6 + 6 * count])}

    def produce(self, topic, partition, records: bytes, acks=-1, version=7) -> tuple[int, int]:
        """Error code and base offset."""
        data = self.ask(PRODUCE, version, produce_body(topic, partition, records, acks))
        at = 4 + 2 + len(topic.encode()) + 4
        _, error, offset = struct.unpack_from(">ihq", data, at)
        return error, offset

    def producer_id(self) -> tuple[int, int]:
        _, error, producer_id, epoch = struct.unpack_from(">ihqh", self.ask(INIT_PRODUCER_ID, 0, string(None) + struct.pack(">i", 60000)))
        assert error == 0
        return producer_id, epoch

    def is_served(self) -> float:
        """Asks ApiVersions and Metadata; how long that took."""
        began = time.monotonic()
        assert struct.unpack_from(">h", self.ask(API_VERSIONS, 0))[0] == 0
        self.ask(METADATA, 1, metadata_body())
        return time.monotonic() - began
