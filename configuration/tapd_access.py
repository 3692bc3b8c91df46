"""TAPD's API in our app's name, at the pace that all our processes share."""

from redis import Redis

from configuration.sections import TapdSettings
from tapd.api import TapdApi, open_api
from tapd.pace import Turns
from tapd.shared_pace import HASTY_SECONDS, SharedPace


def open_tapd(tapd: TapdSettings, *, pace: Turns | None = None) -> TapdApi | None:
    """TAPD's API; None without credentials."""
    return open_api(
        tapd.api_url,
        client_id=tapd.client_id,
        client_secret=tapd.client_secret,
        pace=pace,
    )


def open_pace(
    tapd: TapdSettings,
    redis: Redis,
    *,
    redis_url: str,
    patience_seconds: float = HASTY_SECONDS,
) -> Turns:
    """The turns of our app; whoever has time says for how long it may wait for one."""
    return SharedPace(
        redis,
        redis_url=redis_url,
        owner=tapd.client_id,
        patience_seconds=patience_seconds,
    )
