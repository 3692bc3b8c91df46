"""What an act says of a corp and its people, sealed by the corp's own key.

The audit is never changed, and a purge has to forget: it destroys the key. What stays
is who did what kind of thing when, with HMACs where the names were; the chain vouches
for what is sealed, and needs no key of a corp's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from store.database import Connection
from store.platform import app_keys
from store.sealing import DataKey, Keyring, pseudonym

# Behind these names of targets stand ids of WeCom's.
_NAMING = frozenset({"corp", "member", "department"})
# How the corp is found that an act is about, where it does not say so itself.
_CORP_OF = {
    "corp": "corp_id = %s AND state <> 'revoked'",
    "plan": "corp_pk = (SELECT corp_pk FROM plans WHERE plan_id = %s)",
    "run": "corp_pk = (SELECT corp_pk FROM runs WHERE run_id = %s)",
    "batch": "state <> 'revoked' AND 'corp:' || corp_id = (SELECT"
    " wanted -> 'mailboxes' ->> 0 FROM retry_batches WHERE batch_id = %s)",
    "event": "state <> 'revoked' AND 'corp:' || corp_id ="
    " (SELECT mailbox FROM inbox WHERE event_id::text = %s LIMIT 1)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Concealed:
    """What of an act may be read by everybody for good, and the rest, sealed."""

    target: str
    corp_id: str | None
    reason: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    corp_pk: int | None = None
    sealed: bytes | None = field(default=None, repr=False)


def conceal(connection: Connection, act: Concealed, *, keyring: Keyring) -> Concealed:
    """The act as it is kept: about a corp, only HMACs stay readable after its purge.

    Raises: SealBroken.
    """
    found = _find_corp(connection, act)
    if found is None:
        return act
    corp_pk, key = found
    said = {
        "target": act.target,
        "corp_id": act.corp_id,
        "reason": act.reason,
        "before": dict(act.before),
        "after": dict(act.after),
    }
    secret = app_keys.obtain(connection, app_keys.PSEUDONYM, keyring)
    corp_id = act.corp_id
    return Concealed(
        target=_hidden(secret, act.target),
        corp_id=corp_id and pseudonym(secret, corp_id=corp_id, name=corp_id),
        reason="",
        before={},
        after={},
        corp_pk=corp_pk,
        sealed=DataKey(keyring.open(key, place=f"data_key:{corp_pk}")).seal(
            json.loads(json.dumps(said, default=str))
        ),
    )


def reveal(act: Concealed, key: bytes | None, *, keyring: Keyring) -> Concealed:
    """The act as it was told; what a purge has taken away stays away.

    Raises: SealBroken.
    """
    if act.sealed is None or key is None:
        return act
    data_key = DataKey(keyring.open(key, place=f"data_key:{act.corp_pk}"))
    return Concealed(**data_key.open(act.sealed), corp_pk=act.corp_pk)


def spellings(connection: Connection, target: str, *, keyring: Keyring) -> list[str]:
    """How a target may stand in the audit: as it is, or hidden."""
    secret = app_keys.find(connection, app_keys.PSEUDONYM, keyring)
    return [target] if secret is None else [target, _hidden(secret, target)]


def _hidden(secret: bytes, target: str) -> str:
    kind, _, name = target.partition(":")
    if kind not in _NAMING or not name:
        return target
    return f"{kind}:{pseudonym(secret, corp_id='', name=target)}"


def _find_corp(connection: Connection, act: Concealed) -> tuple[int, bytes] | None:
    kind, _, name = act.target.partition(":")
    if act.corp_id is not None:
        kind, name = "corp", act.corp_id
    condition = _CORP_OF.get(kind)
    if condition is None or not name:
        return None
    row = connection.execute(
        "SELECT corp_pk, data_key FROM corps"  # noqa: S608 - one of these conditions
        f" WHERE data_key IS NOT NULL AND {condition} ORDER BY corp_pk DESC LIMIT 1",
        [name],
    ).fetchone()
    return (row[0], bytes(row[1])) if row else None
