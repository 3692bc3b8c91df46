"""The XML of WeCom's callbacks, written without looking at how ours are read."""

from collections.abc import Iterable
from dataclasses import dataclass

Field = tuple[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One decrypted callback.

    Shape: `name` is what faults and logs call it: the InfoType, the ChangeType of a
    contact change, or the Event.
    """

    name: str
    xml: str


def command_event(
    info_type: str, *, suite_id: str, at: int, fields: Iterable[Field] = ()
) -> Event:
    """An event of the command family (WeCom 90628, 100964)."""
    head: list[Field] = [("SuiteId", suite_id), ("InfoType", info_type)]
    return Event(name=info_type, xml=_write([*head, ("TimeStamp", at), *fields]))


def contact_event(
    change: str, *, suite_id: str, corp_id: str, at: int, fields: Iterable[Field]
) -> Event:
    """A contact change (WeCom 90639, 90640, 90641)."""
    head: list[Field] = [
        ("SuiteId", suite_id),
        ("AuthCorpId", corp_id),
        ("InfoType", "change_contact"),
        ("TimeStamp", at),
        ("ChangeType", change),
    ]
    return Event(name=change, xml=_write([*head, *fields]))


def data_event(
    event: str,
    *,
    corp_id: str,
    sender: str,
    agent_id: int,
    at: int,
    fields: Iterable[Field] = (),
) -> Event:
    """An event of the data family (WeCom 90376)."""
    head: list[Field] = [
        ("ToUserName", corp_id),
        ("FromUserName", sender),
        ("CreateTime", at),
        ("MsgType", "event"),
        ("Event", event),
        ("AgentID", agent_id),
    ]
    return Event(name=event, xml=_write([*head, *fields]))


def envelope(*, receiver: str, agent_id: str, encrypt: str) -> str:
    """The outer body that carries one encrypted event (WeCom 91116)."""
    return _write(
        [("ToUserName", receiver), ("AgentID", agent_id), ("Encrypt", encrypt)]
    )


def joined(values: Iterable[str | int]) -> str:
    """A comma list as WeCom writes it."""
    return ",".join(str(value) for value in values)


def _write(fields: Iterable[Field]) -> str:
    return f"<xml>{''.join(_element(name, value) for name, value in fields)}</xml>"


def _element(name: str, value: str | int) -> str:
    if isinstance(value, int):
        return f"<{name}>{value}</{name}>"
    # The only sequence that could end the section early is split over two.
    safe = value.replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{safe}]]></{name}>"
