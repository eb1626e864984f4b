"""The daemon's status by topics, to be compared with what it was: see `sanchayd.events.news`."""

from __future__ import annotations

from dataclasses import replace

from sanchayd.dedupe.service import DedupeService
from sanchayd.events.event import StatusTopic
from sanchayd.events.news import Look, Standing
from sanchayd.roots.service import RootService
from sanchayd.schedules.service import ScheduleService
from sanchayd.upkeep.status import StatusService
from sanchayd.verify.service import VerifyService


def look_at(
    status: StatusService, roots: RootService, schedules: ScheduleService, dedupe: DedupeService, verify: VerifyService
) -> Look:
    """What reads the status of this moment."""

    async def look(all_of_it: bool) -> Standing:
        now: dict[StatusTopic, object] = {
            **await status.standing(),
            StatusTopic.ROOTS: [
                (view.root, view.state, replace(view.freshness, as_of_ns=0), view.live.mode)
                for view in await roots.standing()
            ],
            StatusTopic.SCHEDULES: [
                (replace(view.schedule, covered_ns=0), view.last and (view.last.id, view.last.state), view.root_names)
                for view in schedules.list_schedules()
            ],
        }
        if all_of_it:
            now[StatusTopic.PLANS] = [(plan.id, plan.version) for plan in await dedupe.plans()]
            now[StatusTopic.DAMAGE] = await verify.damaged_files()
        return now

    return look
