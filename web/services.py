"""What the routes work with, wired once in app.py and handed to them as values."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast
from zoneinfo import ZoneInfo

import redis
from flask import current_app

from store.database import Pool
from store.sealing import Keyring
from web.cursors import Cursors

_NAME = "sync-services"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The stores, the bell and the few settings that routes need."""

    pool: Pool
    redis: redis.Redis
    keyring: Keyring = field(repr=False)
    cursors: Cursors
    ring: Callable[[str], bool]
    ring_run: Callable[[str], bool]
    api_token: str = field(repr=False)
    operator_mark: str = field(repr=False)
    suite_id: str
    time_zone: ZoneInfo


def install(extensions: dict[str, object], wired: Services) -> None:
    """Hand the services to an application."""
    extensions[_NAME] = wired


def services() -> Services:
    """The services of the application that answers this request."""
    return cast(Services, current_app.extensions[_NAME])
