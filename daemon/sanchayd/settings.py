"""The settings that count while the daemon runs: who goes by them is told of every edit that is taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sanchay.errors import SanchayError
from sanchay.sentences import NOTHING, Sentence
from sanchayd.config import LIVE_KEYS, Config, Setting
from sanchayd.log import logger

Listener = Callable[[Config], Awaitable[None]]
_log = logger("sanchayd.settings")


class Settings:
    """What counts now, and what became of the last edit of config.toml."""

    def __init__(self, config: Config) -> None:
        self._begun_with = self._config = config
        self._error = NOTHING
        self._pending: list[str] = []
        self._listeners: list[Listener] = []

    @property
    def config(self) -> Config:
        """The settings that count."""
        return self._config

    @property
    def error(self) -> Sentence:
        """Why the last edit was not taken; empty where it was."""
        return self._error

    @property
    def pending(self) -> list[str]:
        """What was changed in the file and counts from the next start."""
        return [*self._pending]

    def all(self) -> list[Setting]:
        """Every setting as it stands, and what counts until the next start where that is another value."""
        now = {setting.key: setting.value for setting in self._begun_with.settings()}
        return [
            each._replace(until_restart=now[each.key] if each.key in self._pending else "")
            for each in self._config.settings()
        ]

    def tell(self, listener: Listener) -> None:
        """From now on the listener hears of every edit that is taken."""
        self._listeners.append(listener)

    def refuse(self, why: Sentence) -> None:
        """The last edit is not valid: the settings stay."""
        if why != self._error:
            _log.warning("config.toml was not taken", error=why)
        self._error = why

    async def take(self, after: Config) -> None:
        """The last edit counts, as far as it can before the next start."""
        self._error = NOTHING
        self._pending = [key for key in after.differing_keys(self._begun_with) if key not in LIVE_KEYS]
        changed = after.differing_keys(self._config)
        self._config = after
        for listener in self._listeners:
            try:
                await listener(after)
            except SanchayError as error:
                self._error = Sentence("settings-not-taken-over", why=error.message)
                _log.error("a change of the settings failed", error=error.message)
        if changed:
            _log.info("settings changed", keys=changed)
