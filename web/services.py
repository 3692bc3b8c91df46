"""What the routes work with, wired once in app.py and handed to them as values."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast
from zoneinfo import ZoneInfo

import redis
from flask import current_app
from limits.strategies import RateLimiter

from store.database import Pool
from store.org.corps import Corp
from store.sealing import Keyring
from tapd.api import TapdApi
from tapd.oauth import TapdOAuth
from web.http.cursors import Cursors
from wecom.client import WeCom
from wecom.corp import CorpClient as CorpApi
from wecom.intake import SuiteIdentity

_NAME = "sync-services"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where this service and the platforms' pages are reached by a browser."""

    public: str
    wecom_open: str
    wecom_oauth: str
    wecom_login: str
    tapd: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The stores, the bell, the way to WeCom and the few settings that routes need.

    Shape: `login_wecom` and `login_suite_id` are the web sign-in's suite, the app's
        own where none is set; `operator_marks` stand for API_TOKEN in the sessions
        that it opened, the first in those of now; `tapd` and `tapd_api` are None
        without a client of TAPD's.
    """

    pool: Pool
    redis: redis.Redis
    limiter: RateLimiter
    keyring: Keyring = field(repr=False)
    cursors: Cursors
    ring: Callable[[str], bool]
    ring_run: Callable[[str], bool]
    ring_notices: Callable[[int], bool]
    ring_accounts: Callable[[str], bool]
    ring_logouts: Callable[[str], bool]
    ring_preview: Callable[[str], bool]
    api_token: str = field(repr=False)
    operator_marks: tuple[bytes, ...] = field(repr=False)
    wecom: WeCom
    login_wecom: WeCom
    corp_api: Callable[[Corp], CorpApi]
    suite_id: str
    login_suite_id: str
    tapd: TapdOAuth | None
    tapd_api: TapdApi | None
    addresses: Addresses
    time_zone: ZoneInfo
    item_notices: str
    resync_cron: str
    suite_identity: SuiteIdentity = field(repr=False)
    calls_per_minute: int
    alert_channels: Callable[[], list[str]]


def install(extensions: dict[str, object], wired: Services) -> None:
    """Hand the services to an application."""
    extensions[_NAME] = wired


def services() -> Services:
    """The services of the application that answers this request."""
    return cast(Services, current_app.extensions[_NAME])
