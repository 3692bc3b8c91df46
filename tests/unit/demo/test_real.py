"""`make run` takes its settings from .env, the environment winning."""

from pathlib import Path

import pytest

from demo.real import describe, read_settings


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text("API_TOKEN=file\nWECOM_TOKEN=kept\nPORT=\n", encoding="utf-8")
    monkeypatch.setenv("API_TOKEN", "environment")
    monkeypatch.delenv("PORT", raising=False)

    settings = read_settings(file)

    assert settings["API_TOKEN"] == "environment"
    assert settings["WECOM_TOKEN"] == "kept"
    assert settings["PORT"] == "8000"


def test_the_doctors_command_names_our_own_servers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody/db")
    monkeypatch.setenv("REDIS_URL", "")
    settings = {
        "PORT": "1",
        "WEB_PORT": "2",
        "PUBLIC_URL": "http://p",
        "DATABASE_URL": "postgresql://somebody/db",
        "REDIS_URL": "redis://own",
    }

    (line,) = [line for line in describe(settings) if "doctor" in line]

    assert line.endswith("  REDIS_URL=redis://own .venv/bin/python manage.py doctor")
