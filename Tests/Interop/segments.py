"""A broker's files from outside: batches of a segment, by the bytes' own description (record batch v2, KIP-98)."""

import struct
from dataclasses import dataclass
from pathlib import Path

CODEC_NAMES = ["none", "gzip", "snappy", "lz4", "zstd"]


@dataclass(frozen=True)
class Batch:
    position: int
    size: int
    base_offset: int
    leader_epoch: int
    attributes: int
    last_offset_delta: int
    base_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    record_count: int

    @property
    def codec(self) -> str:
        return CODEC_NAMES[self.attributes & 7]

    @property
    def is_append_time(self) -> bool:
        return self.attributes & 8 != 0

    @property
    def next_offset(self) -> int:
        return self.base_offset + self.last_offset_delta + 1


def batches(file: Path) -> list[Batch]:
    """All whole batches; ends where the bytes do, or at reserved zeros."""
    data, found, at = Path(file).read_bytes(), [], 0
    while at + 61 <= len(data):
        base, length, epoch, magic, _crc, attributes, delta, first, last, pid, pepoch, sequence, count = struct.unpack_from(
            ">qiibIhiqqqhii", data, at)
        if magic != 2 or length < 49 or at + 12 + length > len(data):
            break
        found.append(Batch(at, 12 + length, base, epoch, attributes, delta, first, last, pid, pepoch, sequence, count))
        at += 12 + length
    return found


def segment_files(directory: Path) -> list[Path]:
    """The `.log` files, oldest first."""
    return sorted(p for p in Path(directory).iterdir() if p.suffix == ".log")


def partition_batches(directory: Path) -> list[Batch]:
    return [batch for file in segment_files(directory) for batch in batches(file)]
