"""The doctor finds a sound deployment sound, and names what to change in any other."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest
import redis
from flask import Flask
from werkzeug.serving import make_server

from demo.machine.ports import free_port
from domain.ids import CompanyId
from receiver.app import create_app as create_receiver
from settings import Settings, SettingsError, load
from simulator.faults import Kind
from tests.support.workbench import Workbench, workbench
from web.app import create_app as create_web
from workers.doctor.doctor import examine, examine_before_start
from workers.doctor.verdicts import ProbeResult, Verdict
from workers.links.account_reads import read_accounts
from workers.upkeep import jobs


@pytest.fixture
def bench(database: str, redis_url: str) -> Iterator[Workbench]:
    receiver, web = free_port(18000), free_port(18080)
    with workbench(
        database=database,
        redis_url=redis_url,
        PORT=str(receiver),
        WEB_PORT=str(web),
        PUBLIC_URL=f"http://127.0.0.1:{web}",
        GUARD="on",
    ) as bench:
        yield bench


@pytest.fixture
def settings(bench: Workbench) -> Iterator[Settings]:
    """The settings of a deployment whose processes run."""
    settings = bench.runtime.settings
    receiver, web = create_receiver(settings), create_web(settings)
    with serving(receiver, settings.port), serving(web, settings.web_port):
        yield settings
    receiver.extensions["shore"].close()
    web.extensions["sync-services"].pool.close()
    web.extensions["sync-services"].redis.close()


@contextmanager
def serving(app: Flask, port: int) -> Iterator[None]:
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield
    server.shutdown()
    server.server_close()
    thread.join()


def findings(settings: Settings) -> dict[str, ProbeResult]:
    return {each.probe: each for each in examine(lambda: settings)}


def unsound(settings: Settings) -> set[str]:
    found = findings(settings).values()
    return {each.probe for each in found if each.verdict is not Verdict.OK}


def lead(bench: Workbench) -> None:
    """As if the clock process were at work."""
    bench.rows(
        "INSERT INTO leases (mailbox, token, expires_at) VALUES ('clock',"
        " gen_random_uuid(), clock_timestamp() + interval '1 hour')"
    )


def test_a_sound_deployment_is_found_sound(
    bench: Workbench, settings: Settings
) -> None:
    lead(bench)
    bench.link(bench.found())

    found = findings(settings)

    # A test has no certificate, and its Postgres need not survive a power cut.
    assert unsound(settings) - {"https", "durability", "front"} == set()
    assert {"callbacks", "suite token", "provider token", "corp tokens", "tapd"} <= set(
        found
    )


def test_missing_settings_are_findings_that_name_them() -> None:
    def broken() -> Settings:
        return load({"DATABASE_URL": "mysql://"})

    with pytest.raises(SettingsError):
        broken()
    found = list(examine(broken))

    assert {each.verdict for each in found} == {Verdict.FAILED}
    advised = " ".join(each.advice.en for each in found if each.advice)
    assert "API_TOKEN" in advised
    assert "DATABASE_URL" in advised


def test_every_finding_that_is_not_fine_says_what_to_do_in_both_languages(
    bench: Workbench, settings: Settings
) -> None:
    broken = replace(
        settings,
        redis_url="redis://127.0.0.1:1/0",
        port=1,
        web_port=1,
        public_url="http://127.0.0.1:1",
        guard=replace(settings.guard, switch="off"),
    )

    found = [each for each in findings(broken).values() if each.advice is not None]

    assert {each.probe for each in found} >= {
        "guard", "redis", "receiver", "web", "public url", "upkeep",
    }  # fmt: skip
    for each in found:
        assert each.advice is not None
        assert each.advice.en
        assert any("\u4e00" <= letter <= "\u9fff" for letter in each.advice.zh)


def test_a_proxy_that_is_not_trusted_is_named_in_both_languages(
    bench: Workbench, settings: Settings
) -> None:
    outside = replace(settings, public_url="https://127.0.0.1:1")

    def found(settings: Settings) -> dict[str, ProbeResult]:
        return {each.probe: each for each in examine_before_start(lambda: settings)}

    assert "proxies" not in found(settings)
    assert "proxies" not in found(replace(outside, trusted_proxies=1))
    warned = found(outside)["proxies"]
    assert warned.verdict is Verdict.WARNING
    assert warned.advice is not None
    assert "TRUSTED_PROXIES" in warned.advice.en
    assert "TRUSTED_PROXIES" in warned.advice.zh


def test_an_address_that_is_not_on_the_whitelist_leads_to_its_screen(
    bench: Workbench, settings: Settings
) -> None:
    bench.misbehave(Kind.ERRCODE, match="service/*", errcode=60020)

    advice = findings(settings)["provider token"].advice

    assert advice is not None
    assert "IP whitelist" in advice.en
    assert "IP白名单" in advice.zh


def test_another_secret_than_tapds_leads_to_its_setting(
    bench: Workbench, settings: Settings
) -> None:
    wrong = replace(settings, tapd=replace(settings.tapd, client_secret="wrong"))
    none = replace(settings, tapd=replace(settings.tapd, client_id=""))

    for broken, verdict in ((wrong, Verdict.FAILED), (none, Verdict.WARNING)):
        found = findings(broken)["tapd"]
        assert found.verdict is verdict
        assert found.advice is not None
        assert "TAPD_CLIENT_SECRET" in found.advice.en


def test_a_company_that_did_not_install_the_app_in_tapd_is_named(
    bench: Workbench, settings: Settings
) -> None:
    bench.add_corp("20001001")
    jobs.read_due_accounts(bench.runtime)
    read_accounts(bench.runtime, CompanyId("20001001"))

    found = findings(settings)["company 20001001"]

    assert found.verdict is Verdict.WARNING
    assert found.advice is not None
    assert "公司管理" in found.advice.zh


def test_another_secret_than_wecoms_leads_to_its_setting(
    bench: Workbench, settings: Settings
) -> None:
    wrong = replace(settings, wecom=replace(settings.wecom, suite_secret="wrong"))

    advice = findings(wrong)["suite token"].advice

    assert advice is not None
    assert "WECOM_SUITE_SECRET" in advice.en
    assert "WECOM_SUITE_SECRET" in advice.zh


def test_a_missing_ticket_leads_to_the_callback_configuration(
    bench: Workbench, settings: Settings
) -> None:
    bench.rows("DELETE FROM suite_tickets")

    advice = findings(settings)["suite ticket"].advice

    assert advice is not None
    assert "callback configuration" in advice.en
    assert "回调配置" in advice.zh


def test_an_old_ticket_is_told(bench: Workbench, settings: Settings) -> None:
    bench.rows("UPDATE suite_tickets SET sent_at = sent_at - interval '40 minutes'")

    assert findings(settings)["suite ticket"].verdict is Verdict.FAILED


def test_a_ticket_from_the_future_is_a_wrong_clock(
    bench: Workbench, settings: Settings
) -> None:
    bench.rows("UPDATE suite_tickets SET sent_at = sent_at + interval '1 day'")

    found = findings(settings)["suite ticket"]

    assert found.verdict is Verdict.FAILED
    assert "clock" in found.said.en
    assert found.advice is not None
    assert "NTP" in found.advice.en
    assert "NTP" in found.advice.zh


def test_a_receiver_with_another_token_is_told(
    bench: Workbench, settings: Settings
) -> None:
    other = replace(settings, wecom=replace(settings.wecom, token="changed"))

    advice = findings(other)["callbacks"].advice

    assert advice is not None
    assert "WECOM_TOKEN" in advice.en


def test_a_corp_that_withdrew_is_named(bench: Workbench, settings: Settings) -> None:
    corp = bench.link(bench.found())
    bench.misbehave(Kind.ERRCODE, match="service/get_corp_token", errcode=40084)

    finding = findings(settings)[f"corp {corp.corp_id}"]

    assert finding.verdict is Verdict.FAILED


def test_a_database_without_schema_leads_to_migrate(
    empty_database: str, bench: Workbench, settings: Settings
) -> None:
    bare = replace(settings, database_url=empty_database)

    found = findings(bare)

    assert found["schema"].advice is not None
    assert "migrate" in found["schema"].advice.en
    assert "suite token" not in found


def test_commits_that_do_not_wait_for_the_disk_are_told(
    bench: Workbench, settings: Settings
) -> None:
    joint = "&" if "?" in settings.database_url else "?"
    weak = f"{settings.database_url}{joint}options=-c%20synchronous_commit%3Doff"

    found = findings(replace(settings, database_url=weak))

    assert found["durability"].verdict is Verdict.FAILED


def test_a_redis_that_evicts_is_told(settings: Settings) -> None:
    with redis.Redis.from_url(settings.redis_url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            found = findings(settings)
        finally:
            client.config_set("maxmemory-policy", "noeviction")

    assert found["redis"].verdict is Verdict.FAILED


def test_secrets_of_a_key_that_is_gone_are_told(
    bench: Workbench, settings: Settings
) -> None:
    changed = replace(settings, secret_keys=(b"n" * 32,))

    with psycopg.connect(settings.database_url) as rows:
        assert rows.execute("SELECT count(*) FROM suite_tickets").fetchall() == [(1,)]
    advice = findings(changed)["secret keys"].advice

    assert advice is not None
    assert "SECRET_KEYS" in advice.en


def before_start(settings: Settings) -> dict[str, ProbeResult]:
    return {each.probe: each for each in examine_before_start(lambda: settings)}


def verdicts(found: dict[str, ProbeResult]) -> dict[str, Verdict]:
    # A test has no certificate, and its Postgres need not survive a power cut.
    return {
        name: each.verdict
        for name, each in found.items()
        if name not in {"https", "durability"}
    }


def test_before_a_first_start_nothing_that_comes_later_is_missed(
    bench: Workbench,
) -> None:
    bench.rows("DELETE FROM suite_tickets")

    found = before_start(bench.runtime.settings)

    assert verdicts(found) == dict.fromkeys(
        ["settings", "postgres", "clock", "schema", "redis", "spill", "secret keys",
         "wecom", "provider token", "search_path", "encoding", "session"], Verdict.OK,
    ) | {"processes": Verdict.LATER}  # fmt: skip
    assert "manage.py doctor" in found["processes"].said.en
    assert "manage.py doctor" in found["processes"].said.zh


def test_before_the_next_start_a_usable_ticket_is_used(bench: Workbench) -> None:
    bench.link(bench.found())

    found = verdicts(before_start(bench.runtime.settings))

    assert found["suite token"] is Verdict.OK
    assert found["corp tokens"] is Verdict.OK
    assert Verdict.FAILED not in found.values()


def test_a_ticket_that_ran_out_overnight_is_not_used(bench: Workbench) -> None:
    bench.rows("UPDATE suite_tickets SET sent_at = sent_at - interval '9 hours'")

    found = verdicts(before_start(bench.runtime.settings))

    assert "suite token" not in found
    assert Verdict.FAILED not in found.values()


def test_before_the_start_what_must_be_there_is_missed(bench: Workbench) -> None:
    sound = bench.runtime.settings
    wecom = replace(sound.wecom, api_url="http://127.0.0.1:1", provider_secret="wrong")
    broken = replace(sound, wecom=wecom, redis_url="redis://127.0.0.1:1/0")

    found = before_start(broken)

    assert {name for name, verdict in verdicts(found).items()
            if verdict is Verdict.FAILED} >= {"redis", "wecom"}  # fmt: skip
    assert found["wecom"].advice is not None
    assert "WECOM_API_URL" in found["wecom"].advice.en
