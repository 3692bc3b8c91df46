"""A thread's way to WeCom: what all its calls have in common is worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from urllib.parse import urlencode, urlsplit

import requests
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Retry, Timeout

from wecom.deadline import CONNECT_SECONDS, DeadlineAdapter
from wecom.kept_line import KeptLine, KeptReply

# An error comes as it is, and a redirect is an answer like another.
_ONCE = Retry(total=False)


class Line:
    """One connection, kept alive, with the environment's proxy and certificates.

    `requests` says once what the environment asks for: headers, proxy, certificates.
    For each call it would merge all that anew, look into .netrc, find the pool by the
    address, and wrap answer and errors: more than the call itself. So each call goes to
    the pool that it has chosen, or over the connection that is open there.
    """

    def __init__(self, base_url: str) -> None:
        session = requests.Session()
        session.headers["Content-Type"] = "application/json"
        found = session.merge_environment_settings(base_url, {}, None, None, None)
        proxies = dict(found["proxies"])
        given: bool | str | None = found["verify"]
        verify = True if given is None else given
        session.trust_env = False
        prepared = session.prepare_request(requests.Request("GET", base_url))
        self._headers = {
            str(name): str(each) for name, each in prepared.headers.items()
        }
        adapter = DeadlineAdapter()
        pool = adapter.get_connection_with_tls_context(
            prepared, verify, proxies=proxies
        )
        # What is given with it has no types in the library.
        adapter.cert_verify(pool, prepared.url, verify, None)  # type: ignore[no-untyped-call]  # see above
        self._pool = cast(HTTPConnectionPool, pool)
        # A path, or for a proxy that is no tunnel the whole address.
        self._target = adapter.request_url(prepared, proxies)
        host = urlsplit(prepared.url or base_url).netloc.rpartition("@")[2]
        self._kept = KeptLine(self._pool, host=host, headers=self._headers)

    def send(
        self,
        method: str,
        endpoint: str,
        *,
        query: Mapping[str, str],
        data: bytes | None,
        seconds: float,
    ) -> BaseHTTPResponse | KeptReply:
        """The beginning of the answer; its body is still to be read.

        Raises: OSError, urllib3's HTTPError.
        """
        target = f"{self._target}{endpoint}?{urlencode(query)}"
        reply = self._kept.send(method, target, data=data, seconds=seconds)
        return reply or self._pool.urlopen(
            method,
            target,
            body=data,
            headers=self._headers,
            retries=_ONCE,
            redirect=False,
            assert_same_host=False,
            timeout=Timeout(connect=min(CONNECT_SECONDS, seconds), read=seconds),
            preload_content=False,
            decode_content=False,
        )
