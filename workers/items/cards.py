"""What a card about an item says, and a digest of many; as template card or as text."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from domain.items.items import ItemKind
from domain.plain_text import shorten
from store.items.facts import ItemFacts
from tapd.item_events import CHINA
from tapd.links import item_path, short_id
from texts.catalogue import say
from wecom.messages import (
    Button,
    CardLine,
    Menu,
    Message,
    text_card,
    text_notice,
)
from workers.items.values import harmless, label, pair

# Limits of a card's parts (WeCom 90372), in characters.
_TITLE, _ABOUT, _BODY, _SOURCE, _KEY, _VALUE = 36, 44, 160, 20, 5, 30
_BUTTON, _LINES = 10, 6
_CARD_TITLE, _CARD_TEXT = 128, 512
_LINE_TITLE = 60

MUTE_ITEM, MUTE_KIND = "mute_item", "mute_kind"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFrame:
    """What a card has besides its words: where it leads, its id, how it is read.

    Shape: `public_url` is ours; `batch_id` is in every address, so that no two batches
        are the same message.
    """

    public_url: str
    batch_id: str
    language: str
    zone: ZoneInfo

    def say(self, key: str, **values: object) -> str:
        """A text in the reader's language."""
        return say(self.language, key, **values)

    def to_item(self, facts: ItemFacts) -> str:
        """The address that signs in on the way and lands on the item."""
        path = item_path(
            facts.kind,
            workspace_id=facts.workspace_id,
            item_id=facts.item_id,
            new_task=facts.new_task,
        )
        target = quote(path, safe="")
        return f"{self.public_url}/enter?to={target}&notice={self.batch_id}"

    def to_notices(self) -> str:
        """The address of the reader's own notices."""
        return f"{self.public_url}/me/notices?notice={self.batch_id}"


def item_card(facts: ItemFacts, frame: CardFrame) -> Message:
    """The template card of one change."""
    return text_notice(
        source=shorten(harmless(facts.workspace or "TAPD"), _SOURCE),
        title=shorten(_heading(facts, frame), _TITLE),
        description=shorten(_who_and_when(facts, frame), _ABOUT),
        body=_body(facts, frame),
        lines=_lines(facts, frame),
        url=frame.to_item(facts),
        menu=_menu(facts, frame),
    )


def item_text(facts: ItemFacts, frame: CardFrame) -> Message:
    """The same as a textcard, for where template cards are refused."""
    told = [
        _div("gray", _who_and_when(facts, frame)),
        _div("normal", _body(facts, frame).replace("\n", "<br>")),
    ]
    told += [
        _div("normal", f"{line.label}: {line.value}") for line in _lines(facts, frame)
    ]
    return text_card(
        title=shorten(_heading(facts, frame), _CARD_TITLE),
        description=_fitting(told),
        url=frame.to_item(facts),
        button=frame.say("item.open"),
    )


def digest_card(
    shown: Sequence[ItemFacts], counts: Counter[ItemKind], frame: CardFrame
) -> Message:
    """The template card that tells of many items at once, the newest in its lines."""
    return text_notice(
        source="TAPD",
        title=_digest_heading(counts, frame),
        description=shorten(_by_kind(counts, frame), _ABOUT),
        body=frame.say("item.digest.about"),
        lines=[
            CardLine(
                label=shorten(frame.say(f"item.short.{each.kind}"), _KEY),
                value=shorten(_entry(each, frame), _VALUE),
                url=frame.to_item(each),
            )
            for each in shown[:_LINES]
        ],
        url=frame.to_notices(),
    )


def digest_text(
    shown: Sequence[ItemFacts], counts: Counter[ItemKind], frame: CardFrame
) -> Message:
    """The same as a textcard."""
    told = [_div("gray", _by_kind(counts, frame))]
    told += [
        _div("normal", shorten(_entry(each, frame), _LINE_TITLE)) for each in shown
    ]
    return text_card(
        title=_digest_heading(counts, frame),
        description=_fitting(told),
        url=frame.to_notices(),
        button=frame.say("item.open"),
    )


def muted_card(
    said: str, kind: ItemKind, *, title: str, language: str, url: str
) -> Message:
    """What takes a card's place once its reader has muted the item, or its kind."""
    kind_name = say(language, f"item.kind.{kind}")
    return text_notice(
        title=shorten(say(language, f"item.{said}.title", kind=kind_name), _TITLE),
        body=shorten(f"{harmless(title)}\n{say(language, f'item.{said}.text')}", _BODY),
        url=url,
    )


