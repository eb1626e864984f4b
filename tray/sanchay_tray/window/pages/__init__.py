"""The pages, a file or a folder each. A page is imported when it is first shown: the window opens with one."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

from sanchay_tray.window.desk import Desk
from sanchay_tray.window.page import Page
from sanchay_tray.words import mark


class Entry(NamedTuple):
    """A page in the sidebar: its word, its title (marked), its icon, and where its class is."""

    name: str
    title: str
    picture: str
    place: str

    def make(self, desk: Desk) -> Page:
        """The page itself."""
        module, _, kind = self.place.partition(":")
        page: Page = getattr(import_module(module), kind)(desk)
        return page


ENTRIES = (
    Entry("overview", mark("Overview"), "overview", "sanchay_tray.window.pages.overview:OverviewPage"),
    Entry("folders", mark("Folders"), "folders", "sanchay_tray.window.pages.folders.page:FoldersPage"),
    Entry("copies", mark("Copies"), "copies", "sanchay_tray.window.pages.copies.page:CopiesPage"),
    Entry("space", mark("Space"), "space", "sanchay_tray.window.pages.space.page:SpacePage"),
    Entry("search", mark("Search"), "search", "sanchay_tray.window.pages.search.page:SearchPage"),
    Entry("jobs", mark("Jobs"), "jobs", "sanchay_tray.window.pages.jobs.page:JobsPage"),
    Entry("schedules", mark("Schedules"), "schedules", "sanchay_tray.window.pages.schedules.page:SchedulesPage"),
    Entry("health", mark("Health"), "health", "sanchay_tray.window.pages.health.page:HealthPage"),
    Entry("settings", mark("Settings"), "settings", "sanchay_tray.window.pages.settings.page:SettingsPage"),
)
