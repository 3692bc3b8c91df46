"""`plan`: what a resync would do now, and what it would cost."""

from collections.abc import Sequence

import click

from commands.auditing import note_deed
from commands.runs.following import follow
from commands.session import Failed, opened_pool, read_settings
from commands.terminal import echo
from domain.grouping import StepGroup
from store.database import Connection, Pool, transaction
from store.org.corps import find_live
from store.platform import deeds
from store.runs import rehearsals, requests
from store.runs.rehearsals import Rehearsal
from store.sealing import Keyring
from store.summaries.org.journal import find_data_key, masked
from store.summaries.runs.runs import RunSummary
from texts.catalogue import say
from web.console.runs.telling import tell_groups, tell_why
from workers.queue.bell import open_bell

_AT_ONCE = 1_000

in_language = click.option(
    "--lang",
    default="en",
    envvar=["LC_ALL", "LANG"],
    metavar="zh|en",
    help="Default: what LANG says.",
)


@click.command()
@click.argument("corp")
@click.option(
    "--every", is_flag=True, help="Each decision, not only what they come to."
)
@click.option("--reason", default="", help="Kept in the audit.")
@in_language
def plan(corp: str, every: bool, reason: str, lang: str) -> None:
    """Read all of CORP from WeCom and say what a resync would do; change nothing."""
    settings = read_settings()
    tag = tag_of(lang)
    with opened_pool(settings) as pool:
        with transaction(pool) as connection:
            found = find_live(connection, corp)
            if found is None or found.state != "linked":
                raise Failed(f"{corp} is {found.state if found else 'not known here'}.")
            run_id = requests.request_plan(connection, found.corp_pk)
            deed = deeds.run_wanted("plan", corp_id=corp, run_id=run_id)
            note_deed(connection, settings, deed, reason=reason)
        open_bell(settings.redis_url).ring_run(run_id)
        echo(f"run {run_id}")
        run = follow(pool, run_id)
        rehearsal = _rehearsal(pool, run)
        if every:
            _print_every(pool, rehearsal, Keyring(settings.secret_keys))
        _print_groups(pool, rehearsal, tag)
    _print_end(run, rehearsal, tag)


def tag_of(lang: str) -> str:
    """The catalogue of a language as LANG names it."""
    return "zh-CN" if lang.lower().startswith("zh") else "en"


def _rehearsal(pool: Pool, run: RunSummary) -> Rehearsal:
    with transaction(pool) as connection:
        rehearsal = rehearsals.find(connection, run.run_id)
    if rehearsal is None:
        raise Failed(run.error or f"The run was {run.state}.")
    return rehearsal


def _print_every(pool: Pool, rehearsal: Rehearsal, keyring: Keyring) -> None:
    after = 0
    with transaction(pool) as connection:
        data_key = find_data_key(connection, rehearsal.corp_pk, keyring=keyring)
        while True:
            rows = rehearsals.list_rehearsed(
                connection,
                rehearsal.run_id,
                after=after,
                limit=_AT_ONCE,
                data_key=data_key,
            )
            for each in rows:
                held = " held" if each.held else ""
                before, after_fields = masked(each.before), masked(each.after)
                echo(
                    f"{each.name} {each.key} ({each.reason}){held}:"
                    f" {before!r} -> {after_fields!r}"
                )
            if len(rows) < _AT_ONCE:
                return
            after = rows[-1].position


def _print_groups(pool: Pool, rehearsal: Rehearsal, tag: str) -> None:
    groups = rehearsals.groups_of(rehearsal)
    with transaction(pool) as connection:
        lines = _lines(connection, rehearsal, groups, tag)
    for line in lines:
        echo(line)


def _lines(
    connection: Connection, rehearsal: Rehearsal, groups: Sequence[StepGroup], tag: str
) -> list[str]:
    said = tell_groups(connection, rehearsal.corp_pk, groups)
    return [
        f"{'!' if group.held else '-'} {words[tag]} ({tell_why(group, tag=tag)})"
        for group, words in zip(groups, said, strict=True)
    ]


def _print_end(run: RunSummary, rehearsal: Rehearsal, tag: str) -> None:
    if not rehearsal.groups:
        echo(say(tag, "plan.nothing"))
    for hold in rehearsal.holds:
        where = hold["plan_id"] or say(tag, "plan.new")
        echo(
            say(tag, f"plan.held.{hold['kind']}", n=hold["count"], plan=where)
            + f" {hold['hash']}"
        )
    awaited = rehearsal.awaited
    if awaited["people"]:
        least, most = awaited["calls_least"], awaited["calls_most"]
        key = "plan.lookups" if most else "plan.lookups_later"
        echo(say(tag, key, n=awaited["people"], least=least, most=most))
    echo(say(tag, "plan.cost", calls=run.calls, resync=rehearsal.calls_resync))
    echo(f"hash {rehearsal.hash}")
