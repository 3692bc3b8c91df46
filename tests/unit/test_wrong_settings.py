"""Settings as a new operator may write them wrong: named, explained, never shown."""

import base64
import os
from pathlib import Path

import pytest

import settings
from settings import SettingsError, load
from tests.unit.test_settings import COMPLETE, faults_of, read

HUNTER = "hunter2"
KEY = base64.b64encode(bytes(range(32))).decode()

OWN = COMPLETE["PUBLIC_URL"].rstrip("/")
HOOK = {
    "ALERT_WEBHOOK_URL": "https://hooks.example.com/",
    "ALERT_WEBHOOK_SECRET": f"whsec_{KEY}",
}
HOUSE = {
    "OPERATOR_OIDC_ISSUER": "https://idp.example.com",
    "OPERATOR_OIDC_CLIENT_ID": "client",
    "OPERATOR_OIDC_CLIENT_SECRET": HUNTER,
}

WRONG = {
    "ALERT_URLS": [
        f"{HUNTER}@example.com",
        f"wecombot:/{HUNTER}",
        f"wecombot://a wecombot://{HUNTER}",
        f"wecombot://a;wecombot://{HUNTER}",
        f"wecombot://a，wecombot://{HUNTER}",
        f"wecombot://a、mailto://u:{HUNTER}@h",
        ",",
    ],
    "ALERT_WEBHOOK_URL": [
        "hooks.example.com",
        f"https://u:{HUNTER}@hooks.example.com",
        f"https://hooks.example.com/#{HUNTER}",
    ],
    "ALERT_WEBHOOK_SECRET": [HUNTER, f"whsec_{HUNTER}", f"'whsec_{KEY}'"],
    "OPERATOR_OIDC_ISSUER": [
        "idp.example.com",
        f"https://u:{HUNTER}@idp.example.com",
        "https://idp.example.com/?x=1",
        "https://idp.example.com/.well-known/openid-configuration",
    ],
    "OPERATOR_OIDC_CLIENT_ID": [f"{HUNTER} x", "$CLIENT_ID", "<client id>"],
    "OPERATOR_OIDC_ROLE_CLAIM": ["a b", "..", "roles.", ".roles", "角色"],
    "ITEM_NOTICES": ["true", "On", "ON", "no", "1", "关"],
    "DATABASE_URL": [
        f"mysql://u:{HUNTER}@h/d",
        f"postgresql+psycopg://u:{HUNTER}@h/d",
        f"postgresql://u:{HUNTER}@h:port/d",
        f"postgresql://u:{HUNTER}@h:70000/d",
        f"postgresql://u:{HUNTER}@h:0/d",
        f"postgresql://u:{HUNTER}/x@h:5432/d",
        f"postgresql://u:5/{HUNTER}@h:5432/d",
        f"postgresql://u:x@{HUNTER}@h:5432/d",
        f"postgresql://u:{HUNTER}%@h/d",
        f"postgresql://u:{HUNTER} x@h/d",
        f"postgresql://u:{HUNTER}@h/d?sslmode=on",
        f"postgresql://u:{HUNTER}@h/d?target_session_attrs=master",
        f"postgresql://u:{HUNTER}@h/d?connect_timeout=5s",
        f"postgresql://u:{HUNTER}@h/d?pool_size=5",
        f"postgresql://u:{HUNTER}@a:1,b:2,c/d?port=1,2",
        f"host=h password={HUNTER}",
    ],
    "REDIS_URL": [
        "localhost:6379",
        f"http://:{HUNTER}@h",
        f"redis+sentinel://:{HUNTER}@h/0",
        f"redis://:{HUNTER}@h/x",
        f"redis://:{HUNTER}@h/0/1",
        f"redis://:{HUNTER}@h:port/0",
        f"redis://:{HUNTER}@h:70000/0",
        f"redis://:{HUNTER}@h:/0",
        f"redis://:{HUNTER}#x@h:6379/0",
        f"redis://:{HUNTER}/x@h:6379/0",
        f"redis://:5/{HUNTER}@h:6379/0",
        f"redis://:{HUNTER}?x@h:6379/0",
        f"redis://:x?{HUNTER}=1@h:6379/0",
        f"redis://:{HUNTER}@",
        f"redis://:{HUNTER}@[::1/0",
        f"redis://:{HUNTER}@h/0?db=x",
        f"redis://:{HUNTER}@h/0?decode_responses=true",
        f"redis://:{HUNTER}@h/0?socket_timeout=9",
        f"redis://:{HUNTER}@h/0?ssl_cert_reqs=none",
        f"rediss://:{HUNTER}@h/0?ssl_cert_reqs=maybe",
        f"unix://{HUNTER}",
        "unix:///",
    ],
    "PUBLIC_URL": [
        "sync.example.com",
        "ftp://sync.example.com",
        "https://",
        "https://sync.example.com/tapd",
        "https://sync.example.com/?a=b",
        "https://sync.example.com/#top",
        "https://sync.example.com?",
        f"https://me:{HUNTER}@sync.example.com",
        "https://sync.example.com:web",
        "https://sync.example.com:",
        "https://sync.example.com:0",
        "https://sync.example.com:99999",
        "https://sync .example.com",
        "https://同步.example.com",
        "https://[::1",
        "https://10.0.0.300",
        "https://-",
        "https:\\\\sync.example.com",
        "https://a.example, https://b.example",
    ],
    "WECOM_API_URL": [
        "qyapi.weixin.qq.com",
        f"https://me:{HUNTER}@proxy.example.com",
        "https://proxy.example.com?corp=1",
        "https://proxy.example.com:port",
        "https://proxy.example.com/a b",
    ],
    "SECRET_KEYS": ["short", f"{KEY},", f"{KEY};{KEY}", KEY[:-4], "ключ", "!" * 44],
    "API_TOKEN": [HUNTER, f"{HUNTER} " * 8, "口令" * 32, "a" * 31],
    "PORT": ["eighty", "0", "65536", "80 # http", "8000/tcp", "８０００", "+80", "8_0"],
    "BIND": ["0.0.0.0:8000", "[::]:8000", "*", "eth0", "unix:/run/x", "300.1.1.1"],
    "TRUSTED_PROXIES": ["yes", "-1", "17", "10.0.0.1", "1.0"],
    "WECOM_SUITE_ID": ["ww suite", "ｗｗsuite", "wwsuite # the app"],
    "WECOM_SUITE_SECRET": [f"{HUNTER}\nx", f"{HUNTER} x", f"{HUNTER}\u200bx"],
    "WECOM_TOKEN": ['"callbackToken"', "'callbackToken'", "“callbackToken”", "<token>"],
    "WECOM_ENCODING_AES_KEY": ["a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + "+"],
    "WECOM_PROVIDER_CORP_ID": ['""', "ww provider", "$CORP", "${CORP_ID}"],
    "TAPD_CLIENT_SECRET": [f'"{HUNTER}"', f"{HUNTER}\ufeff", f"{HUNTER}\0"],
    "RESYNC_CRON": [
        "at night", "@daily", "0 2 * *", "0 2 * * * *", "0 25 * * *", "0 2 30 2 *",
        '"0 2 * * *"', "0 2 * * * # nightly",
    ],
    "SYNC_TIME_ZONE": ["Peking", "UTC+8", "Asia", "../etc/passwd", "/etc", "+08:00"],
    "GUARD": ["On", "true", "1", "yes"],
    "GUARD_REMOVALS": ["twenty", "-1", "20.0", "1e3", "２０"],
    "GUARD_SHARE": ["10%", "2", "-0.1", "0,10", "nan", "inf", "1e-1"],
    "GUARD_WINDOW_HOURS": ["0", "8761", "24h", "1 day"],
    "UNMATCHED": ["Ask", "none", "ask,create"],
    "INBOX_DAYS": ["0", "-1", "30d", "999999999", "3651"],
    "WECOM_CORP_PARALLEL_CALLS": ["0", "257", "many"],
}  # fmt: skip

RIGHT = {
    "DATABASE_URL": [
        "postgres://u:p%40ss%2Fw@h:5432/d?sslmode=verify-full",
        "postgresql:///d?host=/var/run/postgresql",
        "postgresql://u:p?#x@a:5432,b:5433/d?target_session_attrs=read-write",
        "postgresql://u@[::1]/d",
    ],
    "REDIS_URL": [
        "redis://h",
        "redis://h/",
        "redis://u:p%40ss%23@h:6379/15",
        "rediss://:p@h:6380/0?ssl_cert_reqs=required",
        "unix:///run/redis.sock?db=1",
        "redis://[::1]:6379/0",
    ],
    "BIND": [settings.EVERYWHERE, "::", "[::]", "::1", "127.0.0.1", "localhost"],
    "RESYNC_CRON": ["*/30 1-5 * * MON-FRI", "0 2 29 2 *"],
    "GUARD_SHARE": ["0", "1", ".5", "1.0"],
    "TAPD_URL": ["http://127.0.0.1:9000/tapd/"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]]
)
def test_a_wrong_value_is_refused_by_name_and_never_shown(
    name: str, value: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        read(**{name: value})

    [fault] = caught.value.faults
    assert fault.startswith(f"{name}: ")
    assert HUNTER not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in RIGHT for value in RIGHT[name]]
)
def test_what_can_be_used_is_not_refused(name: str, value: str) -> None:
    settings = read(**{name: value})

    assert settings.api_token == COMPLETE["API_TOKEN"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("HTTPS://Sync.Example.COM/", "https://sync.example.com"),
        ("https://sync.example.com:443", "https://sync.example.com"),
        ("http://[::1]:8080//", "http://[::1]:8080"),
    ],
)
def test_an_address_is_kept_as_browsers_write_it(written: str, meant: str) -> None:
    assert read(PUBLIC_URL=written).public_url == meant


