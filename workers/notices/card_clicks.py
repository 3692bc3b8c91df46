"""What an admin's click on a card does: decide a held plan that is theirs to decide."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from domain.ids import Key, RunId, Userid, split_key
from domain.states import PlanState
from store.database import Connection
from store.inbox import settlement
from store.inbox.claims import ClaimedBatch, ClaimedMail
from store.inbox.settlement import Settled
from store.notices import cards
from store.org import corps
from store.org.corps import Corp
from store.runs import approvals, plans
from store.runs.plans import Plan
from store.sealing import DataKey, Keyring
from wecom.callbacks import parse_callback
from wecom.events import TemplateCardEvent
from workers.lease import leased
from workers.notices.admins import managing_admins
from workers.notices.texts import APPROVE, Pressed
from workers.runtime import Runtime

# A button below a card, and an entry of the menu in its corner.
CARD_CLICKS = frozenset({"template_card_event", "template_card_menu_event"})

Outcome = tuple[Settled, str]


def answer_clicks(
    runtime: Runtime, corp: Corp, claim: ClaimedBatch, clicks: Sequence[ClaimedMail]
) -> None:
    """Decide what was clicked, by the admins whom WeCom names at this moment.

    Raises: WeComError when WeCom does not name them; nothing is decided then.
    """
    admins = managing_admins(runtime.corp_api(corp))
    key = runtime.data_key(corp)
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        corps.lock(connection, corp.corp_pk)
        outcomes: dict[int, Outcome] = {}
        wished: list[RunId] = []
        for each in sorted(clicks, key=lambda one: one.event_id):
            code = response_code(connection, runtime.keyring, each)
            click = _Click.read(each, code=code)
            outcomes[each.event_id], run_id = _answer(
                connection, corp, click, admins=admins, data_key=key
            )
            wished += [run_id] if run_id else []
        settlement.settle(connection, claim, outcomes)
        settlement.forget_bodies(connection, [each.event_id for each in clicks])
    for run_id in wished:
        runtime.bell.ring_run(run_id)
    runtime.bell.ring_notices(corp.corp_pk)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Click:
    """One click: who pressed which button of which card."""

    userid: Userid
    pressed: Pressed | None
    task_id: str
    code: str | None = field(repr=False)

    @classmethod
    def read(cls, row: ClaimedMail, *, code: str | None) -> "_Click":
        return cls(
            userid=Userid(split_key(Key(row.key))[1]),
            pressed=Pressed.parse(str(row.hint.get("event_key", ""))),
            task_id=str(row.hint.get("task_id", "")),
            code=code,
        )


def _answer(
    connection: Connection,
    corp: Corp,
    click: _Click,
    *,
    admins: Collection[Userid],
    data_key: DataKey,
) -> tuple[Outcome, RunId | None]:
    plan = _find_plan(connection, corp, click)
    if plan is None or click.pressed is None:
        return ("ignored", "unknown_card"), None
    if click.userid not in admins:
        _tell(connection, plan, click, cards.NOT_AN_ADMIN, data_key)
        return ("done", cards.NOT_AN_ADMIN), None
    if plan.state != PlanState.HELD or plan.hash != click.pressed.hash:
        _tell(connection, plan, click, cards.DECIDED, data_key)
        return ("done", "overtaken"), None
    if click.code is not None:
        # The card itself carries the outcome to everybody who got it.
        cards.keep_code(connection, click.task_id, click.code, data_key=data_key)
    if click.pressed.verb == APPROVE:
        approval = approvals.approve(
            connection, plan.plan_id, plan_hash=plan.hash, by=click.userid
        )
        return ("done", PlanState.APPROVED), approval.run_id if approval else None
    approvals.reject(connection, plan.plan_id, by=click.userid)
    return ("done", PlanState.REJECTED), None


def _find_plan(connection: Connection, corp: Corp, click: _Click) -> Plan | None:
    """The plan of the card, locked; None when the button is not one of that card."""
    plan_id = cards.find_plan_of(connection, corp.corp_pk, click.task_id)
    if plan_id is None or click.pressed is None or click.pressed.plan_id != plan_id:
        return None
    return plans.lock(connection, plan_id)


def _tell(
    connection: Connection, plan: Plan, click: _Click, said: str, data_key: DataKey
) -> None:
    if click.code is None:
        return
    cards.add_answer(
        connection,
        plan.corp_pk,
        plan_id=plan.plan_id,
        said=said,
        userid=click.userid,
        response_code=click.code,
        data_key=data_key,
    )


def response_code(
    connection: Connection, keyring: Keyring, row: ClaimedMail
) -> str | None:
    """The code with which the card that was clicked can be changed."""
    sealed = settlement.find_body(connection, row.event_id)
    if sealed is None:
        return None
    detail = parse_callback(keyring.open(sealed, place="inbox")).detail
    return detail.response_code if isinstance(detail, TemplateCardEvent) else None
