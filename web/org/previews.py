"""Asks workers what a sync of one person would do, for page, API and shell."""

from collections.abc import Callable
from dataclasses import dataclass

from redis import Redis

from store.database import Connection
from store.events import previews
from store.events.previews import Preview, PreviewKey
from store.sealing import DataKey, Keyring
from store.summaries.org.journal import find_data_key

LONGEST_USERID = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewPlace:
    """Where the preview of one person lies, and the key that opens it."""

    redis: Redis
    data_key: DataKey
    key: PreviewKey
    userid: str

    def find(self) -> Preview | None:
        """The preview, as far as it is.

        Raises: RedisError.
        """
        return previews.find(self.redis, self.data_key, self.key)

    def ask(self, ring: Callable[[str], bool], *, by: str) -> bool:
        """Have a worker answer it; False when Redis did not take the question.

        Repeats: who asks while another's question is under way gets its answer.
        Raises: RedisError.
        """
        previews.ask(self.redis, self.data_key, self.key, userid=self.userid, by=by)
        return ring(self.key.reference)


def place_of(
    connection: Connection,
    corp_pk: int,
    userid: str,
    *,
    redis: Redis,
    keyring: Keyring,
) -> PreviewPlace | None:
    """Where a person's preview is; None for a corp whose key is gone."""
    data_key = find_data_key(connection, corp_pk, keyring=keyring)
    if data_key is None:
        return None
    key = previews.key_of(data_key, corp_pk, userid)
    return PreviewPlace(redis=redis, data_key=data_key, key=key, userid=userid)


def may_be_asked(userid: str) -> bool:
    """Whether somebody of WeCom's may be called so, known here or not."""
    size = len(userid.encode("utf-8", "surrogatepass"))
    return 0 < size <= LONGEST_USERID and userid.isprintable() and " " not in userid
