"""From a webhook of TAPD's to its card: how soon beside the sync, in how few calls."""

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import requests
from dramatiq.brokers.stub import StubBroker

from benchmarks.dataset import Enterprise, userid_of
from benchmarks.environment import Database, Stage
from benchmarks.fake_wecom import running
from benchmarks.load import percentile
from benchmarks.probes import run_cost
from benchmarks.scenario import open_scene
from benchmarks.table import Line
from benchmarks.traffic import Pace
from demo.machine.ports import LOOPBACK
from domain.ids import CorpPk
from receiver.items import to_item_post
from store.database import Connection, transaction
from store.inbox.record import measure_backlog, record
from store.org.companies import secret_place
from store.sealing import Keyring
from tapd.item_events import CHINA
from tapd.webhooks import read_item_event
from workers.inbox.drain import drain
from workers.notices.deliver import deliver
from workers.queue.broker import EVENTS, NOTICES, RESYNC
from workers.runtime import Runtime, build

_SECRET = "told-by-nobody"  # noqa: S105 - of companies that exist for a minute
_MEMBERS, _DEPARTMENTS = 20, 4
_BUDGET_SECONDS = 2.0
_SETTLE_SECONDS = 60.0
_POSTERS = 8
# So many people edit in each company that none of them edits in bulk.
_EDITORS = 10


def cards_beside_sync(
    stage: Stage, *, corps: int, companies: int, per_second: int, seconds: float
) -> list[Line]:
    """Webhook to card of so many companies while every corp's people move."""
    small = [
        Enterprise(
            corp_id=f"wpItems{n:04d}", members=_MEMBERS, departments=_DEPARTMENTS
        )
        for n in range(corps)
    ]
    with open_scene(stage, small, asks_tapd=False) as scene:
        told = [each.corp_id for each in small[:companies]]
        employ(scene.database, told)
        paces = [Pace(enterprise=each, per_second=1.0) for each in small]
        with ThreadPoolExecutor(max_workers=1) as pool:
            # Processes that have just started fetch tokens and plan every statement.
            _push(told, port=scene.port, per_second=per_second, seconds=5.0, first=0)
            pushing = pool.submit(
                _push,
                told,
                port=scene.port,
                per_second=per_second,
                seconds=seconds,
                first=1_000_000,
            )
            sync = scene.measure(paces, seconds=seconds)
            sent = pushing.result()
        found = _carried(scene.database, sent)
    took = [found[item_id] - at for item_id, at in sent.items() if item_id in found]
    lost = len(sent) - len(took)
    p95 = percentile([*took, *[_SETTLE_SECONDS] * lost], 0.95)
    return [
        Line(
            name="item_cards",
            what=f"Webhook to card, {per_second}/s over {companies} companies"
            f" beside {corps} corps × 1 event/s, p95",
            held_against="2 s",
            ours=p95 * 1000,
            theirs=_BUDGET_SECONDS * 1000,
            unit="ms",
            budget=1.0,
            others={
                "p50": f"{percentile(took or [0.0], 0.5) * 1000:.0f} ms",
                "webhooks": f"{len(sent)}, without card {lost}",
                "sync events beside them, p95": f"{sync.p95 * 1000:.0f} ms",
            },
        )
    ]


