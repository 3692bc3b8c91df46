"""What a process of ours works with, put together once from its settings."""

from dataclasses import dataclass, field
from functools import lru_cache

import dramatiq
from redis import Redis

from configuration.tapd_access import open_pace, open_tapd
from settings import Settings
from store.database import Plans, Pool, open_pool
from store.org.corps import Corp
from store.org.known_trees import KnownTrees
from store.sealing import DataKey, Keyring
from tapd.api import TapdApi
from wecom.client import WeCom
from wecom.corp import CorpClient as CorpApi
from wecom.transport import Transport
from workers.calls.bulkhead import Suspects
from workers.calls.call_count import CallCount, CountedTransport
from workers.calls.client import app_suite, corp_calls, facade, open_transport
from workers.calls.concurrency_limit import Lanes
from workers.calls.pause_cache import KnownPauses
from workers.failing import FailingJobs
from workers.queue.bell import Bell
from workers.queue.broker import make_client
from workers.queue.metrics import Tallies

_REDIS_SECONDS = 1.0
_POOL_SIZE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Connections, keys and the way to WeCom; shared by all threads of a process."""

    settings: Settings
    pool: Pool
    redis: Redis
    bell: Bell
    keyring: Keyring
    transport: Transport
    wecom: WeCom
    tallies: Tallies
    lanes: Lanes
    known_pauses: KnownPauses
    suspects: Suspects
    tapd: TapdApi | None
    known_trees: KnownTrees = field(default_factory=KnownTrees)
    failing: FailingJobs = field(default_factory=FailingJobs)

    def corp_api(self, corp: Corp, *, count: CallCount | None = None) -> CorpApi:
        """The calls of one corp; those made through it are added to `count`.

        Raises: nothing here; a call raises Revoked once the permanent code is gone.
        """
        wecom = self.wecom
        if count is not None:
            wecom = facade(
                CountedTransport(self.transport, count),
                app_suite(self.settings),
                pool=self.pool,
                keyring=self.keyring,
            )
        return corp_calls(wecom, corp, pool=self.pool, keyring=self.keyring)

    def data_key(self, corp: Corp) -> DataKey:
        """The key of this corp's personal fields.

        Raises: LookupError once it has been destroyed, SealBroken.
        """
        if corp.data_key is None:
            raise LookupError(f"corp {corp.corp_pk} has no data key")
        place = data_key_place(corp.corp_pk)
        return _open_data_key(self.keyring, corp.data_key, place)


# Few keys are in use at a time; their ciphers are kept as well, see store/sealing.py.
@lru_cache(maxsize=256)
def _open_data_key(keyring: Keyring, sealed: bytes, place: str) -> DataKey:
    return DataKey(keyring.open(sealed, place=place))


def build(
    settings: Settings,
    *,
    broker: dramatiq.Broker,
    pool_size: int = _POOL_SIZE,
    plans: Plans = Plans.AS_POSTGRES_CHOOSES,
) -> Runtime:
    """The runtime of this process; connections are made in the background."""
    pool = open_pool(settings.database_url, size=pool_size, plans=plans)
    return put_together(settings, broker=broker, pool=pool)


def put_together(settings: Settings, *, broker: dramatiq.Broker, pool: Pool) -> Runtime:
    """The runtime on a pool that is there."""
    redis = make_client(settings.redis_url, timeout_seconds=_REDIS_SECONDS)
    keyring = Keyring(settings.secret_keys)
    tallies = Tallies(redis)
    lanes = Lanes(settings.wecom.corp_parallel_calls)
    known = KnownPauses(pool)
    transport = open_transport(
        settings, pool=pool, redis=redis, known=known, tallies=tallies, lanes=lanes
    )
    return Runtime(
        settings=settings,
        pool=pool,
        redis=redis,
        bell=Bell(redis, broker),
        keyring=keyring,
        transport=transport,
        wecom=facade(transport, app_suite(settings), pool=pool, keyring=keyring),
        tallies=tallies,
        lanes=lanes,
        known_pauses=known,
        suspects=Suspects(known),
        tapd=open_tapd(
            settings.tapd,
            pace=open_pace(settings.tapd, redis, redis_url=settings.redis_url),
        ),
    )


def data_key_place(corp_pk: int) -> str:
    """What a corp's data key is sealed for."""
    return f"data_key:{corp_pk}"


def token_owner(settings: Settings, corp_pk: int) -> str:
    """Under which name the client keeps the token of one authorisation."""
    return f"corp:{settings.wecom.suite_id}:{corp_pk}"
