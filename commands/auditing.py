"""What is done by the command line is in the audit, too; and whether that is whole."""

from typing import Unpack

import click
import redis as redis_client
from redis import RedisError

from commands.session import Failed, opened_pool, read_settings
from commands.terminal import echo
from domain.roles import Role
from settings import Settings
from store.database import Connection, transaction
from store.platform import audit, audit_proof
from store.platform.audit import ActDetails, OperatorAct
from store.platform.audit_proof import AuditFault, Head
from store.platform.deeds import Deed
from store.sealing import Keyring

ACTOR = "cli"
_REDIS_SECONDS = 5.0
_SHOWN_FAULTS = 20

_SAID = {
    "missing": "act {n} is missing: it was removed",
    "altered": "act {n} was altered, or put in by somebody else",
    "head_altered_before": "the end of the audit had been altered before act {n}",
    "not_the_noted": "act {n} is not the one that was noted elsewhere",
    "cut_off": "act {n} was there once and is cut off the end",
    "head_altered": "the note of where the audit ends (act {n}) was altered",
    "head_behind": "the note of where the audit ends does not know act {n}",
}


def note(
    connection: Connection,
    settings: Settings,
    act: str,
    **details: Unpack[ActDetails],
) -> None:
    """Write the act into the audit, in the transaction in which it is done."""
    # Whoever runs it holds SECRET_KEYS.
    done = OperatorAct(actor=ACTOR, role=Role.ADMIN, act=act, **details)
    audit.record(connection, done, keyring=Keyring(settings.secret_keys))


def note_deed(
    connection: Connection, settings: Settings, deed: Deed, *, reason: str
) -> None:
    """Write into the audit what console, API and shell say alike."""
    note(
        connection,
        settings,
        deed.act,
        target=deed.target,
        reason=reason,
        corp_id=deed.corp_id,
        before=dict(deed.before),
        after=dict(deed.after),
    )


def _head(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> Head | None:
    try:
        return Head.parse(value) if value else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command("verify-audit")
@click.option(
    "--head",
    callback=_head,
    metavar="NUMBER:CHAIN",
    help="An end that an earlier verify-audit printed: it must still be there.",
)
def verify_audit(head: Head | None) -> None:
    """Check that nobody has altered, removed or cut off an act of the audit."""
    settings = read_settings()
    witnesses = [each for each in (head, _witness(settings)) if each is not None]
    with opened_pool(settings) as pool, transaction(pool) as connection:
        proof = audit_proof.verify(
            connection, keyring=Keyring(settings.secret_keys), witnesses=witnesses
        )
    for each in proof.faults[:_SHOWN_FAULTS]:
        echo(_say(each))
    if proof.faults:
        raise Failed(
            f"The audit is not whole: {len(proof.faults)} faults."
            " Compare with a backup from before."
        )
    echo(f"The audit is whole: {proof.rows} acts, ending in {proof.head}")
    echo("Keep that end elsewhere; --head checks that it is still there.")


def _say(fault: AuditFault) -> str:
    return _SAID[fault.what].format(n=fault.audit_id)


def _witness(settings: Settings) -> Head | None:
    redis = redis_client.Redis.from_url(
        settings.redis_url,
        socket_timeout=_REDIS_SECONDS,
        socket_connect_timeout=_REDIS_SECONDS,
    )
    try:
        return audit_proof.read_witness(redis)
    except (RedisError, OSError, ValueError):
        echo("The end noted in Redis cannot be read; going on without.", err=True)
        return None
    finally:
        redis.close()
