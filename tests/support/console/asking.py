"""What an operator reads on a page, in each language, and where its links lead."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape

from redis import Redis

from tests.support.console.desk import Desk, open_desk, words_in
from tests.support.org.pipeline import Bench

LANGUAGES = ("en", "zh-CN")
# The pipeline's: what it sealed is to be read.
KEYS = base64.b64encode(b"k" * 32).decode()


def answers(desk: Desk, path: str, *, en: str, zh: str) -> None:
    """The page says this in English and that in Chinese, as patterns."""
    for language, wanted in zip(LANGUAGES, (en, zh), strict=True):
        said = words_in(desk.page(path, language=language))
        assert re.search(wanted, said), f"{wanted!r} is not in {said!r}"


def leads_to(desk: Desk, path: str, address: str) -> None:
    """A link of the page leads there, and there is a page."""
    links = [unescape(each) for each in re.findall(r'href="([^"]*)"', desk.page(path))]
    assert address in links, links
    assert desk.get(address).status_code == 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """The pipeline that goes wrong, and the desk at which it is asked about."""

    bench: Bench
    desk: Desk


def tell_worker(redis: Redis, name: str, *, silent_seconds: int = 0) -> None:
    """A worker process of all queues, last heard of so long ago."""
    seen = int(redis.time()[0]) - silent_seconds
    about = {
        "host": "here",
        "pid": 1,
        "queues": ["events", "notices", "resync"],
        "started_at": seen - 100,
        "threads": [["one", "", 0, 3]],
    }
    redis.hset("workers:known", name, f"{seen}:{json.dumps(about)}")


@contextmanager
def bad_night(
    bench: Bench, *, database: str, redis_url: str, **settings: str
) -> Iterator[Night]:
    """A desk that reads what this pipeline writes; one worker lives."""
    tell_worker(bench.runtime.redis, "alive-1")
    given = {"SECRET_KEYS": KEYS, **settings}
    with open_desk(database=database, redis_url=redis_url, **given) as desk:
        yield Night(bench=bench, desk=desk)
