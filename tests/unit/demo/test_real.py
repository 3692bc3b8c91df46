"""`make run` takes its settings from .env, the environment winning."""

from pathlib import Path

import pytest

from demo.real import read_settings


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
