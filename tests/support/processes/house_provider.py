"""An OpenID provider of a house, over real HTTP: it names whomever a test says."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "console", "synthetic-house-secret"


@dataclass(slots=True, kw_only=True)
class House:
    """What the provider says.

    Shape: `claims` go into the ID token, over what it would say by itself; `signs_with`
        is a key that may be a stranger's.
    """

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    nonce: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048))
    signs_with: RSAKey | None = None
    calls_itself: str | None = None
    forms: list[dict[str, str]] = field(default_factory=list)

    def metadata(self) -> Mapping[str, Any]:
        """The discovery document."""
        return {
            "issuer": self.calls_itself or self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
        }

    def tokens(self) -> Mapping[str, Any]:
        """What a code is exchanged for."""
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "person-1",
            "iat": int(time()),
            "exp": int(time()) + 300,
            "nonce": self.nonce,
            **self.claims,
        }
        key = self.signs_with or self.key
        return {
            "access_token": "synthetic-access",
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": jwt.encode({"alg": "RS256"}, claims, key),
        }


@contextmanager
def open_house() -> Iterator[House]:
    """A provider on a port of its own."""
    house = House()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            self._answer(
                {
                    "/.well-known/openid-configuration": house.metadata(),
                    "/jwks": {"keys": [house.key.as_dict(private=False)]},
                    "/userinfo": {"sub": "person-1", **house.about},
                }[path]
            )

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            house.forms.append({k: v[0] for k, v in parse_qs(body).items()})
            self._answer(house.tokens())

        def _answer(self, document: Mapping[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    house.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield house
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