def bulk_edit(stage: Stage, *, items: int, people: int) -> list[Line]:
    """Calls that one person's edit of so many items costs, each with an owner."""
    corp = Enterprise(corp_id="wpBulk", members=people, departments=people // 10)
    with (
        running([corp]) as double,
        stage.database(api_url=double.url) as plain,
    ):
        database = plain.without_tapd()
        corp_pk = database.link([corp])[corp.corp_id]
        run_cost(database.environment, database.request_run(corp_pk))
        employ(database, [corp.corp_id])
        broker = StubBroker(middleware=[])
        for queue in (EVENTS, NOTICES, RESYNC):
            broker.declare_queue(queue)
        runtime = build(database.settings, broker=broker, pool_size=4)
        for number in range(items):
            _keep(runtime, corp.corp_id, _edited(number, owner=number % people))
        began = time.monotonic()
        _tell(runtime, corp_pk, corp.corp_id)
        seconds = time.monotonic() - began
        calls = double.calls()[f"{corp.corp_id} message/send"]
        with transaction(runtime.pool) as connection:
            cards, digests, reached = _count(connection)
        runtime.pool.close()
    # Twenty at once; of who has a single item left it is a card, too, not a digest.
    texts = cards * -(-people // 1000)
    return [
        Line(
            name="item_bulk",
            what=f"Calls for a bulk edit of {items:,} items that {people} people own",
            held_against="people / 1000 × texts + digests",
            ours=calls,
            theirs=texts + digests,
            unit="",
            budget=1.0,
            others={
                "different cards": str(cards),
                "people told": str(reached),
                "digests": str(digests),
                "worked through in": f"{seconds:.1f} s",
            },
        )
    ]


def employ(database: Database, corp_ids: Sequence[str]) -> None:
    """Give each corp's company its secret, and each member an account of TAPD's."""
    keyring = Keyring(database.settings.secret_keys)
    with database.connect() as connection, connection.transaction():
        for corp_id in corp_ids:
            connection.execute(
                "UPDATE companies SET event_secret = %s WHERE company_id = %s",
                [
                    keyring.seal(_SECRET.encode(), place=secret_place(corp_id)),
                    corp_id,
                ],
            )
        connection.execute(
            "INSERT INTO accounts (account_id, nick)"
            " SELECT corp_id || '-' || userid, userid"
            " FROM members JOIN corps USING (corp_pk) WHERE corp_id = ANY(%s)",
            [list(corp_ids)],
        )
        connection.execute(
            "INSERT INTO memberships (company_id, account_id, origin)"
            " SELECT corp_id, corp_id || '-' || userid, 'tapd'"
            " FROM members JOIN corps USING (corp_pk) WHERE corp_id = ANY(%s)",
            [list(corp_ids)],
        )
        connection.execute(
            "INSERT INTO links (corp_pk, member_pk, company_id, state, reason,"
            " account_id) SELECT corp_pk, member_pk, corp_id, 'linked', 'proved',"
            " corp_id || '-' || userid FROM members JOIN corps USING (corp_pk)"
            " WHERE corp_id = ANY(%s) ON CONFLICT (corp_pk, member_pk) DO UPDATE"
            " SET state = 'linked', reason = 'proved', asks = NULL,"
            " account_id = EXCLUDED.account_id",
            [list(corp_ids)],
        )


def _event(kind: str, number: int, *, by: str, **fields: str) -> bytes:
    told = {
        "event": kind,
        "event_from": "web",
        "workspace_id": "48464494",
        "current_user": by,
        "id": f"1148464494{number:09d}",
        "secret": _SECRET,
        "queue_id": str(281_818_417 + number),
        "event_id": str(168_601_153 + number),
        "created": f"{datetime.now(CHINA):%Y-%m-%d %H:%M:%S}",
        **fields,
    }
    return json.dumps(told).encode()


def _created(number: int, *, owner: int) -> bytes:
    return _event(
        "story::create",
        number,
        by=f"editor {number // 20 % _EDITORS}",
        name=f"story {number}",
        owner=f"{userid_of(owner)};",
        creator="somebody else",
        status="planning",
    )


def _edited(number: int, *, owner: int) -> bytes:
    return _event(
        "story::update",
        number,
        by="somebody else",
        old_name=f"story {number}",
        old_owner=f"{userid_of(owner)};",
        old_status="planning",
        old_priority="Middle",
        new_priority="High",
        change_fields="priority",
    )


def _push(
    companies: Sequence[str], *, port: int, per_second: int, seconds: float, first: int
) -> dict[str, float]:
    """Send webhooks at this rate, in turn to each company; when each item's went."""
    began, sent = time.monotonic(), dict[str, float]()
    with (
        ThreadPoolExecutor(max_workers=_POSTERS) as pool,
        requests.Session() as session,
    ):
        for number in range(int(seconds * per_second)):
            time.sleep(max(0.0, began + number / per_second - time.monotonic()))
            company, owner = _whose(number, companies)
            body = _created(first + number, owner=owner)
            sent[f"1148464494{first + number:09d}"] = time.time()
            pool.submit(_post, session, f"http://{LOOPBACK}:{port}", company, body)
    return sent


def _whose(number: int, companies: Sequence[str]) -> tuple[str, int]:
    turn, company = divmod(number, len(companies))
    return companies[company], turn % _MEMBERS


def _post(session: requests.Session, base: str, company: str, body: bytes) -> None:
    session.post(f"{base}/tapd/events/{company}", data=body, timeout=_SETTLE_SECONDS)


def _carried(database: Database, sent: dict[str, float]) -> dict[str, float]:
    """When the card of each item was sent, once all are or nothing more comes."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    with database.connect() as connection:
        while True:
            found: dict[str, float] = dict(
                connection.execute(
                    "SELECT item_id, extract(epoch FROM sent_at)::float8"
                    " FROM item_notices JOIN notices USING (corp_pk, notice_id)"
                    " WHERE item_id = ANY(%s) AND state = 'sent'",
                    [list(sent)],
                ).fetchall()
            )
            if len(found) == len(sent) or time.monotonic() > deadline:
                return found
            time.sleep(0.2)


def _keep(runtime: Runtime, company: str, body: bytes) -> None:
    post = to_item_post(
        read_item_event(body), company_id=company, keyring=runtime.keyring
    )
    with transaction(runtime.pool) as connection:
        record(connection, post)


def _tell(runtime: Runtime, corp_pk: CorpPk, company: str) -> None:
    """Follow the mail and send everything, each minute of waiting left out."""
    while _pending(runtime):
        drain(runtime, f"company:{company}")
    for _ in _until_sent(runtime):
        deliver(runtime, corp_pk, rush=lambda _: 0.0)


def _until_sent(runtime: Runtime) -> Iterator[None]:
    waiting = True
    while waiting:
        yield
        with transaction(runtime.pool) as connection:
            waiting = bool(
                connection.execute(
                    "UPDATE notices SET tried_at = tried_at - interval '61 seconds',"
                    " not_before = not_before - interval '61 seconds'"
                    " WHERE state IN ('queued', 'sent')"
                ).rowcount
                and connection.execute(
                    "SELECT 1 FROM notices WHERE state = 'queued' LIMIT 1"
                ).fetchone()
            )


def _pending(runtime: Runtime) -> bool:
    with transaction(runtime.pool) as connection:
        return measure_backlog(connection).pending > 0


def _count(connection: Connection) -> tuple[int, int, int]:
    """Different cards, digests, and how many people were told."""
    row = connection.execute(
        "SELECT count(DISTINCT change_id) FILTER (WHERE kind = 'item'),"
        " count(*) FILTER (WHERE kind = 'digest'), count(DISTINCT member_pk)"
        " FROM notices WHERE kind IN ('item', 'digest') AND state = 'sent'"
    ).fetchone()
    return (row[0], row[1], row[2]) if row else (0, 0, 0)
