"""A rejection stands as long as WeCom says the same."""

import pytest

from domain.decisions import Decision, DecisionName, Json
from domain.ids import Key
from domain.reconcile.rejections import Rejected, stands


def after(user_get: int | str, scope: str = "covers") -> dict[str, Json]:
    return {"evidence": {"user_get": user_get, "scope": scope}}


def removal(reason: str, fields: dict[str, Json]) -> Decision:
    return Decision(
        name=DecisionName.REMOVE_MEMBER,
        key=Key("member:woA"),
        before={},
        after=fields,
        reason=reason,
    )


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        (after(60111), after(60111), True),
        (after(60111), after(40003), True),
        (after(60011), after(60021), True),
        (after("answered"), after("answered"), True),
        # Their department went after them: they are gone as before.
        (after(60111, "covers"), after(60111, "leaves_out"), True),
        (after(60011, "leaves_out"), after(60111, "leaves_out"), False),
        (after(60111, "covers"), after(60011, "covers"), False),
        (after("answered", "leaves_out"), after(60111, "leaves_out"), False),
        # The scope takes them in again, and still there is nobody.
        (after(60111, "leaves_out"), after(60111, "covers"), False),
    ],
)
def test_answers_and_not_what_led_to_the_question_are_compared(
    then: dict[str, Json], now: dict[str, Json], expected: bool
) -> None:
    rejected = Rejected(reason="deleted_by_event", after=then)

    assert stands(rejected, removal("confirmed_by_listing", now)) is expected


@pytest.mark.parametrize("kept", [{}, {"evidence": "lost"}, {"evidence": {}}])
@pytest.mark.parametrize("reason", ["not_listed", "out_of_scope"])
def test_without_answers_the_reason_is_compared(
    kept: dict[str, Json], reason: str
) -> None:
    rejected = Rejected(reason="not_listed", after=kept)

    assert stands(rejected, removal(reason, kept)) is (reason == "not_listed")
