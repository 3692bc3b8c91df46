"""Whether something stands between the internet and our processes."""

from collections.abc import Iterator

import requests

from settings import Settings
from workers.doctor.verdicts import ProbeResult, Words, fine, warning

# What the web answers at /healthz when the request came by a proxy, or by none.
HEADER = "Sync-Came-By"
PROXY = "proxy"
_SECONDS = 5.0


def examine(settings: Settings) -> Iterator[ProbeResult]:
    """A proxy in front of the web, as seen from PUBLIC_URL; nothing if none answers."""
    try:
        answer = requests.get(f"{settings.public_url}/healthz", timeout=_SECONDS)
    except requests.RequestException:
        return  # The probe of PUBLIC_URL says so.
    if answer.headers.get(HEADER) == PROXY or HEADER not in answer.headers:
        yield fine(
            "front",
            en="A proxy stands in front of the web.",
            zh="web 前面有反向代理。",
        )
        return
    yield warning(
        "front",
        Words(
            en="PUBLIC_URL leads to the web with no proxy between: nobody ends TLS, "
            "and clients by the thousand reach our processes themselves.",
            zh="PUBLIC_URL 直接到达 web，中间没有反向代理：没有 TLS 终结，"
            "大量慢速连接会直接打到我们的进程。",
        ),
        Words(
            en="Put a proxy that reads requests whole in front of PORT and WEB_PORT "
            "(nginx: proxy_request_buffering on), and set TRUSTED_PROXIES; see "
            "docs/operations.md, “A proxy in front”.",
            zh="请在 PORT 与 WEB_PORT 前放置会完整缓冲请求的反向代理"
            "（nginx：proxy_request_buffering on），并设置 TRUSTED_PROXIES；"
            "参见 docs/operations.md 的 “A proxy in front”。",
        ),
    )
