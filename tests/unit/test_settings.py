"""The environment is read once; every fault of it is named in one message."""

import base64

import pytest

from settings import Settings, SettingsError, load

COMPLETE = {
    "DATABASE_URL": "postgresql://sync@db.example.com/sync",
    "REDIS_URL": "redis://cache.example.com:6379/0",
    "PUBLIC_URL": "https://sync.example.com/",
    "SECRET_KEYS": base64.b64encode(bytes(range(32))).decode(),
    "API_TOKEN": "synthetic-token-of-32-characters",
    "WECOM_SUITE_ID": "wwsuite",
    "WECOM_SUITE_SECRET": "suite-secret",
    "WECOM_TOKEN": "callbackToken",
    "WECOM_ENCODING_AES_KEY": "2Eut3QUGh0BF89r8Bh4rCgvfGpGE2Ou66CO6dMtvsnQ",
    "WECOM_PROVIDER_CORP_ID": "wwprovider",
    "WECOM_PROVIDER_SECRET": "provider-secret",
    "TAPD_CLIENT_ID": "client",
    "TAPD_CLIENT_SECRET": "client-secret",
}


def read(**changes: str | None) -> Settings:
    environment = {**COMPLETE, **changes}
    return load({k: v for k, v in environment.items() if v is not None})


def faults_of(**changes: str | None) -> str:
    with pytest.raises(SettingsError) as caught:
        read(**changes)
    return str(caught.value)


def test_what_is_left_out_has_its_documented_default() -> None:
    settings = read()

    assert settings.port == 8000
    assert settings.wecom.api_url == "https://qyapi.weixin.qq.com"
    assert settings.time_zone == "Asia/Shanghai"
    assert (settings.guard.switch, settings.guard.removals) == ("on", 20)
    assert (settings.guard.share, settings.guard.ceiling) == (0.10, 500)
    assert (settings.unmatched, settings.inbox_days) == ("ask", 30)


def test_an_address_loses_its_last_slash() -> None:
    assert read().public_url == "https://sync.example.com"


def test_every_missing_name_is_in_the_one_message() -> None:
    with pytest.raises(SettingsError) as caught:
        load({})

    for name in COMPLETE:
        assert name in str(caught.value)


def test_every_malformed_value_is_in_the_one_message() -> None:
    message = faults_of(
        PORT="eighty",
        GUARD_SHARE="2",
        GUARD_WINDOW_HOURS="8761",
        RESYNC_CRON="at night",
        SECRET_KEYS="short",
    )

    for name in (
        "PORT",
        "GUARD_SHARE",
        "GUARD_WINDOW_HOURS",
        "RESYNC_CRON",
        "SECRET_KEYS",
    ):
        assert name in message


def test_secret_keys_are_read_in_either_alphabet_and_in_order() -> None:
    key = bytes([0xFB, 0xFF] * 16)
    both = (base64.b64encode(key), base64.urlsafe_b64encode(key).rstrip(b"="))

    settings = read(SECRET_KEYS=b",".join(both).decode())

    assert settings.secret_keys == (key, key)


def test_a_provider_without_corp_id_sets_it_to_empty_on_purpose() -> None:
    assert read(WECOM_PROVIDER_CORP_ID="").wecom.provider_corp_id == ""
    assert "WECOM_PROVIDER_CORP_ID" in faults_of(WECOM_PROVIDER_CORP_ID=None)


def test_a_sixth_cron_field_is_refused() -> None:
    assert "RESYNC_CRON" in faults_of(RESYNC_CRON="0 2 * * * *")


def test_no_secret_shows_when_settings_are_printed() -> None:
    printed = repr(read())

    for name in (
        "SECRET_KEYS",
        "API_TOKEN",
        "WECOM_SUITE_SECRET",
        "WECOM_TOKEN",
        "WECOM_PROVIDER_SECRET",
        "TAPD_CLIENT_SECRET",
        "DATABASE_URL",
    ):
        assert COMPLETE[name] not in printed
