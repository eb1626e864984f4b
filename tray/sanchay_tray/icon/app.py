"""What the icon shows, tells and starts: one thread that news comes to decides it.

The thread sleeps until there is news, a click, or a moment that it waits for. Calls to the daemon and starts of
programs are made by others, so that it never waits for an answer.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sanchay import launcher
from sanchay.address import Places
from sanchay.client import Client
from sanchay.errors import DaemonUnavailable, SanchayError, TimedOut
from sanchay.names import safe_text
from sanchay_tray import cause_words, hosts, model, opening, own_acts, words
from sanchay_tray.feed import Feed
from sanchay_tray.icon import acts, backend
from sanchay_tray.icon.menu import Act, Item, line, menu
from sanchay_tray.icon.starting import Starting
from sanchay_tray.notices import rules
from sanchay_tray.notices.notice import Notice, Wanted, wanted
from sanchay_tray.words import say

#: While look and link stay, the menu and the line beside the pointer change at most so often.
MENU_S = 5.0
END = object()


@dataclass(frozen=True)
class _Started:
    """A start of the daemon is over. `error`: why it failed; `refused`: it would fail again."""

    error: str = ""
    refused: bool = False


@dataclass(frozen=True)
class _Settings:
    wanted: Wanted
    language: str


class App:
    """Joins feed, icon and notices. Clicks come through `news`, as everything does."""

    def __init__(
        self,
        where: Places,
        icon: backend.Icon,
        news: queue.SimpleQueue[object],
        *,
        starts_daemon: bool = True,
        opens_window: bool = True,
    ) -> None:
        self._where = where
        self._icon = icon
        self._news = news
        self._starts_daemon = starts_daemon
        self._state = model.State()
        self._starting = Starting()
        self._start_error = ""
        self._wanted = Wanted()
        self._rules = rules.Rules(self._is_own, copies_rest_s=rules.COPIES_REST_S)
        self._is_window_there = opening.is_window_there()
        # A person who has just installed it has an icon and no folder: the window asks which ones matter.
        self._is_first_start = opens_window and self._is_window_there and not opening.window_memory(where).exists()
        self._starts_at_login = hosts.autostart_command() is not None if hosts.AUTOSTART_IS_THERE else None
        self._shown: tuple[model.Look, model.Link] | None = None
        self._menu_at_s = float("-inf")
        self._menu_is_old = True
        self._feed = Feed(where, news.put)
        self._speaker = hosts.make_speaker(self._notice_chosen)

    def run(self) -> None:
        """Follows the daemon until the end is among the news."""
        self._feed.start()
        try:
            self._work()
        finally:
            self._feed.close()
            self._speaker.close()

    def menu_now(self) -> tuple[Item, ...]:
        """The menu of this moment; from any thread."""
        return menu(
            self._state,
            datetime.now().astimezone(),
            starts_at_login=self._starts_at_login,
            is_window_there=self._is_window_there,
        )

    # ---- The one thread that decides ----

    def _work(self) -> None:
        while True:
            self._show()
            try:
                news = self._news.get(timeout=self._wait_s())
            except queue.Empty:
                news = None
            if news is END:
                return
            self._take(news)
            self._tell(self._rules.due(self._state, time.monotonic()))
            self._start_if_due()

    def _wait_s(self) -> float | None:
        moments = [self._rules.next_s, self._starting.next_s if self._starts_daemon else None]
        if self._menu_is_old:
            moments.append(self._menu_at_s + MENU_S)
        due_s = min((moment for moment in moments if moment is not None), default=None)
        return None if due_s is None else max(due_s - time.monotonic(), 0.0)

    def _take(self, news: object) -> None:
        if isinstance(news, (model.Reached, model.Lost, model.Counted, model.Happened)):
            self._hear(news)
        elif isinstance(news, Act):
            self._do(news)
        elif isinstance(news, _Started):
            self._start_error = news.error
            self._starting.ended(time.monotonic(), refused=news.refused)
            self._feed.hurry()
        elif isinstance(news, _Settings):
            self._wanted = news.wanted
            if news.language and news.language != words.spoken():
                words.speak(news.language)
        elif isinstance(news, bool):
            self._starts_at_login = news
            self._menu_at_s = float("-inf")  # the person has just changed it, and looks again
        self._menu_is_old = self._menu_is_old or news is not None

    def _hear(self, news: model.News) -> None:
        self._starting.hear(news, time.monotonic())
        if isinstance(news, model.Lost) and news.link is model.Link.ABSENT and self._start_error:
            news = model.Lost(model.Link.REFUSED, self._start_error)
        was_up = self._state.link is model.Link.UP
        self._state = model.told(self._state, news)
        if isinstance(news, model.Reached):
            self._start_error = ""
            if not was_up:
                _aside(self._ask_settings)
            if self._is_first_start and not self._state.roots:
                _aside(self._open, "folders", "")
            self._is_first_start = False
        elif isinstance(news, model.Happened) and not news.remembered:
            if news.event.kind == "status":
                _aside(self._ask_settings)
            self._tell(self._rules.hear(news.event, self._state, time.monotonic()))

    def _show(self) -> None:
        shown = (model.look(self._state), self._state.link)
        if shown == self._shown and not (self._menu_is_old and time.monotonic() - self._menu_at_s >= MENU_S):
            return
        self._shown = shown
        self._icon.show(shown[0], line(self._state, datetime.now().astimezone()))
        self._icon.menu(self.menu_now())
        self._menu_is_old, self._menu_at_s = False, time.monotonic()

    def _tell(self, made: list[Notice]) -> None:
        now = datetime.now().astimezone()
        for notice in made:
            if self._wanted.allows(notice.kind, now):
                self._speaker.say(notice if self._is_window_there else rules.without_window(notice))

    def _is_own(self, what: str) -> bool:
        return own_acts.is_own(self._where, what)

    # ---- What clicks do ----

    def _do(self, act: Act) -> None:
        if act.verb == "quit":
            self._icon.stop()
        elif act.verb == "open":
            _aside(self._open, act.about, act.select)
        elif act.verb == "open_without_tray":
            _aside(self._open, "", "", False)
        elif act.verb == "autostart":
            _aside(self._change_autostart, not self._starts_at_login)
        elif act.verb == "start":
            self._starting.asked()
            self._start_error = ""
            self._begin_start()
        else:
            _aside(self._ask_daemon, act)

    def _notice_chosen(self, notice: Notice, undo: bool) -> None:
        self._news.put(Act("open", notice.page, notice.undo if undo else notice.select))

    def _open(self, page: str, select: str, has_tray: bool = True) -> None:
        try:
            code = opening.open_window(self._where, page, select, has_tray=has_tray).wait()
        except OSError as error:
            self._failed("open", str(error))
        else:
            if code > 0:
                self._failed("open", say("Its program ended with code {code}", code=code))

    def _change_autostart(self, wanted: bool) -> None:
        try:
            if wanted:
                hosts.enable_autostart(opening.icon_command(self._where))
            else:
                hosts.disable_autostart()
        except OSError as error:
            self._failed("autostart", str(error))
        self._news.put(hosts.autostart_command() is not None)

    def _ask_daemon(self, act: Act) -> None:
        try:
            acts.ask_daemon(self._where, act, datetime.now().astimezone())
        except TimedOut:
            why = say("What you chose may still be done, once it answers.")
            self._speaker.say(rules.failure(cause_words.link_text(model.Link.SILENT), why))
            self._feed.doubt()
        except SanchayError as error:
            self._failed(act.verb, error.message)
            if isinstance(error, DaemonUnavailable):
                self._feed.doubt()

    def _failed(self, verb: str, why: str) -> None:
        self._speaker.say(rules.failure(say(acts.FAILURES[verb]), why))

    def _ask_settings(self) -> None:
        with contextlib.suppress(SanchayError), Client(self._where, timeout_s=acts.CALL_S) as client:
            settings = client.settings().settings
            language = next((each.value.strip('"') for each in settings if each.key == "window.language"), "")
            self._news.put(_Settings(wanted(settings), language))

    # ---- Starting the daemon ----

    def _start_if_due(self) -> None:
        due_s = self._starting.next_s
        if self._starts_daemon and due_s is not None and due_s <= time.monotonic():
            self._begin_start()

    def _begin_start(self) -> None:
        self._starting.begins()
        _aside(self._start)

    def _start(self) -> None:
        try:
            launcher.start_daemon(self._where.home)
        except (DaemonUnavailable, TimedOut) as error:
            self._news.put(_Started(safe_text(error.message)))
        except SanchayError as error:
            self._news.put(_Started(safe_text(error.message), refused=True))
        else:
            self._news.put(_Started())


def _aside(call: Callable[..., None], *arguments: object) -> None:
    """Makes a call that may wait, on a thread for itself, which keeps no one from quitting."""
    threading.Thread(target=call, args=arguments, name="aside", daemon=True).start()