@pytest.mark.parametrize(
    ("named", "changes"),
    [
        (("PORT", "WEB_PORT"), {"PORT": "8080"}),
        (("PORT", "WEB_PORT"), {"PORT": "9", "WEB_PORT": "9"}),
        (
            ("PORT", "DATABASE_URL"),
            {"PORT": "5432", "DATABASE_URL": "postgresql://u@localhost/d"},
        ),
        (
            ("WEB_PORT", "REDIS_URL"),
            {"WEB_PORT": "6379", "REDIS_URL": "redis://127.0.0.1/0"},
        ),
        (
            ("DATABASE_URL", "REDIS_URL"),
            {"DATABASE_URL": "postgresql://h:6379/d", "REDIS_URL": "redis://h/0"},
        ),
        (("PUBLIC_URL", "PORT"), {"PUBLIC_URL": "http://localhost:8000"}),
        (("WECOM_API_URL", "WEB_PORT"), {"WECOM_API_URL": "http://127.0.0.1:8080/x"}),
        (("TAPD_API_URL", "PUBLIC_URL"), {"TAPD_API_URL": COMPLETE["PUBLIC_URL"]}),
        (
            ("WECOM_LOGIN_SUITE_ID", "WECOM_LOGIN_SUITE_SECRET"),
            {"WECOM_LOGIN_SUITE_ID": "wwlogin"},
        ),
        (
            ("WECOM_LOGIN_SUITE_SECRET", "WECOM_LOGIN_SUITE_ID"),
            {"WECOM_LOGIN_SUITE_SECRET": HUNTER},
        ),
        (
            ("WECOM_LOGIN_SUITE_ID", "WECOM_SUITE_ID"),
            {"WECOM_LOGIN_SUITE_ID": "wwsuite", "WECOM_LOGIN_SUITE_SECRET": "s"},
        ),
        (
            ("WECOM_SUITE_ID", "WECOM_PROVIDER_CORP_ID"),
            {"WECOM_PROVIDER_CORP_ID": "wwsuite"},
        ),
        (("TAPD_CLIENT_ID", "TAPD_CLIENT_SECRET"), {"TAPD_CLIENT_SECRET": ""}),
        (("TAPD_CLIENT_SECRET", "TAPD_CLIENT_ID"), {"TAPD_CLIENT_ID": ""}),
        (("GUARD_REMOVALS", "GUARD_CEILING"), {"GUARD_REMOVALS": "501"}),
        (
            ("WECOM_CORP_CALLS_PER_MINUTE", "WECOM_PROVIDER_CALLS_PER_MINUTE"),
            {"WECOM_CORP_CALLS_PER_MINUTE": "20001"},
        ),
        (
            ("ALERT_WEBHOOK_URL", "ALERT_WEBHOOK_SECRET"),
            {"ALERT_WEBHOOK_URL": f"https://hooks.example.com/?{HUNTER}"},
        ),
        (
            ("ALERT_WEBHOOK_URL", "PUBLIC_URL"),
            {
                **HOOK,
                "ALERT_WEBHOOK_URL": f"{OWN}/hook?{HUNTER}",
            },
        ),
        (
            ("ALERT_WEBHOOK_URL", "PORT"),
            {**HOOK, "ALERT_WEBHOOK_URL": "http://localhost:8000/tapd/events/1"},
        ),
        (
            ("OPERATOR_OIDC_ISSUER", "PUBLIC_URL"),
            {**HOUSE, "OPERATOR_OIDC_ISSUER": COMPLETE["PUBLIC_URL"]},
        ),
        (
            ("OPERATOR_OIDC_CLIENT_SECRET", "OPERATOR_OIDC_ISSUER"),
            {**HOUSE, "OPERATOR_OIDC_CLIENT_SECRET": ""},
        ),
        (
            ("API_TOKEN", "OPERATOR_OIDC_CLIENT_SECRET"),
            {**HOUSE, "OPERATOR_OIDC_CLIENT_SECRET": COMPLETE["API_TOKEN"]},
        ),
        (
            ("API_TOKEN", "WECOM_SUITE_SECRET"),
            {"WECOM_SUITE_SECRET": COMPLETE["API_TOKEN"]},
        ),
    ],
)
def test_what_contradicts_each_other_is_refused_by_both_names(
    named: tuple[str, str], changes: dict[str, str]
) -> None:
    with pytest.raises(SettingsError) as caught:
        read(**changes)

    [fault] = caught.value.faults
    assert all(name in fault for name in named)
    assert HUNTER not in fault
    assert COMPLETE["API_TOKEN"] not in fault


