"""Settings for a provider, a suite and a TAPD that exist only in the simulator."""

import base64
import json
import os
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.machine.ports import LOOPBACK, free_port
from demo.servers import Servers

_AES_KEY_CHARACTERS = 43

# Left empty, so that a real suite's `.env` in the same folder does not leak in here.
_DEFAULTS = (
    "WECOM_LOGIN_SUITE_ID",
    "WECOM_LOGIN_SUITE_SECRET",
    "WECOM_CORP_CALLS_PER_MINUTE",
    "WECOM_PROVIDER_CALLS_PER_MINUTE",
    "WECOM_CORP_PARALLEL_CALLS",
    "RESYNC_CRON",
    "SYNC_TIME_ZONE",
    "GUARD",
    "GUARD_REMOVALS",
    "GUARD_SHARE",
    "GUARD_CEILING",
    "GUARD_WINDOW_HOURS",
    "UNMATCHED",
    "INBOX_DAYS",
    "ITEM_NOTICES",
    "TRUSTED_PROXIES",
    "ALERT_URLS",
    "ALERT_WEBHOOK_URL",
    "ALERT_WEBHOOK_SECRET",
    "OPERATOR_OIDC_ISSUER",
    "OPERATOR_OIDC_CLIENT_ID",
    "OPERATOR_OIDC_CLIENT_SECRET",
    "OPERATOR_OIDC_ROLE_CLAIM",
    "OTEL_SDK_DISABLED",
    "OTEL_TRACES_EXPORTER",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where the three that answer HTTP listen."""

    receiver: int
    web: int
    simulator: int


def choose_ports(environment: Mapping[str, str]) -> Ports:
    """The usual ports, or free ones where somebody else listens there."""
    return Ports(
        receiver=free_port(int(environment.get("PORT") or 8000)),
        web=free_port(int(environment.get("WEB_PORT") or 8080)),
        simulator=free_port(int(environment.get("SIMULATOR_PORT") or 8090)),
    )


def load_secrets(folder: Path) -> dict[str, str]:
    """The secrets of this state folder, made at its first start and kept."""
    path = folder / "secrets.json"
    if not path.exists():
        # Written beside and renamed: an interrupted start leaves no half of it.
        draft = path.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(_make_secrets(), indent=2), encoding="utf-8")
        draft.replace(path)
    loaded: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def synthetic_settings(
    *, servers: Servers, ports: Ports, secrets: Mapping[str, str]
) -> dict[str, str]:
    """Every setting of the interface, all platforms pointing at the simulator."""
    simulator = f"http://{LOOPBACK}:{ports.simulator}"
    platforms = (
        "WECOM_API_URL",
        "WECOM_OPEN_URL",
        "WECOM_OAUTH_URL",
        "WECOM_LOGIN_URL",
    )
    return {
        **dict.fromkeys(_DEFAULTS, ""),
        **dict.fromkeys(platforms, simulator),
        "TAPD_URL": f"{simulator}/tapd",
        "TAPD_API_URL": f"{simulator}/tapd-api",
        **secrets,
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "PORT": str(ports.receiver),
        "WEB_PORT": str(ports.web),
        "PUBLIC_URL": os.environ.get("PUBLIC_URL") or f"http://{LOOPBACK}:{ports.web}",
        # Synthetic people, real credentials: not for the whole network to see.
        "BIND": os.environ.get("BIND") or LOOPBACK,
    }


def _make_secrets() -> dict[str, str]:
    return {
        "SECRET_KEYS": base64.b64encode(secrets.token_bytes(32)).decode("ascii"),
        "API_TOKEN": secrets.token_urlsafe(24),
        "WECOM_SUITE_ID": "ww" + secrets.token_hex(8),
        "WECOM_SUITE_SECRET": secrets.token_urlsafe(32),
        "WECOM_TOKEN": _letters(16),
        "WECOM_ENCODING_AES_KEY": _aes_key(),
        "WECOM_PROVIDER_CORP_ID": "ww" + secrets.token_hex(8),
        "WECOM_PROVIDER_SECRET": secrets.token_urlsafe(32),
        "TAPD_CLIENT_ID": "demo",
        "TAPD_CLIENT_SECRET": secrets.token_urlsafe(24),
    }


def _letters(count: int) -> str:
    alphabet = string.ascii_letters + string.digits
    return "".join(secrets.choice(alphabet) for _ in range(count))


def _aes_key() -> str:
    # Base64 of 32 bytes without its `=`: the last letter carries four bits only.
    return _letters(_AES_KEY_CHARACTERS - 1) + secrets.choice("AEIMQUYcgkosw048")
