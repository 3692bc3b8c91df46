"""Where each field of a person comes from: WeCom's answer, and by which line."""

from dataclasses import dataclass
from datetime import datetime

from domain.decisions import Json
from domain.ids import Userid, member_key
from store.database import Connection
from store.summaries.org.departments import list_names
from store.summaries.org.journal import find_data_key, list_latest
from store.summaries.org.members import MemberSummary
from web.console.words import Names, value_words
from web.http.texts import language, translate
from web.org.corps import FoundCorp
from web.services import services

_LINES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownField:
    """A field as it is here; `at` when a line of the journal set it last."""

    name: str
    value: str
    at: datetime | None
    cause: str


def list_fields(
    connection: Connection, corp: FoundCorp, member: MemberSummary
) -> list[ShownField]:
    """The fields that WeCom owns, with when and by what each was set last."""
    lines = list_latest(
        connection,
        corp.corp_pk,
        limit=_LINES,
        key=member_key(Userid(member.userid)),
        data_key=find_data_key(connection, corp.corp_pk, keyring=services().keyring),
    )
    set_by: dict[str, tuple[datetime, str]] = {}
    details: dict[str, str] = {}
    for line in lines:
        for name, value in line.after.items():
            set_by.setdefault(name, (line.at, line.cause))
            if isinstance(value, dict):
                for each, text in value.items():
                    details.setdefault(each, str(text))
    shown = {**_own(connection, corp, member), **_seen(details)}
    return [
        ShownField(
            name=name,
            value=value,
            at=set_by.get(name, (None, ""))[0],
            cause=_cause(set_by.get(name, (None, ""))[1]),
        )
        for name, value in shown.items()
    ]


def _own(
    connection: Connection, corp: FoundCorp, member: MemberSummary
) -> dict[str, str]:
    roots = [int(at) for at in (_root(each) for each in member.grounds) if at]
    names = list_names(connection, corp.corp_pk, [*member.departments, *roots])
    known = Names(departments=names, members={})

    def place(department_id: int) -> str:
        return names.get(department_id) or translate(
            "journal.department", id=department_id
        )

    join = translate("journal.and").join
    return {
        "userid": member.userid,
        "open_userid": member.open_userid or "",
        "name": member.name or "",
        "departments": join(map(place, member.departments)),
        "main_department": place(member.main_department)
        if member.main_department
        else "",
        "leads": join(map(place, member.leads)),
        **{
            field: value_words(raw, field, known, language())
            for field, raw in (
                ("activation", member.activation),
                ("employment", member.employment),
                ("grounds", list[Json](member.grounds)),
            )
        },
    }


def _root(ground: str) -> str:
    kind, _, name = ground.partition(":")
    return name if kind == "department" else ""


def _seen(details: dict[str, str]) -> dict[str, str]:
    """Mobile and e-mail as far as they are visible; masked where they were read."""
    return {name: text for name, text in details.items() if name in {"mobile", "email"}}


def _cause(cause: str) -> str:
    return translate(f"cause.{cause}") if cause in {"mail", "run", "operator"} else ""