def test_a_low_ceiling_alone_lowers_the_default_and_is_no_contradiction() -> None:
    assert read(GUARD_CEILING="5").guard.removals == 20


def test_missing_malformed_and_contradictory_stand_in_one_message() -> None:
    message = faults_of(
        API_TOKEN=None, INBOX_DAYS="x", PORT="8080", WECOM_LOGIN_SUITE_ID="wwlogin"
    )

    for name in ("API_TOKEN", "INBOX_DAYS", "WEB_PORT", "WECOM_LOGIN_SUITE_SECRET"):
        assert name in message


def test_what_is_malformed_is_not_told_as_a_contradiction_too() -> None:
    assert faults_of(PORT="x", WEB_PORT="8000").count("PORT") == 1


LINES = "".join(f"{name}={value}\n" for name, value in COMPLETE.items())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (f"# 数据库\n{LINES}".encode("gb18030"), "not UTF-8 from line 1 on"),
        (LINES.encode() + b"# \xff\n", f"from line {len(COMPLETE) + 1} on"),
        (LINES.encode("utf-16"), "UTF-16"),
        (LINES.encode("utf-16-le"), "UTF-16"),
        (f"{LINES}PORT 80 00\n".encode(), f"line {len(COMPLETE) + 1}, is not"),
        (f"{LINES}\n\nWEB_PORT='80\n".encode(), f"line {len(COMPLETE) + 3}, is not"),
        (f"{LINES}PORT＝80\n".encode(), f"line {len(COMPLETE) + 1}, is not"),
        (f"{LINES}PORT\n".encode(), "PORT has no `=`"),
        (f"PORT=1\r\n{LINES}PORT=2\r\n".encode(), f"lines 1 and {len(COMPLETE) + 2}"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_its_line(
    content: bytes, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = told_of_file(content, tmp_path, monkeypatch)

    assert told in message
    assert "is missing" not in message
    assert COMPLETE["API_TOKEN"] not in message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_byte_order_mark_and_any_ends_of_lines_are_no_fault(
    encoding: str, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_bytes(LINES.replace("\n", end).encode(encoding))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", {})

    assert load().api_token == COMPLETE["API_TOKEN"]


def test_what_the_environment_says_wrong_stands_beside_a_file_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = told_of_file(b"\xff", tmp_path, monkeypatch, PORT="eighty")

    assert ".env is not UTF-8" in message
    assert "PORT: must be a port" in message


def test_a_process_ends_with_the_message_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", {"API_TOKEN": HUNTER})

    with pytest.raises(SystemExit) as ended:
        settings.load_or_exit()

    assert "API_TOKEN: must have at least" in str(ended.value.code)
    assert HUNTER not in str(ended.value.code)


def told_of_file(
    content: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch, **environment: str
) -> str:
    (folder / ".env").write_bytes(content)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(os, "environ", environment)
    with pytest.raises(SettingsError) as caught:
        load()
    return str(caught.value)
