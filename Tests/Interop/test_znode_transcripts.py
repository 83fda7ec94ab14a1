"""Every answer, Stat, error and event of whole dialogues, as real ZooKeeper 3.8 gave them (or 3.9 does, where a file's name says so).

`NEEDLETAIL_ZOOKEEPER_REFERENCE=1 REWRITE=1` writes the transcripts anew from ZooKeeper; the difference is to be reviewed.
"""

import difflib
import itertools
import os
from pathlib import Path

import pytest

from ensemble import is_reference
from transcript import Dialogue, format_section, read_sections

FILES = sorted((Path(__file__).parent / "Transcripts").glob("*.txt"))
if is_reference():
    FILES = [file for file in FILES if not file.stem.endswith("-3.9")]
SECTIONS = [section for file in FILES for section in read_sections(file)]
_numbers = itertools.count(1)
_written: dict[Path, list[str]] = {}


def comments(file: Path) -> str:
    """What stands above the first section."""
    return file.read_text().split("\n## ", 1)[0].rstrip() + "\n"


def run(server, section) -> list[list[str]]:
    dialogue = Dialogue(server.zookeeper_address, f"/t{os.getpid()}-{next(_numbers)}")
    try:
        return [dialogue.run(command) for command, _ in section.entries]
    finally:
        dialogue.close()


def demand(section, outputs) -> None:
    wanted = format_section(section, [output for _, output in section.entries])
    got = format_section(section, outputs)
    assert got == wanted, "not as ZooKeeper answers (- ZooKeeper, + here):\n" + "\n".join(
        difflib.unified_diff(wanted.splitlines(), got.splitlines(), lineterm="", n=100))


@pytest.mark.parametrize("section", SECTIONS, ids=[section.name for section in SECTIONS])
def test_one_server(coordination, section):
    outputs = run(coordination.servers[0], section)
    if os.environ.get("REWRITE") and is_reference():
        _written.setdefault(section.file, [comments(section.file)]).append(format_section(section, outputs))
        section.file.with_suffix(".new").write_text("\n".join(_written[section.file]))
        if section.name == [s.name for s in SECTIONS if s.file == section.file][-1]:
            section.file.with_suffix(".new").replace(section.file)
        return
    demand(section, outputs)


@pytest.mark.parametrize("section", SECTIONS, ids=[section.name for section in SECTIONS])
def test_a_follower_of_three(coordination_trio, section):
    """Writes are forwarded, reads and watches are the follower's own: the same comes of it, in the same order."""
    demand(section, run(coordination_trio.followers()[0], section))
