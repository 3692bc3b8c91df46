"""How often doors may be tried: counted in Redis, by address, member or intent."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter
from redis import Redis, RedisError

from serving.addresses import visitor_of
from store.platform.metrics import WRONG_TOKENS
from web.http.problems import Problem
from web.services import services

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Something that may be tried so often by one visitor.

    Shape: an office of thousands has one address, and so have all offices behind a
        proxy that is not trusted. So what belongs to a browser, or bears our signature,
        passes however often others of its address failed.
    """

    name: str
    allowed: RateLimitItem


# Wrong tokens, at the console or of the API. The right one is looked at first and
# passes, however many others of its address were wrong.
TOKEN = Door(name="token", allowed=RateLimitItemPerMinute(10))
# Returns from WeCom's sign-in that belong to no way out of this browser's. They alone
# are refused: whoever floods us shuts no door but this.
SIGN_IN = Door(name="sign-in", allowed=RateLimitItemPerMinute(300, 10))
# Codes that came back and WeCom does not know: each has asked it.
CODE = Door(name="code", allowed=RateLimitItemPerMinute(300, 10))
# Addresses of installs that we never gave away, likewise.
INTENT = Door(name="intent", allowed=RateLimitItemPerMinute(300, 10))
# Installs for a new company that are confirmed: every try counts, by address, for the
# wish behind it costs nothing.
REGISTER = Door(name="register", allowed=RateLimitItemPerMinute(100, 10))
# Each asks WeCom: every try counts, by intent.
CONFIRM = Door(name="confirm", allowed=RateLimitItemPerMinute(30, 10))
# Clients of OpenID Connect that are none of ours, or show a wrong secret. The right one
# is looked at first and passes, however many others of its address were wrong.
CLIENT = Door(name="client", allowed=RateLimitItemPerMinute(300, 10))
# Addresses of notices that there are none of, by one member.
NOTICE = Door(name="notice", allowed=RateLimitItemPerMinute(30, 10))


def open_limiter(redis: Redis, *, redis_url: str) -> RateLimiter:
    """What counts, over connections that do not wait for long."""
    # The address only names the kind of server; the pool has it already.
    pool = redis.connection_pool
    return FixedWindowRateLimiter(RedisStorage(redis_url, connection_pool=pool))


def count_try(door: Door, who: str) -> None:
    """One more try.

    Raises: Problem when there were as many as the door allows already.
    """
    if not _asked(door, lambda limiter: limiter.hit(door.allowed, door.name, who)):
        _refuse(door, who)


def refuse_token(door: str) -> None:
    """Count a wrong token, at the door `console` or `api`, and say so in the log.

    Raises: Problem when this address has brought too many.
    """
    who = client_address()
    _tally(door)
    count_try(TOKEN, who)
    log.warning("wrong token", extra={"door": door, "address": who})


def refuse_client() -> None:
    """Count a client that could not prove to be one of ours.

    Raises: Problem when this address has brought too many.
    """
    _tally("oidc")
    count_try(CLIENT, client_address())


def note_failure(door: Door, who: str) -> None:
    """One more failure, at a door that `refuse_after_failures` guards."""
    _asked(door, lambda limiter: limiter.hit(door.allowed, door.name, who))


def refuse_after_failures(door: Door, who: str) -> None:
    """Let nobody on who has failed too often.

    Raises: Problem.
    """
    if not _asked(door, lambda limiter: limiter.test(door.allowed, door.name, who)):
        _refuse(door, who)


def client_address() -> str:
    """Where the request comes from; of an IPv6 address its network."""
    return visitor_of(request.remote_addr)


def _tally(door: str) -> None:
    try:
        services().redis.hincrby(WRONG_TOKENS, door, 1)
    except (RedisError, OSError):
        log.info("tallies dropped", extra={"tally": WRONG_TOKENS})


def _asked(door: Door, question: Callable[[RateLimiter], bool]) -> bool:
    try:
        return question(services().limiter)
    except (RedisError, OSError) as error:
        # Nobody shall be kept out because nobody can count.
        extra = {"door": door.name, "error": type(error).__name__}
        log.warning("tries not counted", extra=extra)
        return True


def _refuse(door: Door, who: str) -> None:
    # Everybody behind a proxy that is not trusted has its address: TRUSTED_PROXIES.
    proxied = "X-Forwarded-For" in request.headers
    extra = {"door": door.name, "who": who, "proxied": proxied}
    log.warning("tried too often", extra=extra)
    try:
        over = services().limiter.get_window_stats(door.allowed, door.name, who)
        seconds = math.ceil(over.reset_time - time.time())
    except (RedisError, OSError):
        seconds = door.allowed.get_expiry()
    raise Problem(429, "Too many tries.", retry_after_seconds=max(seconds, 1))
