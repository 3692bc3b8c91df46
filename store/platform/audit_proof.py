"""Whether the audit is whole: every row, in order, to the end that was noted."""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass

from psycopg.rows import class_row
from redis import Redis

from store.database import Connection
from store.platform import app_keys
from store.platform.audit import KEY_NAME, ChainedRow, chain_of, proof_of
from store.sealing import Keyring

# Where the clock notes the end beside Postgres: an older copy of both the rows and
# the head, put back together, proves itself and is missed here.
WITNESS = "audit:witness"
_ROWS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFault:
    """Something that was altered: a code, and at which row."""

    what: str
    audit_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of the audit: how many rows, and the last one's chain in hex."""

    audit_id: int
    chain: str

    @classmethod
    def parse(cls, text: str) -> "Head":
        """A head as `verify-audit` prints it: `12:abcdef…`.

        Raises: ValueError.
        """
        number, colon, chain = text.strip().partition(":")
        if not (colon and number.isascii() and number.isdigit() and len(number) < 19):
            raise ValueError("must look like 12:0a1b…, as verify-audit printed it")
        return cls(audit_id=int(number), chain=chain.lower())

    def __str__(self) -> str:
        return f"{self.audit_id}:{self.chain}"


@dataclass(slots=True, kw_only=True)
class Proof:
    """What going through all rows has shown."""

    rows: int
    head: Head
    faults: list[AuditFault]


def verify(connection: Connection, *, keyring: Keyring, witnesses: list[Head]) -> Proof:
    """Go through the whole audit; `witnesses` are ends that were noted elsewhere.

    Raises: SealBroken.
    """
    key = app_keys.find(connection, KEY_NAME, keyring) or b""
    known = {each.audit_id: each.chain for each in witnesses if each.audit_id}
    faults: list[AuditFault] = []
    last, chain, rows = 0, b"", 0
    for row, kept in _rows(connection):
        rows += 1
        if row.audit_id != last + 1:
            faults.append(AuditFault(what="missing", audit_id=last + 1))
        if not row.continues:
            faults.append(AuditFault(what="head_altered_before", audit_id=row.audit_id))
        if not hmac.compare_digest(kept, chain_of(key, chain, row)):
            faults.append(AuditFault(what="altered", audit_id=row.audit_id))
        if row.audit_id in known and known.pop(row.audit_id) != kept.hex():
            faults.append(AuditFault(what="not_the_noted", audit_id=row.audit_id))
        last, chain = row.audit_id, kept
    faults += _faults_of_end(connection, key, last, chain)
    faults += [AuditFault(what="cut_off", audit_id=number) for number in sorted(known)]
    return Proof(rows=rows, head=Head(audit_id=last, chain=chain.hex()), faults=faults)


def find_head(connection: Connection) -> Head | None:
    """The end as Postgres notes it; None before the first act."""
    row = connection.execute("SELECT audit_id, chain FROM audit_head").fetchone()
    if row is None or not row[0]:
        return None
    return Head(audit_id=row[0], chain=bytes(row[1]).hex())


def read_witness(redis: Redis) -> Head | None:
    """The end as it was noted in Redis.

    Raises: RedisError.
    """
    kept = redis.get(WITNESS)
    if not kept:
        return None
    return Head.parse(kept.decode() if isinstance(kept, bytes) else kept)


def note_witness(redis: Redis, head: Head) -> bool:
    """Note the end in Redis; False when what is noted there is further on.

    Raises: RedisError.
    """
    before = read_witness(redis)
    if before is not None and before.audit_id > head.audit_id:
        return False
    if before is not None and before.audit_id == head.audit_id:
        return before.chain == head.chain
    redis.set(WITNESS, str(head))
    return True


def _rows(connection: Connection) -> Iterator[tuple[ChainedRow, bytes]]:
    after = 0
    while True:
        with connection.cursor(row_factory=class_row(ChainedRow)) as cursor:
            cursor.execute(
                "SELECT audit_id, at, actor, role, act, target, corp_id, reason,"
                " before::text AS before, after::text AS after, continues, corp_pk,"
                " sealed"
                " FROM audit WHERE audit_id > %s ORDER BY audit_id LIMIT %s",
                [after, _ROWS],
            )
            rows = cursor.fetchall()
        if not rows:
            return
        chains: dict[int, bytes] = dict(
            connection.execute(
                "SELECT audit_id, chain FROM audit WHERE audit_id BETWEEN %s AND %s",
                [rows[0].audit_id, rows[-1].audit_id],
            ).fetchall()
        )
        for row in rows:
            yield row, bytes(chains[row.audit_id])
        after = rows[-1].audit_id


def _faults_of_end(
    connection: Connection, key: bytes, last: int, chain: bytes
) -> Iterator[AuditFault]:
    row = connection.execute("SELECT audit_id, chain, proof FROM audit_head").fetchone()
    if row is None:
        yield AuditFault(what="head_altered", audit_id=last)
        return
    number, noted, proof = row[0], bytes(row[1]), bytes(row[2])
    if number == 0 and last == 0 and not proof and not key:
        return
    if not hmac.compare_digest(proof, proof_of(key, number, noted)):
        yield AuditFault(what="head_altered", audit_id=number)
    if number > last:
        yield AuditFault(what="cut_off", audit_id=number)
    elif (number, noted) != (last, chain):
        yield AuditFault(what="head_behind", audit_id=last)
