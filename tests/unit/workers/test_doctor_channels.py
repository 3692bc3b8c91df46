"""The doctor names what settings say wrongly of channels and the house's provider."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Thread

import pytest
from flask import Flask
from werkzeug.serving import make_server

from settings import AlertChannels, HouseProvider, Settings, load
from tests.unit.test_settings import COMPLETE
from workers.doctor.probe_channels import examine
from workers.doctor.verdicts import ProbeResult, Verdict

KEY = "keyofarobot"


def settings_with(
    *, urls: tuple[str, ...] = (), house: HouseProvider | None = None
) -> Settings:
    alerts = AlertChannels(urls=urls, webhook_url=None, webhook_secret=None)
    return replace(load(COMPLETE), alerts=alerts, house=house)


def found(settings: Settings) -> ProbeResult:
    [finding] = examine(settings)
    return finding


@contextmanager
def provider(says: dict[str, str]) -> Iterator[str]:
    """A provider whose document says this; its address stands for ISSUER."""
    app = Flask(__name__)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    told = {name: value.replace("ISSUER", address) for name, value in says.items()}
    app.add_url_rule("/.well-known/openid-configuration", "told", lambda: told)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield address
    server.shutdown()
    server.server_close()
    thread.join()


def house_at(issuer: str) -> HouseProvider:
    return HouseProvider(
        issuer=issuer, client_id="c", client_secret="s", role_claim="roles"
    )


def test_nothing_that_is_not_set_is_examined() -> None:
    assert list(examine(settings_with())) == []


def test_an_address_of_no_known_service_is_named_by_its_number_alone() -> None:
    finding = found(settings_with(urls=("wecombot://a", f"wecombott://{KEY}")))

    assert finding.verdict is Verdict.FAILED
    assert "Address 2 of ALERT_URLS" in finding.said.en
    assert KEY not in f"{finding}"


def test_channels_that_are_understood_are_fine() -> None:
    assert found(settings_with(urls=(f"wecombot://{KEY}",))).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("says", "verdict"),
    [
        ({"issuer": "ISSUER"}, Verdict.OK),
        ({"issuer": "ISSUER/"}, Verdict.FAILED),
        ({"issuer": "https://elsewhere.example.com"}, Verdict.FAILED),
        ({}, Verdict.FAILED),
    ],
)
def test_a_provider_calls_itself_as_the_setting_does(
    says: dict[str, str], verdict: Verdict
) -> None:
    with provider(says) as address:
        finding = found(settings_with(house=house_at(address)))

    assert finding.verdict is verdict


def test_a_provider_that_is_not_there_is_named() -> None:
    finding = found(settings_with(house=house_at("http://127.0.0.1:9")))

    assert finding.verdict is Verdict.FAILED
    assert finding.advice is not None
    assert "OPERATOR_OIDC_ISSUER" in finding.said.en
    assert "firewall" in finding.advice.en
