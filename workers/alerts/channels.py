"""The ways in which an alert is told: Apprise's addresses, and a signed webhook."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol

import requests
from standardwebhooks.webhooks import Webhook

from settings import AlertChannels

WEBHOOK = "webhook"
UNKNOWN_SERVICE = "unknown"

_SECONDS = (5.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertText:
    """What is said: in words for people, and as a row for programs.

    Shape: `message_id` is the same however often it is sent.
    """

    message_id: str
    type: str
    title: str
    body: str
    data: Mapping[str, Any]
    is_good: bool


class NotTold(Exception):
    """It could not be told: a status or the kind of an error, and never an address."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Channel(Protocol):
    """One way."""

    def tell(self, text: AlertText) -> str:
        """Say it; what the other side answered, in a word.

        Raises: NotTold.
        """


def open_channels(settings: AlertChannels) -> dict[str, Channel]:
    """The ways that are set up, by names that hold no secret."""
    found: dict[str, Channel] = {}
    if settings.webhook_url and settings.webhook_secret:
        found[WEBHOOK] = SignedWebhook(settings.webhook_url, settings.webhook_secret)
    for number, url in enumerate(settings.urls, start=1):
        service = AppriseService(url)
        found[f"{number}: {service.name}"] = service
    return found


class SignedWebhook:
    """Posts the row, signed as Standard Webhooks says."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._webhook = Webhook(secret)

    def tell(self, text: AlertText) -> str:
        """Post it; 2xx is taken for told.

        Raises: NotTold.
        """
        now = datetime.now(UTC)
        body = json.dumps(
            {
                "type": text.type,
                "timestamp": now.isoformat().replace("+00:00", "Z"),
                "data": dict(text.data),
            },
            ensure_ascii=False,
        )
        try:
            answer = requests.post(
                self._url,
                data=body.encode(),
                headers={
                    "Content-Type": "application/json",
                    "webhook-id": text.message_id,
                    "webhook-timestamp": str(int(now.timestamp())),
                    "webhook-signature": self._webhook.sign(text.message_id, now, body),
                },
                timeout=_SECONDS,
                # Nothing signed goes where somebody else says.
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise NotTold(type(error).__name__) from None
        if not 200 <= answer.status_code < 300:
            raise NotTold(f"HTTP {answer.status_code}")
        return f"HTTP {answer.status_code}"


class AppriseService:
    """One address of Apprise's: a group robot, a mail box, a messenger."""

    def __init__(self, url: str) -> None:
        self._apprise = _apprise()
        self._service = self._apprise.Apprise.instantiate(url)

    @property
    def name(self) -> str:
        """What kind of service it is; an address says more than may be shown."""
        if self._service is None:
            return UNKNOWN_SERVICE
        return str(self._service.service_name)

    def tell(self, text: AlertText) -> str:
        """Say it in words.

        Raises: NotTold.
        """
        if self._service is None:
            raise NotTold("address_not_understood")
        kind = self._apprise.NotifyType
        try:
            told = self._service.notify(
                body=text.body,
                title=text.title,
                notify_type=kind.SUCCESS if text.is_good else kind.WARNING,
            )
        except Exception as error:
            raise NotTold(type(error).__name__) from None
        if not told:
            raise NotTold("refused_or_away")
        return "accepted"


@cache
def _apprise() -> Any:
    # Late: it is large, and only a clock and workers with addresses need it.
    import apprise

    # What it writes holds addresses, and those hold keys.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    return apprise
