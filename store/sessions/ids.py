"""The random id of a session, what is kept of it, and how long it lasts."""

import base64
import hashlib
import secrets
from typing import LiteralString

# Whatever its owner does, a session ends so long after it began.
LONGEST_HOURS = 12
IDLE_HOURS = 4
# A person has that many browsers; of more sessions the longest unused end.
MOST_OF_ONE = 20

_RANDOM_BYTES = 32
_SID_CHARACTERS = 22
# It is enough to know to the minute when a session was used last.
_SEEN_SECONDS = 60

# Conditions on a row of either table of sessions.
IS_OPEN: LiteralString = (
    "began_at > clock_timestamp() - make_interval(hours => %(longest)s)"
    " AND seen_at > clock_timestamp() - make_interval(hours => %(idle)s)"
)
IS_UNSEEN: LiteralString = (
    "seen_at < clock_timestamp() - make_interval(secs => %(seen)s)"
    # A standby can be read: nothing is noted there.
    " AND NOT pg_is_in_recovery()"
)
TIMES = {"longest": LONGEST_HOURS, "idle": IDLE_HOURS, "seen": _SEEN_SECONDS}


def new_id() -> str:
    """A session id as the browser keeps it."""
    return secrets.token_urlsafe(_RANDOM_BYTES)


def sid_of(session_id: str) -> str:
    """What a session is called to relying parties: nobody makes a cookie from it."""
    digest = hashlib.sha256(b"sid" + session_id.encode()).digest()
    return base64.urlsafe_b64encode(digest)[:_SID_CHARACTERS].decode()


def hash_of(session_id: str) -> bytes:
    """What is kept of it: random bytes need no slow hash."""
    return hashlib.sha256(session_id.encode()).digest()
