"""`preview-member`: what a sync of one person would do, and what would wait."""

import time
from collections.abc import Iterator

import click
from redis import Redis, RedisError

from commands.auditing import note
from commands.runs.plans import in_language, tag_of
from commands.session import Failed, opened_pool, read_settings
from commands.terminal import echo
from settings import Settings
from store.database import Pool, transaction
from store.events.previews import ANSWER_SECONDS, Preview, PreviewState
from store.org.corps import find_live
from store.sealing import Keyring
from texts.catalogue import say
from web.console.org.preview_words import ShownPreview, ShownStep, shown_preview
from web.org.previews import PreviewPlace, may_be_asked, place_of
from workers.queue.bell import open_bell

_LOOK_SECONDS = 0.2
_REDIS_SECONDS = 1.0


@click.command("preview-member")
@click.argument("corp")
@click.argument("userid")
@click.option("--reason", default="", help="Kept in the audit.")
@in_language
def preview_member(corp: str, userid: str, reason: str, lang: str) -> None:
    """Ask WeCom about USERID of CORP alone and say what a sync would do."""
    settings, tag = read_settings(), tag_of(lang)
    if not may_be_asked(userid):
        raise Failed("Nobody of WeCom's can be called so.")
    with (
        opened_pool(settings) as pool,
        Redis.from_url(settings.redis_url, socket_timeout=_REDIS_SECONDS) as redis,
    ):
        corp_pk, place = _place(pool, redis, settings, corp, userid, reason)
        try:
            if not place.ask(open_bell(settings.redis_url).ring_preview, by="cli"):
                raise Failed("Redis cannot be reached: see REDIS_URL.")
            found = _follow(place)
        except (RedisError, OSError) as error:
            raise Failed("Redis cannot be reached: see REDIS_URL.") from error
        with transaction(pool) as connection:
            shown = shown_preview(connection, corp_pk, found, tag=tag)
    for line in _lines(shown, tag):
        echo(line)
    if shown.state is not PreviewState.ANSWERED:
        raise Failed(shown.next_step or shown.verdict)


def _place(
    pool: Pool, redis: Redis, settings: Settings, corp: str, userid: str, reason: str
) -> tuple[int, PreviewPlace]:
    """Where the answer will be; the act is kept with it."""
    with transaction(pool) as connection:
        found = find_live(connection, corp)
        if found is None or found.state != "linked":
            raise Failed(f"{corp} is {found.state if found else 'not known here'}.")
        place = place_of(
            connection,
            found.corp_pk,
            userid,
            redis=redis,
            keyring=Keyring(settings.secret_keys),
        )
        if place is None:
            raise Failed(f"{corp} has no data key.")
        note(
            connection,
            settings,
            "preview",
            target=f"member:{userid}",
            reason=reason,
            corp_id=corp,
        )
        return found.corp_pk, place


def _follow(place: PreviewPlace) -> Preview:
    ends_at = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < ends_at:
        found = place.find()
        if found is not None and found.state is not PreviewState.ASKING:
            return found
        time.sleep(_LOOK_SECONDS)
    raise Failed("No worker has answered: see list-workers.")


def _lines(shown: ShownPreview, tag: str) -> Iterator[str]:
    yield f"{shown.verdict} {shown.error}".rstrip()
    for step in (*shown.own, *shown.others):
        yield from _step(step)
    for notice in shown.notices:
        yield f"* {notice}"
    for call in shown.calls:
        yield f"  {call.endpoint} {call.text}"
    if shown.next_step:
        yield f"{say(tag, 'person.next')} {shown.next_step}"


def _step(step: ShownStep) -> Iterator[str]:
    yield f"{'!' if step.hold else '-'} {step.text} ({step.why})"
    for change in step.changes:
        yield f"    {change.field}: {change.old or '–'} -> {change.new or '–'}"
    if step.hold:
        yield f"    {step.hold} {step.plan_id or ''}".rstrip()
