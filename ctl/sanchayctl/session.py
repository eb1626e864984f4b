"""What one run of the program knows: how to answer, and its one connection to the daemon."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from sanchay import paths
from sanchay.address import HOME_VARIABLE, Places, places
from sanchay.errors import DaemonUnavailable
from sanchay.names import shown_path
from sanchay.owner import find_owner
from sanchayctl import output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sanchay.client import Client


class Session:
    """Passed from the top command to every other as click's `obj`.

    `program` is how this program is called in the lines that say what to type next; `expression` is the query under
    way, so that an error can point into it. The connection is made when it is first needed.
    """

    def __init__(self, program: str = "sanchayctl") -> None:
        self.as_json = False
        self.may_start = True
        self.program = program
        self.expression = ""
        self._client: Client | None = None

    @cached_property
    def where(self) -> Places:
        """The folders of the daemon that this run talks to."""
        if not self.as_json:
            _say_misspelt_home()
        return places()

    def client(self) -> Client:
        """The connection; starts a daemon where none runs, unless `--no-start`. Raises DaemonUnavailable."""
        if self._client is None:
            owner = find_owner(self.where)
            if owner is None:
                self._start()
            elif owner.is_stopped:
                raise DaemonUnavailable(f"{owner.why_no_answer(self.where)}.", details={"pid": str(owner.pid)})
            self._client = self._connect()
        return self._client

    def running_client(self, timeout_s: float = 0.0) -> Client:
        """The connection to a daemon that already runs. Raises DaemonUnavailable and starts nothing.

        `timeout_s` is the deadline of each of its calls; 0: the usual one.
        """
        if self._client is None:
            self._client = self._new_client(timeout_s)
        return self._client

    def another_client(self, timeout_s: float) -> Client:
        """A second connection to the daemon that runs, for the caller to close. Raises DaemonUnavailable."""
        return self._new_client(timeout_s)

    def root_names(self, texts: Iterable[str]) -> list[str]:
        """ROOTs as typed, ready for the daemon (see `paths.root_argument`); asks it only where a word is ambiguous."""
        words = list(texts)
        ambiguous = any(not paths.looks_like_path(word) and os.path.lexists(word) for word in words)
        roots = self.client().list_roots().roots if ambiguous else None
        return [paths.root_argument(word, roots) for word in words]

    def remark(self, text: str) -> None:
        """Says what is waited for or was done on the way. With `--json`, standard error holds errors only."""
        if not self.as_json:
            output.note(text)

    def next(self, arguments: str) -> str:
        """A command to type next."""
        return f"{self.program} {arguments}"

    def close(self) -> None:
        """Ends the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _connect(self) -> Client:
        try:
            return self._new_client()
        except DaemonUnavailable:
            self._start()  # it holds its lock but does not listen yet: this waits for it
            return self._new_client()

    def _new_client(self, timeout_s: float = 0.0) -> Client:
        from sanchay import spared
        from sanchay.client import Client

        limit = {"timeout_s": timeout_s} if timeout_s else {}
        client = Client(self.where, tell=self.remark, **limit)
        spared.spare(spared.UNUSED_BY_PROTOBUF)
        return client

    def _start(self) -> None:
        if not self.may_start:
            from sanchay.launcher import wait_for_running

            if wait_for_running(self.where, self.remark):
                return
            raise DaemonUnavailable(
                f"No sanchayd is running for {shown_path(self.where.data_folder)}, and --no-start forbids starting "
                "one. "
                f"Start it with: {self.next('daemon start')}"
            )
        from sanchay.launcher import start_daemon

        started = start_daemon(self.where.home, tell=self.remark)
        if not started.already:
            self.remark(
                f"Started sanchayd (process {started.pid}); it keeps running. Stop it: {self.next('daemon stop')}"
            )


def _say_misspelt_home() -> None:
    """Whose home is another than was meant speaks with another daemon: that is not for the daemon to say."""
    names = [name for name in os.environ if name.startswith("SANCHA")]
    if not names or HOME_VARIABLE in names:
        return
    from difflib import get_close_matches

    for name in get_close_matches(HOME_VARIABLE, names, cutoff=0.9):
        output.note(f"{name} in the environment does not count; did you mean {HOME_VARIABLE}?")


def program_in(folder: str) -> str:
    """How to call the `sanchayctl` of `folder` from here, with the SANCHAY_HOME that this run has."""
    import shlex

    home = os.environ.get("SANCHAY_HOME", "")
    here = os.path.relpath(folder)
    program = os.path.join(folder if here.startswith(os.pardir) else here, "sanchayctl")
    return (f"SANCHAY_HOME={shlex.quote(home)} " if home else "") + shlex.quote(program)
