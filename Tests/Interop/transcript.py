"""Dialogues with a coordination server, written down once from real ZooKeeper and demanded of every other.

A transcript is a file of sections; each has a title, commands (`> [@SESSION] COMMAND`) and what came of them. Paths are
below a node of the section's own, `//x` is absolute. Transaction ids appear as `zN`: that of the section's Nth write
(`z0` made the section's own node). Watch events appear where they arrived: before the answer, or after it.
"""

import re
import shlex
import struct
from dataclasses import dataclass, field
from pathlib import Path

import jute
from jute import OPS, Closed, Session, acls, create_body, flag, i32, i64, multi_body, text, vector

WRITES = {"create", "create2", "createContainer", "createTTL", "delete", "setData", "setACL", "multi", "closeSession"}
LETTERS = {"r": 1, "w": 2, "c": 4, "d": 8, "a": 16}


@dataclass
class Section:
    file: Path
    title: str
    entries: list = field(default_factory=list)  # (command line or None for a comment, [output lines])

    @property
    def name(self) -> str:
        return f"{self.file.stem}: {self.title}"


def read_sections(file: Path) -> list[Section]:
    sections = []
    for line in file.read_text().splitlines():
        if line.startswith("## "):
            sections.append(Section(file, line[3:]))
        elif line.startswith("#") or not line.strip():
            continue
        elif line.startswith("> "):
            sections[-1].entries.append((line[2:], []))
        else:
            sections[-1].entries[-1][1].append(line.strip())
    return sections


def format_section(section: Section, outputs: list[list[str]]) -> str:
    lines = [f"## {section.title}", ""]
    for (command, _), output in zip(section.entries, outputs):
        lines += [f"> {command}", *(f"  {line}" for line in output)]
    return "\n".join(lines) + "\n"


