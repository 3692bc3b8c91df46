"""What the commands share: how one fails, its settings, its way to Postgres."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from settings import Settings, SettingsError, load
from store.database import Pool, StoreUnavailable, open_pool
from store.sealing import SealBroken


class Failed(click.ClickException):
    """The command could not do what was asked; exit status 1."""

    exit_code = 1


def read_settings() -> Settings:
    """The settings of this process.

    Raises: Failed, naming every missing or malformed one.
    """
    try:
        return load()
    except SettingsError as error:
        raise Failed(str(error)) from error


@contextmanager
def opened_pool(settings: Settings) -> Iterator[Pool]:
    """A pool for the block; a store that is away ends the command with a sentence."""
    pool = open_pool(settings.database_url, size=2)
    try:
        yield pool
    except StoreUnavailable as error:
        raise Failed("Postgres cannot be reached: see DATABASE_URL.") from error
    except SealBroken as error:
        raise Failed(f"None of SECRET_KEYS opens {error}.") from error
    finally:
        pool.close()
