"""The second user of a machine as a program: it does what is typed to it, and tells all that it got to see.

Standard library only, and nothing of Sanchay: `python second_user.py UID`. It gives up its rights first. Each line on
standard input is a JSON object with an act's name in "do"; "begun" is the answer once the act is under way. When the
input ends, the acts stop and one JSON line says how many things each act got, and which of the words in "secrets" were
in any of them.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PAUSE_S = 0.005
BODY = b"\x00\xff" * (1 << 19)
# What begins HTTP/2, with empty settings.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"


class SecondUser:
    """Its acts. What was seen is kept as bytes, to be searched for secrets."""

    def __init__(self, dice: random.Random) -> None:
        self.seen: list[bytes] = []
        self.counts: dict[str, int] = {}
        self.over = threading.Event()
        self._dice = dice

    def note(self, act: str, content: bytes) -> None:
        """Something that this act got."""
        if content:
            self.counts[act] = self.counts.get(act, 0) + 1
            self.seen.append(content)

    # ---- What is done once ----

    def read_everything(self, *, folders: list[str], pids: list[int]) -> None:
        """Every file below the folders, and what the system tells of processes."""
        for folder in folders:
            for here, _, names in os.walk(folder):
                self.note("list", os.fsencode("\n".join(names)))
                for name in names:
                    self._read(Path(here, name))
        for pid in pids:
            for name in ("environ", "mem", "maps", "stack", "io"):
                self._read(Path(f"/proc/{pid}/{name}"))
            for name in ("cwd", "root", "exe", "fd", "map_files"):
                with contextlib.suppress(OSError):
                    self.note("proc", os.fsencode("\n".join(os.listdir(f"/proc/{pid}/{name}"))))
            with contextlib.suppress(OSError):
                os.kill(pid, 9)

    def _read(self, file: Path) -> None:
        with contextlib.suppress(OSError, ValueError), file.open("rb") as stream:
            self.note("read", stream.read(1 << 20))
        with contextlib.suppress(OSError), file.open("ab") as stream:
            if os.fstat(stream.fileno()).st_uid != os.geteuid():
                self.note("write", b"opened to write: " + os.fsencode(file))

    def squat(self, *, path: str, how: str, target: str = "") -> None:
        """Takes a name in a folder that everyone may write to."""
        with contextlib.suppress(OSError):
            if how == "folder":
                os.mkdir(path, 0o777)
            elif how == "symlink":
                os.symlink(target, path)
            else:
                Path(path).write_text("squat")

    def tear(self, *, paths: list[str]) -> None:
        """Moves, removes and replaces what is not its own."""
        for path in paths:
            for act in (
                os.unlink,
                os.rmdir,
                lambda each: os.rename(each, f"{each}.taken"),
                lambda each: os.chmod(each, 0o777),
            ):
                with contextlib.suppress(OSError):
                    act(path)
                    self.note("write", b"torn: " + os.fsencode(path))

    # ---- What goes on until the end ----

    def listen(self, *, port: int, pem: str) -> None:
        """Serves on a port that a daemon had, in plain and in TLS with a certificate of its own."""
        server = socket.create_server(("127.0.0.1", port), backlog=256)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        context.set_alpn_protocols(["h2"])
        self._go_on(lambda: self._serve(server, context))

    def _serve(self, server: socket.socket, context: ssl.SSLContext) -> None:
        server.settimeout(0.2)
        with contextlib.suppress(OSError):
            connection, _ = server.accept()
            connection.settimeout(0.5)
            with connection:
                if self._dice.random() < 0.5:
                    connection.sendall(PREFACE[24:])
                    self.note("heard", connection.recv(1 << 16))
                else:
                    with context.wrap_socket(connection, server_side=True) as stream:
                        stream.sendall(PREFACE[24:])
                        self.note("heard", stream.recv(1 << 16))

    def flood(self, *, port: int, most: int, kinds: list[str]) -> None:
        """Holds as many connections as it can, of every kind, and opens new ones for those that it loses."""
        held: list[socket.socket] = []

        def once() -> None:
            for each in [*held]:
                with contextlib.suppress(BlockingIOError, OSError):
                    got = each.recv(1 << 16)
                    self.note("flood", got)
                    if got:
                        continue
                    each.close()
                    held.remove(each)
            for _ in range(64):
                if len(held) >= most:
                    return
                with contextlib.suppress(OSError):
                    new = socket.create_connection(("127.0.0.1", port), timeout=1)
                    held.append(new)
                    new.setblocking(False)
                    new.send(_opening(self._dice.choice(kinds)))

        once()
        self._go_on(once)

    def call(self, *, port: int, path: str, pem: str) -> None:
        """Calls the daemon over TLS with a certificate of its own, in plain, and over a socket, with a wrong token."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.load_cert_chain(pem)
        context.set_alpn_protocols(["h2"])

        def once() -> None:
            with contextlib.suppress(OSError):
                if path and self._dice.random() < 0.5:
                    with socket.socket(socket.AF_UNIX) as plain:
                        plain.settimeout(0.5)
                        plain.connect(path)
                        self._ask(plain)
                elif port:
                    with socket.create_connection(("127.0.0.1", port), timeout=0.5) as plain:
                        if self._dice.random() < 0.3:
                            self._ask(plain)
                        else:
                            with context.wrap_socket(plain) as stream:
                                self._ask(stream)

        once()
        self._go_on(once)

    def _ask(self, stream: socket.socket) -> None:
        stream.sendall(PREFACE + BODY[: self._dice.choice((0, 100, 1 << 18))])
        while got := stream.recv(1 << 16):
            self.note("call", got)

    def hold_metrics(self, *, port: int, most: int) -> None:
        """Holds the places of those who collect figures, and asks for the figures too."""
        self.flood(port=port, most=most, kinds=["silent", "get", "garbage"])

    def _go_on(self, act: Callable[[], None]) -> None:
        def run() -> None:
            while not self.over.wait(PAUSE_S):
                act()

        threading.Thread(target=run, daemon=True).start()


def _opening(kind: str) -> bytes:
    return {
        "silent": b"",
        "half": b"\x16\x03\x01\x02\x00",
        "garbage": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "get": b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "body": BODY,
        "preface": PREFACE,
        "bad tls": b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\xff" + b"\xff" * 64,
    }[kind]


def lines() -> Iterator[dict[str, Any]]:
    """What is to be done."""
    for line in sys.stdin:
        yield json.loads(line)


def main(uid: int) -> None:
    """Does what is typed, as that user."""
    import resource

    "localhost".encode("idna")  # read while Python's own files can still be
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    user, secrets = SecondUser(random.Random(os.getpid())), []
    for order in lines():
        act = order.pop("do")
        if act == "secrets":
            secrets += order["words"]
        else:
            user.counts.setdefault(act, 0)
            try:
                getattr(user, act)(**order)
            except OSError as error:
                user.counts[f"{act}: {error.strerror}"] = 1
        print("begun", flush=True)
    user.over.set()
    time.sleep(PAUSE_S)
    seen = b"\n".join(user.seen)
    print(json.dumps({"got": user.counts, "secrets": [word for word in secrets if word.encode() in seen]}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
