"""What the audit says of an act, whichever way it was done: console, API or shell."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from domain.ids import Userid, member_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """An act without its actor: what was done to what, as it was and as it is."""

    act: str
    target: str
    corp_id: str | None = None
    before: Mapping[str, object] = field(default_factory=dict)
    after: Mapping[str, object] = field(default_factory=dict)


class Batch(Protocol):
    """What is said of a batch of retries."""

    @property
    def batch_id(self) -> str: ...

    @property
    def state(self) -> str: ...

    @property
    def matching(self) -> int: ...

    @property
    def mailboxes(self) -> int: ...

    @property
    def done(self) -> int: ...


def corp_ordered(act: str, *, corp_id: str, was: str, becomes: str) -> Deed:
    """A corp was paused or resumed."""
    return Deed(
        act=act,
        target=f"corp:{corp_id}",
        corp_id=corp_id,
        before={"state": was},
        after={"state": becomes},
    )


def run_wanted(act: str, *, corp_id: str, run_id: str) -> Deed:
    """A full read, or what one would do, was asked for."""
    return Deed(
        act=act, target=f"run:{run_id}", corp_id=corp_id, after={"run_id": run_id}
    )


def member_wanted(*, corp_id: str, userid: str, event_id: int) -> Deed:
    """WeCom is to be asked about one person again."""
    return Deed(
        act="resync",
        target=member_key(Userid(userid)),
        corp_id=corp_id,
        after={"event_id": str(event_id)},
    )


def event_retried(event_id: int, *, mailbox: str, was: str) -> Deed:
    """One event was made pending again."""
    kind, _, name = mailbox.partition(":")
    return Deed(
        act="retry",
        target=f"event:{event_id}",
        corp_id=name if kind == "corp" else None,
        before={"state": was},
        after={"state": "pending"},
    )


def event_discarded(event_id: int, *, corp_id: str | None) -> Deed:
    """A failed event was given up for good."""
    return Deed(
        act="discard",
        target=f"event:{event_id}",
        corp_id=corp_id,
        before={"state": "failed"},
        after={"state": "ignored", "outcome": "discarded"},
    )


def batch_started(batch: Batch) -> Deed:
    """What a dry run had counted is retried."""
    return Deed(
        act="retry_matching",
        target=f"batch:{batch.batch_id}",
        before={"state": batch.state},
        # The batch itself says what was meant, as long as it may name people.
        after={
            "state": "running",
            "matching": batch.matching,
            "mailboxes": batch.mailboxes,
        },
    )


def batch_stopped(batch: Batch) -> Deed:
    """Nothing more of a batch is retried."""
    return Deed(
        act="stop_retries",
        target=f"batch:{batch.batch_id}",
        before={"state": batch.state},
        after={"state": "stopped", "done": batch.done},
    )


def bell_rebuilt(rung: int) -> Deed:
    """Everything that was due was rung for."""
    return Deed(act="rebuild", target="queues", after={"rung": rung})


def worker_told(act: str, *, worker_id: str, was: str) -> Deed:
    """A worker takes nothing more, or takes work again."""
    return Deed(
        act=act,
        target=f"worker:{worker_id}",
        before={"state": was},
        after={"state": "draining" if act == "drain" else "alive"},
    )


def plan_decided(
    act: str, *, plan_id: str, corp_id: str | None, was: str, plan_hash: str
) -> Deed:
    """Removals that waited may be done, or are not."""
    return Deed(
        act=act,
        target=f"plan:{plan_id}",
        corp_id=corp_id,
        before={"state": was},
        after={
            "state": "approved" if act == "approve" else "rejected",
            "hash": plan_hash,
        },
    )


def sessions_ended(whose: str, *, ended: int) -> Deed:
    """Somebody is signed out everywhere."""
    return Deed(
        act="end_sessions",
        target=whose,
        before={"sessions": ended},
        after={"sessions": 0},
    )


def list_exported(kind: str, *, rows: int, form: str, corp_id: str | None) -> Deed:
    """A list was taken along as a file; what was looked for may name people."""
    return Deed(
        act="export",
        target=f"export:{kind}",
        corp_id=corp_id,
        after={"rows": rows, "format": form},
    )