class Dialogue:
    """Runs one section against a server."""

    def __init__(self, address: tuple[str, int], root: str):
        self.address, self.root = address, root
        self.sessions: dict[int, Session] = {}
        self.zxids: dict[int, str] = {}
        self.writes = 0
        # Ids of sessions that are gone, too: an owner outlives its session for a moment.
        self.owners: dict[int, str] = {}
        first = self.session(1)
        self.note_write(first.call("create", create_body(root)).zxid)
        self.writes = 0

    def close(self) -> None:
        for session in self.sessions.values():
            session.close()

    def session(self, number: int) -> Session:
        if number not in self.sessions:
            session = Session(self.address, timeout_ms=8000)
            self.sessions[number] = session
            self.owners[session.id] = f"@{number}"
        return self.sessions[number]

    def note_write(self, zxid: int) -> None:
        # A transaction that failed may be answered with the zxid of the one before it.
        self.zxids.setdefault(zxid, f"z{self.writes}")

    # --- paths and values ---

    def path(self, word: str) -> str:
        """`/a` is below the section's node, `//a` is `/a`, and whatever does not begin with a slash is taken as it is."""
        if word.startswith("//"):
            return word[1:].replace("%", self.root)
        if word == "/":
            return self.root
        return self.root + word if word.startswith("/") else word

    def shown(self, path: str | None) -> str:
        if path is None:
            return "null"
        if path == self.root:
            return "/"
        if path.startswith(self.root + "/"):
            return path[len(self.root):]
        return "/" + path.replace(self.root, "%") if path.startswith("/") else path

    def data(self, word: str) -> bytes | None:
        if word == "NULL":
            return None
        if match := re.fullmatch(r"(\d+)\*(.)", word):
            return match.group(2).encode() * int(match.group(1))
        return word.encode()

    def acl(self, word: str) -> list | None:
        if word == "NULL":
            return None
        if word == "EMPTY":
            return []
        made = []
        for part in word.split(","):
            perms, scheme, identity = part.split(":", 2)
            bits = int(perms) if perms.isdigit() else sum(LETTERS[letter] for letter in perms)
            made.append((bits, scheme, identity))
        return made

    def shown_acl(self, acl: tuple) -> str:
        letters = "".join(letter for letter, bit in (("c", 4), ("d", 8), ("r", 1), ("w", 2), ("a", 16)) if acl[0] & bit)
        return f"{letters}:{acl[1]}:{acl[2]}"

    def shown_stat(self, stat: jute.Stat) -> str:
        def zxid(value):
            return "0" if value == 0 else self.zxids.get(value, "z?")
        owner = "0" if stat.owner == 0 else self.owners.get(stat.owner, f"{stat.owner & (1 << 64) - 1:#x}")
        return (f"czxid={zxid(stat.czxid)} mzxid={zxid(stat.mzxid)} pzxid={zxid(stat.pzxid)} version={stat.version} "
                f"cversion={stat.cversion} aversion={stat.aversion} owner={owner} length={stat.length} children={stat.children}")

    # --- commands ---

    def encode(self, words: list[str]) -> tuple[str, bytes]:
        """Operation and body of a command's words; the same words serve alone and inside `multi`."""
        verb, *rest = words
        options = {word.split("=", 1)[0]: word.split("=", 1)[1] for word in rest if re.match(r"(acl|flags|ttl)=", word)}
        rest = [word for word in rest if not re.match(r"(acl|flags|ttl)=", word)]
        watch = "-w" in rest
        plain = [word for word in rest if word not in ("-w", "-e", "-s", "-es")]
        path = text(self.path(plain[0])) if plain else b""
        if verb in ("create", "create2", "container", "ttl"):
            flags = int(options["flags"]) if "flags" in options else \
                {"-e": 1, "-s": 2, "-es": 3}.get(next((w for w in rest if w in ("-e", "-s", "-es")), ""), 0)
            if "flags" not in options:
                flags = {"container": 4, "ttl": 6 if flags == 2 else 5}.get(verb, flags)
            acl = self.acl(options["acl"]) if "acl" in options else jute.OPEN
            data = self.data(plain[1]) if len(plain) > 1 else b""
            ttl = int(options.get("ttl", "3600000")) if verb == "ttl" else None
            op = {"container": "createContainer", "ttl": "createTTL"}.get(verb, verb)
            return op, create_body(self.path(plain[0]), data, acl, flags, ttl)
        if verb == "delete":
            return "delete", path + i32(int(plain[1]) if len(plain) > 1 else -1)
        if verb == "set":
            return "setData", path + text(self.data(plain[1])) + i32(int(plain[2]) if len(plain) > 2 else -1)
        if verb == "check":
            return "check", path + i32(int(plain[1]))
        if verb == "setacl":
            return "setACL", path + acls(self.acl(plain[1])) + i32(int(plain[2]) if len(plain) > 2 else -1)
        if verb in ("exists", "get", "ls", "ls2"):
            return {"get": "getData", "ls": "getChildren", "ls2": "getChildren2"}.get(verb, verb), path + flag(watch)
        if verb in ("getacl", "sync", "ephemerals", "count"):
            return {"getacl": "getACL", "ephemerals": "getEphemerals", "count": "getAllChildrenNumber"}.get(verb, verb), path
        if verb in ("addwatch", "removewatches", "checkwatches"):
            op = {"addwatch": "addWatch", "removewatches": "removeWatches", "checkwatches": "checkWatches"}[verb]
            return op, path + i32(int(plain[1]))
        if verb == "whoami":
            return "whoAmI", b""
        raise AssertionError(f"what is {verb}?")

    def answer(self, op: str, body: jute.Reader) -> list[str]:
        """What a good answer says."""
        if op == "create":
            return [self.shown(body.text())]
        if op in ("create2", "createContainer", "createTTL"):
            return [f"{self.shown(body.text())} {self.shown_stat(body.stat())}"]
        if op in ("exists", "setData", "setACL"):
            return [self.shown_stat(body.stat())]
        if op == "getData":
            data = body.buffer()
            return [f"{'null' if data is None else repr(data.decode())} {self.shown_stat(body.stat())}"]
        if op in ("getChildren", "getChildren2"):
            # The order of children is nobody's promise.
            names = " ".join(sorted(body.vector(body.text)))
            return [f"[{names}]" + (f" {self.shown_stat(body.stat())}" if op == "getChildren2" else "")]
        if op == "getACL":
            # `auth` stands for a set of identities: their order is chance.
            shown = " ".join(sorted(self.shown_acl(acl) for acl in body.vector(body.acl)))
            return [f"[{shown}] {self.shown_stat(body.stat())}"]
        if op == "sync":
            return [self.shown(body.text())]
        if op == "getEphemerals":
            return ["[" + " ".join(sorted(self.shown(path) for path in body.vector(body.text))) + "]"]
        if op == "getAllChildrenNumber":
            return [str(body.i32())]
        if op == "addWatch":
            return [f"ok {body.i32()}"]
        if op == "whoAmI":
            return ["[" + " ".join(sorted(f"{body.text()}:{body.text()}" for _ in range(body.i32()))) + "]"]
        return ["ok"]

    def answers(self, body: jute.Reader) -> list[str]:
        """Of multi and multiRead: one line a result."""
        lines = []
        while True:
            op, done, error = body.i32(), body.flag(), body.i32()
            if done:
                return lines
            if op == -1:
                lines.append(f"error {jute.ERRORS[body.i32()]} (header {jute.ERRORS[error]})")
                continue
            name = jute.OP_NAMES[op]
            kept = body.at
            lines += [f"{name} {line}" for line in self.answer(name, body)]
            if name in ("check", "delete"):
                assert body.at == kept

    def run(self, line: str) -> list[str]:
        """One command's outcome, and the events it caused at any session."""
        words = shlex.split(line)
        number = int(words.pop(0)[1:]) if words[0].startswith("@") else 1
        session = self.session(number)
        try:
            output = self.carry_out(session, words)
        except Closed:
            output = ["! closed"]
            self.sessions.pop(number)
        before = [f"event {event.name} {self.shown(event.path)}" for event in session.take_events()]
        output = before + output
        if words[0] in ("close", "drop"):
            self.sessions.pop(number, None)
        for other, one in list(self.sessions.items()):
            try:
                one.ping()
            except Closed:
                output.append(f"@{other} closed")
                self.sessions.pop(other)
                continue
            output += [f"@{other} event {event.name} {self.shown(event.path)}" for event in one.take_events()]
        return output

    def carry_out(self, session: Session, words: list[str]) -> list[str]:
        verb = words[0]
        if verb == "drop":
            session.drop()
            return []
        if verb == "close":
            op, body = "closeSession", b""
        elif verb == "auth":
            reply = session.auth(words[1], words[2])
            return ["ok" if reply.error == 0 else f"! {reply.failure}"]
        elif verb == "setwatches":
            lists = {"data": [], "exist": [], "child": [], "persistent": [], "recursive": []}
            for word in words[2:]:
                kind, path = word.split(":", 1)
                lists[kind].append(self.path(path))
            two = bool(lists["persistent"] or lists["recursive"])
            zxid = session.last_zxid if words[1] == "now" else \
                next(known for known, name in self.zxids.items() if name == words[1])
            body = i64(zxid) + b"".join(vector(lists[kind], text) for kind in list(lists)[:5 if two else 3])
            reply = session.call("setWatches2" if two else "setWatches", body, xid=-8)
            return ["ok" if reply.error == 0 else f"! {reply.failure}"]
        elif verb in ("multi", "multiread"):
            parts, at = [[]], 0
            for word in words[1:]:
                if word == "+":
                    parts.append([])
                else:
                    parts[-1].append(word)
            encoded = [self.encode(part) for part in parts if part]
            op = "multi" if verb == "multi" else "multiRead"
            body = multi_body([(OPS[name], inner) for name, inner in encoded])
        elif verb == "raw":
            op, body = int(words[1]), bytes.fromhex(words[2] if len(words) > 2 else "")
        else:
            op, body = self.encode(words)
        reply = session.call(op, body)
        if op in WRITES:
            self.writes += 1
            if reply.error == 0:
                self.note_write(reply.zxid)
        if reply.error != 0:
            assert reply.body.done(), f"an error with {len(reply.body.raw) - reply.body.at} bytes of answer"
            return [f"! {reply.failure}"]
        try:
            lines = self.answers(reply.body) if op in ("multi", "multiRead") else self.answer(op, reply.body)
        except struct.error as error:
            return [f"! the answer is too short: {error}"]
        if not reply.body.done():
            lines.append(f"! {len(reply.body.raw) - reply.body.at} bytes behind the answer")
        return lines
