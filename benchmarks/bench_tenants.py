"""What one event costs in Postgres among few corps, and among very many.

Counted in pages that its statements touch: they say the same on every machine, and show
a scan of other corps' rows long before a clock does.
"""

from dataclasses import replace

from dramatiq.brokers.stub import StubBroker

from benchmarks.callbacks import moved
from benchmarks.crowd import settle_in
from benchmarks.dataset import Enterprise
from benchmarks.environment import Stage
from benchmarks.fake_wecom import running
from benchmarks.probes import run_cost
from benchmarks.query_plans import WatchedPool, carry_out
from benchmarks.table import Line
from receiver.posts import to_post
from store.connecting import connect
from store.database import transaction
from store.inbox.record import record
from wecom.callbacks import parse_callback
from workers.inbox.drain import drain
from workers.runtime import build


def tenants(stage: Stage, *, few: int, many: int) -> list[Line]:
    """The pages of one event's statements, each carried out once, by corps stored."""
    among_few, among_many = (_pages(stage, corps=corps) for corps in (few, many))
    return [
        Line(
            name="tenants",
            what=f"Pages of Postgres that one event touches among {many:,} corps",
            held_against=f"the same among {few:,}",
            ours=among_many,
            theirs=among_few,
            unit="pages",
            # Ten times the rows are one more step in an index, and ten times a scan.
            budget=2.5,
        )
    ]


def _pages(stage: Stage, *, corps: int) -> int:
    corp = Enterprise(corp_id="wpOne", members=20, departments=4)
    with running([corp]) as double, stage.database(api_url=double.url) as database:
        with database.connect() as connection:
            settle_in(connection, corps=corps)
        corp_pk = database.link([corp])[corp.corp_id]
        run_cost(database.environment, database.request_run(corp_pk))
        runtime = build(database.settings, broker=StubBroker(), pool_size=4)
        # WeCom answers otherwise than it says, so that what is known counts, too.
        inner = moved(corp.corp_id, who=1, department_id=3).replace(
            "$SUITE$", database.settings.wecom.suite_id
        )
        post = to_post(parse_callback(inner.encode()), inner.encode(), runtime.keyring)
        with transaction(runtime.pool) as connection:
            record(connection, post)
        pool = WatchedPool(runtime.pool)
        drain(replace(runtime, pool=pool), post.mailbox)
        sent = {" ".join(each.query.split()): each for each in pool.sent}
        with connect(database.url) as connection:
            connection.execute("ANALYZE")
            done = [carry_out(connection, each) for each in sent.values()]
        runtime.pool.close()
    return sum(each.pages for each in done if each is not None)
