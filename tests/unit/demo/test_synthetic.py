"""The demo's settings are complete, usable, and no real suite's leak into them."""

import re
from pathlib import Path

import settings as product_settings
from demo.servers import Servers
from demo.synthetic import Ports, load_secrets, synthetic_settings

ROOT = Path(__file__).resolve().parents[3]
SERVERS = Servers(database_url="postgresql://x@/y", redis_url="redis://127.0.0.1/0")
PORTS = Ports(receiver=8001, web=8002, simulator=8003)


def made(folder: Path) -> dict[str, str]:
    return synthetic_settings(
        servers=SERVERS, ports=PORTS, secrets=load_secrets(folder)
    )


def test_the_product_takes_them(tmp_path: Path) -> None:
    settings = product_settings.load(made(tmp_path))

    assert settings.port == PORTS.receiver
    assert settings.wecom.api_url == "http://127.0.0.1:8003"


def test_every_setting_is_given_so_that_none_comes_from_an_env_file(
    tmp_path: Path,
) -> None:
    source = (ROOT / "settings.py").read_text(encoding="utf-8")
    names = set(re.findall(r"read\.\w+\(\s*\"([A-Z_]+)\"", source))

    given = made(tmp_path)

    assert len(names) > 20
    assert names <= given.keys()


def test_secrets_are_made_once_for_a_folder(tmp_path: Path) -> None:
    first = load_secrets(tmp_path)

    second = load_secrets(tmp_path)

    assert second == first


def test_two_folders_share_no_secret(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    one, other = load_secrets(tmp_path / "a"), load_secrets(tmp_path / "b")

    equal = {name for name in one if one[name] == other[name]}
    assert equal == {"TAPD_CLIENT_ID"}


def test_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    load_secrets(tmp_path)

    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
