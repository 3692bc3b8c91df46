"""What the commands share: how one fails, its settings, its way to Postgres."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
import psycopg

from commands.terminal import visible
from settings import Settings, SettingsError, load
from store.database import Pool, StoreUnavailable, open_pool
from store.faults import postgres_fault
from store.sealing import SealBroken
from workers.doctor.store_words import (
    StoreTrouble,
    find_postgres_trouble,
    tell_postgres,
)


class Failed(click.ClickException):
    """The command could not do what was asked; exit status 1."""

    exit_code = 1

    def format_message(self) -> str:
        """What is printed: no name in it steers the terminal."""
        return visible(self.message)


class Unusable(Failed):
    """The settings do not let a command begin; the message has lines of its own."""

    def format_message(self) -> str:
        """What is printed, line by line."""
        return "\n".join(map(visible, self.message.splitlines()))


def read_settings() -> Settings:
    """The settings of this process.

    Raises: Failed, naming every missing or malformed one.
    """
    try:
        return load()
    except SettingsError as error:
        raise Unusable(str(error)) from error


@contextmanager
def postgres_or_sentence(database_url: str) -> Iterator[None]:
    """The block; what keeps Postgres from doing its part ends the command with words.

    Raises: Failed.
    """
    try:
        yield
    except psycopg.Error as error:
        raise _failed(tell_postgres(postgres_fault(error), database_url)) from error
    except StoreUnavailable as error:
        # The pool tells only that it waited in vain; a new connection says why.
        trouble = find_postgres_trouble(database_url)
        if trouble is None:
            raise Failed("Postgres went away meanwhile; repeat the command.") from error
        raise _failed(trouble) from error


def _failed(trouble: StoreTrouble) -> Failed:
    return Failed(f"{trouble.said.en} {trouble.advice.en}")


@contextmanager
def opened_pool(settings: Settings) -> Iterator[Pool]:
    """A pool for the block; a store that is away ends the command with a sentence."""
    trouble = find_postgres_trouble(settings.database_url)
    if trouble is not None:
        raise _failed(trouble)
    pool = open_pool(settings.database_url, size=2)
    try:
        with postgres_or_sentence(settings.database_url):
            yield pool
    except SealBroken as error:
        raise Failed(f"None of SECRET_KEYS opens {error}.") from error
    finally:
        pool.close()
