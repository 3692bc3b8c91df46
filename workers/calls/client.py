"""WeCom as every process of ours sees it: shared tokens, shared rates, one meter."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from redis import Redis

from settings import Settings
from store.database import Pool, glance
from store.org import corps
from store.org.corps import Corp
from store.sealing import Keyring
from wecom.client import SuiteCredentials, WeCom
from wecom.corp import CorpClient as CorpApi
from wecom.errors import Revoked
from wecom.tokens import Tokens
from wecom.transport import Transport
from workers.calls.concurrency_limit import Lanes
from workers.calls.meter import Rates
from workers.calls.pause_cache import KnownPauses
from workers.calls.token_store import SharedTickets, SharedTokens
from workers.queue.metrics import Tallies


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a process that serves people can ask WeCom.

    Shape: `login` is the suite of the web sign-in, the app's own where none is set.
    """

    suite: WeCom
    login: WeCom
    pool: Pool
    keyring: Keyring

    def corp_api(self, corp: Corp) -> CorpApi:
        """The calls of one corp.

        Raises: nothing here; a call raises Revoked once the permanent code is gone.
        """
        return corp_calls(self.suite, corp, pool=self.pool, keyring=self.keyring)


def open_reach(
    settings: Settings, *, pool: Pool, redis: Redis, keyring: Keyring
) -> Reach:
    """The way to WeCom over connections that the process has already."""
    transport = open_transport(
        settings,
        pool=pool,
        redis=redis,
        known=KnownPauses(pool),
        tallies=Tallies(redis),
        lanes=Lanes(settings.wecom.corp_parallel_calls),
    )
    make = partial(facade, transport, pool=pool, keyring=keyring)
    suite = make(app_suite(settings))
    login = login_suite(settings)
    return Reach(
        suite=suite,
        login=suite if login is None else make(login),
        pool=pool,
        keyring=keyring,
    )


def open_transport(
    settings: Settings,
    *,
    pool: Pool,
    redis: Redis,
    known: KnownPauses,
    tallies: Tallies,
    lanes: Lanes,
) -> Transport:
    """Calls that are counted, and refused before WeCom would refuse them."""
    rates = Rates(
        redis, pool, settings.wecom, known=known, tallies=tallies, lanes=lanes
    )
    return Transport(settings.wecom.api_url, meter=rates)


def app_suite(settings: Settings) -> SuiteCredentials:
    """The suite that corps install."""
    return SuiteCredentials(
        suite_id=settings.wecom.suite_id, secret=settings.wecom.suite_secret
    )


def login_suite(settings: Settings) -> SuiteCredentials | None:
    """The suite of WeCom's web sign-in; None where none is set."""
    suite_id = settings.wecom.login_suite_id
    if suite_id is None:
        return None
    return SuiteCredentials(
        suite_id=suite_id, secret=settings.wecom.login_suite_secret or ""
    )


def facade(
    transport: Transport, suite: SuiteCredentials, *, pool: Pool, keyring: Keyring
) -> WeCom:
    """WeCom as this suite sees it."""
    return WeCom(
        transport,
        suite=suite,
        tokens=Tokens(SharedTokens(pool, keyring), now=_now),
        tickets=SharedTickets(pool, keyring),
        now=_now,
    )


def corp_calls(wecom: WeCom, corp: Corp, *, pool: Pool, keyring: Keyring) -> CorpApi:
    """The calls of one corp, with the permanent code that is stored for it."""

    def permanent_code() -> str:
        # Read when it is needed: a reset may have replaced it meanwhile.
        with glance(pool) as connection:
            sealed = corps.get(connection, corp.corp_pk).permanent_code
        if sealed is None:
            raise Revoked("no permanent code is held", corp_id=corp.corp_id)
        place = permanent_code_place(corp.corp_pk)
        return keyring.open(sealed, place=place).decode()

    return wecom.corp(
        corp.corp_id, permanent_code=permanent_code, key=str(corp.corp_pk)
    )


def permanent_code_place(corp_pk: int) -> str:
    """What a corp's permanent code is sealed for."""
    return f"permanent_code:{corp_pk}"


def _now() -> datetime:
    return datetime.now(UTC)
