"""`refused` and `reveal`: what the console shows of callbacks and of people."""

import click
from redis import Redis, RedisError

from commands.auditing import note
from commands.session import Failed, opened_pool, read_settings
from commands.terminal import echo
from configuration.suite_identity import identity_of
from store.database import transaction
from store.org.corps import find_live
from store.sealing import Keyring
from store.summaries.org.contacts import list_contacts
from store.summaries.org.members import find_member
from web.operations.refused_view import verify_again


@click.command("refused")
def refused() -> None:
    """Look into the newest refused callbacks again, by the settings of now."""
    settings = read_settings()
    with Redis.from_url(settings.redis_url, socket_timeout=1.0) as redis:
        try:
            found = verify_again(
                redis, Keyring(settings.secret_keys), identity_of(settings.wecom)
            )
        except (RedisError, OSError) as error:
            raise Failed("Redis cannot be reached: see REDIS_URL.") from error
    for each in found:
        at = each.kept.at.isoformat(timespec="seconds")
        echo(f"{at} {each.fault.value:<9} {each.kept.method} {each.shown}")
    echo(f"{len(found)} refused callbacks are kept." if found else "None is kept.")


@click.command("reveal")
@click.argument("corp")
@click.argument("userid")
@click.option("--reason", required=True, help="Kept in the audit.")
def reveal(corp: str, userid: str, reason: str) -> None:
    """Print how USERID of CORP is reached, in full; who looked and why is kept."""
    settings = read_settings()
    with opened_pool(settings) as pool, transaction(pool) as connection:
        found = find_live(connection, corp)
        if found is None:
            raise Failed(f"{corp} is not known here.")
        member = find_member(connection, found.corp_pk, [userid])
        if member is None:
            raise Failed(f"{userid} is not known in {corp}.")
        shown = list_contacts(connection, found.corp_pk, member.member_pk)
        note(
            connection,
            settings,
            "reveal",
            target=f"member:{member.userid}",
            reason=reason,
            corp_id=corp,
            after={"fields": sorted({each.name for each in shown}), "seconds": 0},
        )
    for each in shown:
        echo(f"{each.name:<12} {each.value} ({each.source})")
    if not shown:
        echo("Neither WeCom nor TAPD tells any number or address.")
