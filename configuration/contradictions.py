"""Settings that can each be used, but not together: what a start would hide.

Each rule yields a sentence that names its settings and shows no value.
"""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from configuration.sections import Settings
from configuration.web_addresses import is_local, port_of
from store.connecting import places_of
from store.redis_address import redis_place

IsGiven = Callable[[str], bool]


def contradictions(settings: Settings, is_given: IsGiven) -> Iterator[str]:
    """Everything in which settings disagree; to be asked once each can be used."""
    yield from _ports(settings)
    yield from _own_addresses(settings)
    yield from _suites(settings)
    yield from _pairs(settings)
    yield from _house(is_given)
    yield from _guard(settings, is_given)
    yield from _rates(settings, is_given)
    yield from _secrets(settings)


def _ports(settings: Settings) -> Iterator[str]:
    listening = {"PORT": settings.port, "WEB_PORT": settings.web_port}
    if settings.port == settings.web_port:
        yield (
            "PORT and WEB_PORT are the same: callbacks would reach the web, and pages "
            "the receiver; give each its own."
        )
    stores = {"DATABASE_URL": places_of(settings.database_url)}
    redis = redis_place(settings.redis_url)
    stores["REDIS_URL"] = [redis] if redis else []
    for name, places in stores.items():
        local = {port for host, port in places if is_local(host)}
        for own, port in listening.items():
            if port in local:
                yield f"{own} is the port of {name} on this machine; take another."
    if set(stores["DATABASE_URL"]) & set(stores["REDIS_URL"]):
        yield "DATABASE_URL and REDIS_URL lead to the same host and port."


def _own_addresses(settings: Settings) -> Iterator[str]:
    """Addresses that lead to a process of ours which does not serve them."""
    wecom, tapd = settings.wecom, settings.tapd
    listening = {settings.port: "PORT", settings.web_port: "WEB_PORT"}
    if _is_at(settings.public_url, settings.port):
        yield "PUBLIC_URL leads to PORT, the receiver; it must lead to the web."
    for name, address in {
        "WECOM_API_URL": wecom.api_url,
        "WECOM_OPEN_URL": wecom.open_url,
        "WECOM_OAUTH_URL": wecom.oauth_url,
        "WECOM_LOGIN_URL": wecom.login_url,
        "TAPD_URL": tapd.url,
        "TAPD_API_URL": tapd.api_url,
        "ALERT_WEBHOOK_URL": settings.alerts.webhook_url or "",
        "OPERATOR_OIDC_ISSUER": settings.house.issuer if settings.house else "",
    }.items():
        for port, own in listening.items():
            if _is_at(address, port):
                yield f"{name} leads to {own}, a process of ours; it must lead outside."
        # A path behind it may be a proxy's way out; webhooks alone have paths here.
        is_hook = name == "ALERT_WEBHOOK_URL"
        meant = _origin(address) if is_hook else address.rstrip("/")
        if meant == settings.public_url.rstrip("/"):
            yield f"{name} and PUBLIC_URL are the same; {name} must lead outside."


def _is_at(address: str, port: int) -> bool:
    host = urlsplit(address).hostname or ""
    return is_local(host) and port_of(address) == port


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _suites(settings: Settings) -> Iterator[str]:
    wecom = settings.wecom
    login = wecom.login_suite_id
    if login == wecom.suite_id:
        yield (
            "WECOM_LOGIN_SUITE_ID is WECOM_SUITE_ID: leave WECOM_LOGIN_SUITE_ID and "
            "WECOM_LOGIN_SUITE_SECRET out, and the app itself is used."
        )
    for name, suite_id in {
        "WECOM_SUITE_ID": wecom.suite_id,
        "WECOM_LOGIN_SUITE_ID": login,
    }.items():
        if suite_id and suite_id == wecom.provider_corp_id:
            yield (
                f"{name} is WECOM_PROVIDER_CORP_ID: one is the SuiteID of an app, the "
                "other the provider's own corpid."
            )


def _pairs(settings: Settings) -> Iterator[str]:
    wecom, tapd, alerts = settings.wecom, settings.tapd, settings.alerts
    for (name, value), (partner, other) in (
        (
            ("ALERT_WEBHOOK_URL", alerts.webhook_url),
            ("ALERT_WEBHOOK_SECRET", alerts.webhook_secret),
        ),
        (
            ("WECOM_LOGIN_SUITE_ID", wecom.login_suite_id),
            ("WECOM_LOGIN_SUITE_SECRET", wecom.login_suite_secret),
        ),
        (
            ("TAPD_CLIENT_ID", tapd.client_id),
            ("TAPD_CLIENT_SECRET", tapd.client_secret),
        ),
    ):
        if bool(value) != bool(other):
            given, lacking = (name, partner) if value else (partner, name)
            yield f"{given} is set without {lacking}: set both, or neither."


def _house(is_given: IsGiven) -> Iterator[str]:
    needed = [
        f"OPERATOR_OIDC_{each}" for each in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET")
    ]
    given = [name for name in needed if is_given(name)]
    for name in needed:
        if given and name not in given:
            yield f"{name} is missing beside {given[0]}: set all three, or none."


def _guard(settings: Settings, is_given: IsGiven) -> Iterator[str]:
    # Only what somebody wrote: a low ceiling alone is meant to lower the default.
    guard = settings.guard
    if is_given("GUARD_REMOVALS") and guard.removals > guard.ceiling:
        yield (
            "GUARD_REMOVALS is more than GUARD_CEILING, the most that ever passes: "
            "lower the one or raise the other."
        )


def _rates(settings: Settings, is_given: IsGiven) -> Iterator[str]:
    wecom = settings.wecom
    if (
        is_given("WECOM_CORP_CALLS_PER_MINUTE")
        and wecom.corp_calls_per_minute > wecom.provider_calls_per_minute
    ):
        yield (
            "WECOM_CORP_CALLS_PER_MINUTE is more than WECOM_PROVIDER_CALLS_PER_MINUTE, "
            "which all corps share."
        )


def _secrets(settings: Settings) -> Iterator[str]:
    """A secret that two settings share is known wherever one of them is."""
    wecom, tapd, house = settings.wecom, settings.tapd, settings.house
    others = {
        "WECOM_SUITE_SECRET": wecom.suite_secret,
        "WECOM_LOGIN_SUITE_SECRET": wecom.login_suite_secret,
        "WECOM_PROVIDER_SECRET": wecom.provider_secret,
        "WECOM_ENCODING_AES_KEY": wecom.encoding_aes_key,
        "WECOM_TOKEN": wecom.token,
        "TAPD_CLIENT_SECRET": tapd.client_secret,
        "ALERT_WEBHOOK_SECRET": settings.alerts.webhook_secret,
        "OPERATOR_OIDC_CLIENT_SECRET": house.client_secret if house else None,
    }
    for name, value in others.items():
        if value and value == settings.api_token:
            yield f"API_TOKEN is {name}; make one of its own (openssl rand -base64 32)."
