"""`diff`: what is different in a corp between two moments, told by its journal."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click

from commands.runs.plans import in_language, tag_of
from commands.session import Failed, opened_pool, read_settings
from commands.terminal import echo
from domain.grouping import Step, StepGroup, group
from domain.ids import CorpPk, split_key
from domain.org.changes import OrgChange, steps_of
from domain.org.replay import BrokenJournal
from store.database import Connection, transaction
from store.org.as_of import find_cut
from store.org.diff import read_changes
from store.sealing import DataKey, Keyring
from store.summaries.org import corps, departments, members
from store.summaries.org.journal import find_data_key
from texts.catalogue import say
from web.console.words import Names, describe_group

_KINDS = ("department", "member")


@click.command()
@click.argument("corp")
@click.option(
    "--from", "since", required=True, metavar="TIME", help="Like 2026-01-05T12:00:00Z."
)
@click.option("--to", "until", metavar="TIME", help="Default: now.")
@in_language
def diff(corp: str, since: str, until: str | None, lang: str) -> None:
    """Say what is different in CORP between two moments.

    A TIME without an offset is meant in SYNC_TIME_ZONE; a day begins at midnight.
    """
    settings = read_settings()
    zone = ZoneInfo(settings.time_zone)
    begun, ended = read_moment(since, zone), read_moment(until, zone)
    with opened_pool(settings) as pool, transaction(pool) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        found = _find(connection, corp, Keyring(settings.secret_keys))
        try:
            lines = _tell(connection, found, begun, ended, tag=tag_of(lang))
        except BrokenJournal as error:
            raise Failed(f"The journal does not fold: {error}.") from error
    for line in lines:
        echo(line)


def read_moment(text: str | None, zone: ZoneInfo) -> datetime:
    """The moment that somebody has written; now without any.

    Raises: BadParameter.
    """
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
        placed = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return placed.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(
            f"{text} is no time; write it like 2026-01-05T12:00:00Z."
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Corp:
    corp_pk: CorpPk
    data_key: DataKey | None = field(repr=False)


def _find(connection: Connection, corp_id: str, keyring: Keyring) -> _Corp:
    key = corps.find_pseudonym_key(connection, keyring=keyring)
    found = corps.find_corp(connection, corps.names_of(corp_id, key))
    if found is None:
        raise Failed(f"{corp_id} is not known here.")
    return _Corp(
        corp_pk=CorpPk(found.corp_pk),
        data_key=find_data_key(connection, found.corp_pk, keyring=keyring),
    )


def _tell(
    connection: Connection, corp: _Corp, begun: datetime, ended: datetime, *, tag: str
) -> list[str]:
    """What differs, one line for all to whom the same happened."""
    told = _Told(corp=corp, connection=connection)
    groups = group(
        told.steps(
            since=find_cut(connection, corp.corp_pk, begun),
            until=find_cut(connection, corp.corp_pk, ended),
        )
    )
    names = told.names()
    lines = []
    for kind in _KINDS:
        some = [each for each in groups if split_key(each.keys[0])[0] == kind]
        if some:
            lines.append(say(tag, f"diff.{kind}s", n=sum(each.count for each in some)))
            lines += [f"  {_line(each, names, tag)}" for each in some]
    return lines or [say(tag, "diff.nothing")]


@dataclass(slots=True)
class _Told:
    """Goes through the changes once, and keeps the names that they tell."""

    connection: Connection
    corp: _Corp
    _departments: dict[int, str] = field(default_factory=dict)
    _members: dict[str, str] = field(default_factory=dict)
    _places: set[int] = field(default_factory=set)

    def steps(self, *, since: int, until: int) -> Iterator[Step]:
        """The changes between two cuts as decisions."""
        changes = read_changes(
            self.connection,
            self.corp.corp_pk,
            since=since,
            until=until,
            data_key=self.corp.data_key,
        )
        for change in changes:
            self._note(change)
            yield from steps_of(change)

    def names(self) -> Names:
        """The names that were visible, of today where no change tells one."""
        pk, places = self.corp.corp_pk, sorted(self._places)
        today = departments.list_names(self.connection, pk, places)
        people = members.list_names(self.connection, pk, sorted(self._members))
        known = {userid: name for userid, name in self._members.items() if name}
        return Names(departments=today | self._departments, members=people | known)

    def _note(self, change: OrgChange) -> None:
        kind, name = split_key(change.key)
        said = change.after.get("name") or change.before.get("name") or ""
        if kind == "member":
            self._members[name] = str(said)
        elif said:
            self._departments[int(name)] = str(said)
        else:
            self._places.add(int(name))
        for fields in (change.before, change.after):
            for field_name in ("departments", "main_department", "leads", "parent_id"):
                value = fields.get(field_name)
                places = value if isinstance(value, list) else [value]
                self._places.update(each for each in places if isinstance(each, int))


def _line(each: StepGroup, names: Names, tag: str) -> str:
    text = describe_group(each, names, tag=tag)
    return f"{text} {say(tag, 'diff.merged')}" if "merged" in each.reasons else text
