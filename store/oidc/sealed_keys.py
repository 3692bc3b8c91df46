"""Makes keys for ID tokens, seals them, and opens the one that signs."""

import json
import secrets
from functools import lru_cache

from joserfc.jwk import RSAKey

from store.database import Connection
from store.oidc import keys
from store.oidc.keys import key_place
from store.sealing import Keyring

_BITS = 2048
_KID_BYTES = 9


def rotate(connection: Connection, keyring: Keyring) -> str:
    """The id of a new key, which signs from now on."""
    kid = secrets.token_urlsafe(_KID_BYTES)
    key = RSAKey.generate_key(
        _BITS, {"kid": kid, "use": "sig", "alg": "RS256"}, private=True
    )
    private = json.dumps(key.as_dict(private=True)).encode()
    keys.replace(
        connection,
        kid=kid,
        public=dict(key.as_dict(private=False)),
        sealed=keyring.seal(private, place=key_place(kid)),
    )
    return kid


def obtain(connection: Connection, keyring: Keyring) -> RSAKey:
    """The key that signs now; made at its first use.

    Raises: SealBroken.
    """
    found = keys.find_current(connection)
    if found is None:
        rotate(connection, keyring)
        found = keys.find_current(connection)
        assert found is not None  # noqa: S101 - we have just made it.
    kid, sealed = found
    return _read(keyring.open(sealed, place=key_place(kid)))


# To read a key anew for each token costs more than to sign with it.
@lru_cache(maxsize=4)
def _read(private: bytes) -> RSAKey:
    return RSAKey.import_key(json.loads(private))