def muted_text(
    said: str, kind: ItemKind, *, title: str, language: str, url: str
) -> Message:
    """The same as a message of its own, where the card cannot be changed any more."""
    kind_name = say(language, f"item.kind.{kind}")
    told = [
        _div("normal", shorten(harmless(title), _BODY)),
        _div("gray", say(language, f"item.{said}.text")),
    ]
    return text_card(
        title=say(language, f"item.{said}.title", kind=kind_name),
        description=_fitting(told if title else told[1:]),
        url=url,
        button=say(language, "item.open"),
    )


def _heading(facts: ItemFacts, frame: CardFrame) -> str:
    kind = frame.say(f"item.kind.{facts.kind}")
    action = frame.say(f"item.action.{facts.change.action}")
    return frame.say("item.heading", kind=kind, action=action)


def _title(facts: ItemFacts, frame: CardFrame) -> str:
    if facts.title:
        return harmless(facts.title)
    number = short_id(facts.item_id, facts.workspace_id)
    return frame.say("item.untitled", number=number)


def _who_and_when(facts: ItemFacts, frame: CardFrame) -> str:
    who = shorten(harmless(facts.operator), 24) or frame.say("item.somebody")
    at = facts.change.at
    return who if at is None else f"{who} · {_clock(at, frame)}"


def _clock(at: datetime, frame: CardFrame) -> str:
    # TAPD's times are China's; the reader's clock is the company's.
    return at.astimezone(frame.zone or CHINA).strftime("%m-%d %H:%M")


def _body(facts: ItemFacts, frame: CardFrame) -> str:
    title = _title(facts, frame)
    comment = harmless(facts.change.comment)
    if not comment:
        return shorten(title, _BODY)
    title = shorten(title, _LINE_TITLE)
    return f"{title}\n{shorten(comment, _BODY - len(title) - 1 - _over(title))}"


def _over(text: str) -> int:
    """How much longer a text is to whoever counts an emoji as two."""
    return sum(each > "\uffff" for each in text)


def _lines(facts: ItemFacts, frame: CardFrame) -> list[CardLine]:
    fields, language = facts.change.fields, frame.language
    shown = fields if len(fields) <= _LINES else fields[: _LINES - 1]
    lines = [
        CardLine(
            label=label(facts, each.name, language=language, chars=_KEY),
            value=pair(facts, each, language=language, chars=_VALUE),
        )
        for each in shown
    ]
    if len(fields) > len(shown):
        more = frame.say("item.more_fields", n=len(fields) - len(shown))
        lines.append(CardLine(label=frame.say("item.more"), value=more))
    return lines


def _menu(facts: ItemFacts, frame: CardFrame) -> Menu:
    keys = f"{facts.kind}:{facts.item_id}"
    return Menu(
        task_id=frame.batch_id,
        about=frame.say("item.menu"),
        actions=[
            Button(
                text=shorten(frame.say("item.mute_item"), _BUTTON),
                key=f"{MUTE_ITEM}:{frame.language}:{keys}",
            ),
            Button(
                text=shorten(frame.say(f"item.mute_kind.{facts.kind}"), _BUTTON),
                key=f"{MUTE_KIND}:{frame.language}:{keys}",
            ),
        ],
    )


def _digest_heading(counts: Counter[ItemKind], frame: CardFrame) -> str:
    return shorten(frame.say("item.digest.title", n=counts.total()), _TITLE)


def _by_kind(counts: Counter[ItemKind], frame: CardFrame) -> str:
    return " · ".join(
        f"{frame.say(f'item.kind.{kind}')} {counts[kind]:,}"
        for kind in ItemKind
        if counts[kind]
    )


def _entry(facts: ItemFacts, frame: CardFrame) -> str:
    action = frame.say(f"item.brief.{facts.change.action}")
    return f"{action} {_title(facts, frame)}"


def _div(style: str, text: str) -> str:
    return f'<div class="{style}">{text}</div>'


def _fitting(parts: Sequence[str]) -> str:
    """As many of the parts, from the first on, as a textcard holds."""
    text = ""
    for each in parts:
        if len(text) + len(each) + _over(text + each) > _CARD_TEXT:
            break
        text += each
    return text
