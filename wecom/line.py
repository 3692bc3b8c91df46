"""A thread's way to WeCom: what all its calls have in common is worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import requests

from wecom.deadline import CONNECT_SECONDS, DeadlineAdapter


class Line:
    """One connection, kept alive, with the environment's proxy and certificates.

    `requests` merges headers, cookies, proxies and hooks of a session into each
    request anew, looks into .netrc, and follows redirects: twice the work of the call
    itself. Here a request that it has prepared once is given another address and body.
    """

    def __init__(self, base_url: str) -> None:
        session = requests.Session()
        session.headers["Content-Type"] = "application/json"
        found = session.merge_environment_settings(base_url, {}, None, None, None)
        self._proxies: Mapping[str, str] = found["proxies"]
        verify: bool | str | None = found["verify"]
        self._verify = True if verify is None else verify
        session.trust_env = False
        self._prepared = session.prepare_request(requests.Request("GET", base_url))
        self._base_url = str(self._prepared.url)
        self._adapter = DeadlineAdapter()

    def send(
        self,
        method: str,
        endpoint: str,
        *,
        query: Mapping[str, str],
        data: bytes | None,
        seconds: float,
    ) -> requests.Response:
        """The beginning of the answer; its body is still to be read.

        Raises: OSError, urllib3's HTTPError.
        """
        request = self._prepared.copy()
        request.method = method
        request.url = f"{self._base_url}{endpoint}?{urlencode(query)}"
        if data is not None:
            request.body = data
            request.headers["Content-Length"] = str(len(data))
        return self._adapter.send(
            request,
            stream=True,
            timeout=(min(CONNECT_SECONDS, seconds), seconds),
            verify=self._verify,
            proxies=self._proxies,
        )
