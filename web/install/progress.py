"""How far an install has come, as its page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from store.database import Connection
from store.installs.intents import Intent
from store.summaries.installs import (
    Counts,
    InstallStanding,
    OpenLink,
    count_people,
    find_standing,
    list_open_links,
)
from web.install.stops import Way, way_anew

SHOWN_PEOPLE = 200

# The page offers to have these decided again, once the reason is mended.
MENDABLE = frozenset({"installer_outside", "company_linked"})
_NO_PEOPLE = Counts()


class Stage(StrEnum):
    """Where an install is."""

    EXCHANGE = "exchange"
    LINK = "link"
    SIGN_IN = "sign_in"
    READ = "read"
    DONE = "done"
    STOPPED = "stopped"
    READ_FAILED = "read_failed"
    WITHDRAWN = "withdrawn"


_OVER = frozenset(
    {Stage.SIGN_IN, Stage.DONE, Stage.STOPPED, Stage.READ_FAILED, Stage.WITHDRAWN}
)
_STEPS = (Stage.EXCHANGE, Stage.LINK, Stage.READ)
_AT = {
    Stage.EXCHANGE: 0,
    Stage.LINK: 1,
    Stage.SIGN_IN: 1,
    Stage.READ: 2,
    Stage.READ_FAILED: 2,
    Stage.DONE: 3,
    Stage.WITHDRAWN: 3,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One of the three things that happen: done, now, to_come or stopped."""

    name: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Everything that the page says.

    Shape: `reason` only of a stopped install; `elsewhere`: WeCom's own report was
        faster than the browser, and made a company that nobody asked for.
    """

    stage: Stage
    reason: str | None
    standing: InstallStanding | None
    steps: tuple[Step, ...]
    counts: Counts
    asked: Sequence[OpenLink]
    conflicts: Sequence[OpenLink]
    elsewhere: bool
    can_be_mended: bool
    anew: Way

    @property
    def is_over(self) -> bool:
        """Whether the page changes no more by itself."""
        return self.stage in _OVER

    @property
    def waits_for(self) -> str | None:
        """What the service waits for, when it is not at work."""
        return None if self.is_over or not self.standing else self.standing.waits_for


def view_progress(connection: Connection, intent: Intent, code_hash: str) -> Progress:
    """The install of this intent, as it stands at this moment."""
    standing = find_standing(connection, code_hash)
    stage = _stage(standing)
    corp_pk = standing.corp_pk if standing and stage in _PEOPLE else None
    counts = _NO_PEOPLE if corp_pk is None else count_people(connection, corp_pk)
    shown = corp_pk if stage is Stage.DONE else None
    return Progress(
        stage=stage,
        reason=standing.reason if standing and stage is Stage.STOPPED else None,
        standing=standing,
        steps=_steps(standing, stage),
        counts=counts,
        asked=_people(connection, shown, "pending"),
        conflicts=_people(connection, shown, "conflict"),
        elsewhere=_is_elsewhere(intent, standing, stage),
        can_be_mended=_can_be_mended(standing, stage),
        anew=way_anew(intent),
    )


_PEOPLE = frozenset({Stage.READ, Stage.DONE})


def _stage(standing: InstallStanding | None) -> Stage:
    if standing is None or standing.state == "waiting":
        return Stage.EXCHANGE
    if standing.resumed and standing.state in {"exchanged", "refused"}:
        return Stage.LINK
    if standing.state == "exchanged":
        awaited = standing.reason == "installer_awaited"
        return Stage.SIGN_IN if awaited else Stage.LINK
    if standing.state != "linked":
        return Stage.STOPPED
    if standing.corp_state == "revoked":
        return Stage.WITHDRAWN
    return _stage_of_run(standing.run_state)


def _stage_of_run(state: str | None) -> Stage:
    if state in {"done", "held", None}:
        return Stage.DONE
    return Stage.READ_FAILED if state in {"failed", "cancelled"} else Stage.READ


def _steps(standing: InstallStanding | None, stage: Stage) -> tuple[Step, ...]:
    at, here = _AT.get(stage, 0), "now"
    if stage is Stage.STOPPED:
        # Without a corp the code itself was no good.
        at, here = (1 if standing and standing.corp_pk else 0), "stopped"
    elif stage is Stage.READ_FAILED:
        here = "stopped"
    states = ("done" if n < at else here if n == at else "to_come" for n in range(3))
    return tuple(
        Step(name=step.value, state=state)
        for step, state in zip(_STEPS, states, strict=True)
    )


def _people(
    connection: Connection, corp_pk: int | None, state: str
) -> Sequence[OpenLink]:
    if corp_pk is None:
        return ()
    return list_open_links(connection, corp_pk, state=state, limit=SHOWN_PEOPLE)


def _is_elsewhere(
    intent: Intent, standing: InstallStanding | None, stage: Stage
) -> bool:
    if standing is None or intent.company_id is None or standing.state != "linked":
        return False
    return stage in _PEOPLE and standing.company_id != intent.company_id


def _can_be_mended(standing: InstallStanding | None, stage: Stage) -> bool:
    return (
        stage is Stage.STOPPED
        and standing is not None
        and standing.reason in MENDABLE
        and standing.can_be_asked_again
    )
