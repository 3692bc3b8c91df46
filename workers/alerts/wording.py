"""What an alert says, in both languages of the console, and as a row."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from store.alerts.alerts import Alert
from texts.catalogue import CHINESE, ENGLISH, find, say
from workers.alerts.channels import AlertText

_TYPES = {"raised": "alert.raised", "recovered": "alert.recovered"}
TEST_TYPE = "alert.test"


def row_of(alert: Alert) -> Mapping[str, Any]:
    """The alert as `GET alerts` shows it."""
    return {
        "id": str(alert.alert_id),
        "kind": alert.kind,
        "corp_id": alert.corp_id,
        "raised_at": _time(alert.raised_at),
        "recovered_at": _time(alert.recovered_at),
    }


def word(alert: Alert, said: str, *, delivery_id: int, page: str) -> AlertText:
    """An alert that begins, or is over."""
    row = dict(row_of(alert))
    if said == "raised":
        # Told late, it is told as it was then: that it is over comes on its own.
        row["recovered_at"] = None
    return AlertText(
        message_id=f"alert-{alert.alert_id}-{said}-{delivery_id}",
        type=_TYPES[said],
        title=" / ".join(_title(tag, alert, said) for tag in (CHINESE, ENGLISH)),
        body=f"{_about(alert)}\n{page}",
        data=row,
        is_good=said == "recovered",
    )


def word_test(*, delivery_id: int, page: str) -> AlertText:
    """A test, which is no alert."""
    return AlertText(
        message_id=f"alert-test-{delivery_id}",
        type=TEST_TYPE,
        title=" / ".join(say(tag, "alert_told.test") for tag in (CHINESE, ENGLISH)),
        body=page,
        data={
            "id": None,
            "kind": "test",
            "corp_id": None,
            "raised_at": _time(datetime.now(UTC)),
            "recovered_at": None,
        },
        is_good=True,
    )


def _title(tag: str, alert: Alert, said: str) -> str:
    kind = find(tag, f"alert_kind.{alert.kind}") or alert.kind
    return say(tag, f"alert_told.{said}", kind=kind, corp=alert.corp_id or "–")


def _about(alert: Alert) -> str:
    parts = [
        alert.kind,
        alert.corp_id or "",
        alert.reason,
        str(alert.number),
        _time(alert.raised_at) or "",
    ]
    return " · ".join(part for part in parts if part)


def _time(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
