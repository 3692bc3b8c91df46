"""What notices and cards say: the same to everybody whom one call reaches."""

from dataclasses import dataclass

from domain.ids import Userid
from store.notices.cards import PlanFacts
from texts.messages import both, chinese, english
from wecom.messages import (
    Button,
    CardLine,
    Message,
    button_card,
    clip,
    inert,
    text_card,
    text_notice,
    user_name,
)

APPROVE, REJECT = "approve", "reject"

# Limits of a card's parts (WeCom 90372), in characters.
_COMPANY, _TITLE, _ABOUT, _BODY, _VALUE = 40, 36, 44, 160, 30
_FILLED, _OUTLINED = 1, 2
# Who decided a plan without pressing a button.
_WAYS = frozenset({"api", "cli"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """What a button's key says: which plan, and whether it is approved or rejected."""

    verb: str
    plan_id: str
    hash: str

    @property
    def key(self) -> str:
        """The key as WeCom keeps it for us."""
        return f"{self.verb}:{self.plan_id}:{self.hash}"

    @classmethod
    def parse(cls, key: str) -> "Pressed | None":
        """The key again; None when it is none of ours."""
        parts = key.split(":")
        if len(parts) != len(("verb", "plan", "hash")) or "" in parts:
            return None
        verb, plan_id, plan_hash = parts
        if verb not in {APPROVE, REJECT}:
            return None
        return cls(verb=verb, plan_id=plan_id, hash=plan_hash)


def question(
    kind: str, *, company: str, url: str, invited_by: Userid | None = None
) -> Message:
    """The notice that asks a member to link an account, or to join."""
    said = {"company": clip(inert(company), _COMPANY)}
    lines = [_div("gray", english(f"notice.{kind}.text", **said))]
    if invited_by is not None:
        again = both("notice.again", name=user_name(invited_by))
        lines.insert(0, _div("highlight", again))
    lines.insert(-1, _div("normal", chinese(f"notice.{kind}.text", **said)))
    return text_card(
        title=both(f"notice.{kind}.title"),
        description="".join(lines),
        url=url,
        button=chinese(f"notice.{kind}.button"),
    )


def plan_card(plan: PlanFacts, *, task_id: str) -> Message:
    """The card that asks an admin about a held plan."""
    approve = Pressed(verb=APPROVE, plan_id=plan.plan_id, hash=plan.hash)
    reject = Pressed(verb=REJECT, plan_id=plan.plan_id, hash=plan.hash)
    return button_card(
        task_id=task_id,
        title=clip(chinese(f"card.{plan.kind}.title", n=plan.removals), _TITLE),
        description=clip(english(f"card.{plan.kind}.title", n=plan.removals), _ABOUT),
        body=clip(f"{chinese('card.about')}\n{english('card.about')}", _BODY),
        lines=_why(plan),
        buttons=[
            Button(text=_label("approve"), key=approve.key, style=_OUTLINED),
            Button(text=_label("reject"), key=reject.key, style=_FILLED),
        ],
    )


def decided_card(plan: PlanFacts, *, url: str) -> Message:
    """What takes a card's place once its plan is decided, or overtaken."""
    lines = [CardLine(label=chinese("card.count"), value=f"{plan.removals:,}")]
    if plan.decided_by is not None:
        lines.append(
            CardLine(label=chinese("card.by"), value=_decider(plan.decided_by))
        )
    return text_notice(
        title=clip(both(f"card.{plan.state}.title"), _TITLE),
        body=clip(
            f"{chinese(f'card.{plan.state}.text')}"
            f"\n{english(f'card.{plan.state}.text')}",
            _BODY,
        ),
        lines=lines,
        url=url,
    )


def refused_card(*, url: str) -> Message:
    """What somebody sees who pressed a button and is no admin of the app."""
    return text_notice(
        title=clip(both("card.not_an_admin.title"), _TITLE),
        body=clip(
            f"{chinese('card.not_an_admin.text')}\n{english('card.not_an_admin.text')}",
            _BODY,
        ),
        url=url,
    )


def _why(plan: PlanFacts) -> list[CardLine]:
    lines = [CardLine(label=chinese("card.count"), value=f"{plan.removals:,}")]
    if plan.reason:
        key = f"reason.{plan.reason}"
        lines += [
            CardLine(label=chinese("card.why"), value=clip(chinese(key), _VALUE)),
            CardLine(label=english("card.why"), value=clip(english(key), _VALUE)),
        ]
    return lines


def _label(verb: str) -> str:
    # A button holds ten characters: no room for a dot between the languages.
    return f"{chinese(f'card.{verb}')} {english(f'card.{verb}')}"


def _decider(decided_by: str) -> str:
    if decided_by in _WAYS:
        return both("card.operator")
    return user_name(decided_by)


def _div(style: str, text: str) -> str:
    return f'<div class="{style}">{text}</div>'
