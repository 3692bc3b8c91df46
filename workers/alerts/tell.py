"""Tells one alert by one channel, and keeps what came of it."""

import logging
from collections.abc import Mapping
from functools import cache

from settings import AlertChannels
from store.alerts import alerts
from store.alerts import deliveries as alert_deliveries
from store.alerts.deliveries import AlertDelivery
from store.database import transaction
from workers.alerts import wording
from workers.alerts.channels import AlertText, Channel, NotTold, open_channels
from workers.runtime import Runtime

_log = logging.getLogger(__name__)


def channels(runtime: Runtime) -> Mapping[str, Channel]:
    """The channels that this process can tell by."""
    return _opened(runtime.settings.alerts)


def tell(runtime: Runtime, delivery_id: int) -> None:
    """Tell it if it is due.

    Repeats: whoever takes it has a minute; one that died is followed by another, which
    sends the same message id again.
    """
    runtime.bell.answer_alert(delivery_id)
    with transaction(runtime.pool) as connection:
        delivery = alert_deliveries.take(connection, delivery_id)
    if delivery is None:
        return
    channel = channels(runtime).get(delivery.channel)
    text = _text(runtime, delivery)
    if channel is None or text is None:
        with transaction(runtime.pool) as connection:
            outcome = "channel_gone" if channel is None else "alert_gone"
            alert_deliveries.give_up(connection, delivery_id, outcome=outcome)
        return
    _send(runtime, delivery, channel, text)


def _send(
    runtime: Runtime, delivery: AlertDelivery, channel: Channel, text: AlertText
) -> None:
    try:
        outcome = channel.tell(text)
    except NotTold as refusal:
        with transaction(runtime.pool) as connection:
            state = alert_deliveries.put_off(connection, delivery, outcome=refusal.why)
        _log.warning(
            "alert not told",
            extra={
                "delivery": delivery.delivery_id,
                "channel": delivery.channel,
                "why": refusal.why,
                "state": state,
            },
        )
        return
    with transaction(runtime.pool) as connection:
        alert_deliveries.settle(connection, delivery.delivery_id, outcome=outcome)
    _log.info(
        "alert told",
        extra={"delivery": delivery.delivery_id, "channel": delivery.channel},
    )


def _text(runtime: Runtime, delivery: AlertDelivery) -> AlertText | None:
    page = f"{runtime.settings.public_url}/console/alerts"
    if delivery.alert_id is None:
        return wording.word_test(delivery_id=delivery.delivery_id, page=page)
    with transaction(runtime.pool) as connection:
        alert = alerts.find(connection, delivery.alert_id)
    if alert is None:
        return None
    return wording.word(
        alert, delivery.said, delivery_id=delivery.delivery_id, page=page
    )


@cache
def _opened(settings: AlertChannels) -> Mapping[str, Channel]:
    return open_channels(settings)
