"""Names from outside steer neither a terminal nor a page."""

import io
import sys
import unicodedata

import pytest
from click.testing import CliRunner
from flask import Flask, render_template_string
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from commands.session import Failed
from commands.terminal import echo, echo_row, print_anywhere, visible
from manage import cli
from tests.support.workbench import environment_for
from web.http import names

CLEARS_THE_SCREEN = "\x1b[2J"
TURNS_AROUND = "\u202e"
FAMILY = "\U0001f468\u200d\U0001f469"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (CLEARS_THE_SCREEN, r"\x1b[2J"),
        (f"a{TURNS_AROUND}b", r"a\u202eb"),
        ("\u2066x\u2069\u200f\u061c", r"\u2066x\u2069\u200f\u061c"),
        ("one\r\ntwo\t", r"one\r\ntwo\t"),
        ("\x9b31m\x00\x7f", r"\x9b31m\x00\x7f"),
        ("a\u2028b\ufeffc\ud800", r"a\u2028b\ufeffc\ud800"),
        (f"张三 José {FAMILY} علي", f"张三 José {FAMILY} علي"),
    ],
)
def test_what_would_not_be_seen_is_written(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(max_size=40))
def test_a_line_stays_a_line_that_moves_nothing(text: str) -> None:
    shown = visible(text)

    kinds = {unicodedata.category(each) for each in shown.replace("\u200d", "")}
    assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert len(shown.splitlines()) <= 1


def test_a_row_for_programs_has_its_tabs_between_the_cells_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    echo_row("wpA", "a\tb\n", CLEARS_THE_SCREEN)

    assert capsys.readouterr().out == "wpA\ta\\tb\\n\t\\x1b[2J\n"


def test_a_failure_repeats_no_name_raw() -> None:
    failure = Failed(f"{CLEARS_THE_SCREEN}{TURNS_AROUND}\nError: all is well")

    assert failure.format_message() == r"\x1b[2J\u202e\nError: all is well"


def test_a_terminal_that_lacks_a_sign_gets_its_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="latin-1"))

    print_anywhere()
    echo("张三")
    sys.stdout.flush()

    assert raw.getvalue() == b"\\u5f20\\u4e09\n"


@pytest.mark.parametrize("command", ["replay", "resync", "plan", "doubtful-links"])
def test_what_is_asked_for_is_not_repeated_raw(
    command: str, database: str, redis_url: str
) -> None:
    result = CliRunner().invoke(
        cli,
        [command, CLEARS_THE_SCREEN],
        env=environment_for(database=database, redis_url=redis_url),
    )

    assert result.exit_code == 1
    assert CLEARS_THE_SCREEN not in result.output
    assert r"\x1b[2J is not known here." in result.output


def test_a_page_writes_out_the_marks_of_a_name_wherever_it_stands() -> None:
    app = Flask(__name__)
    names.add_to(app)
    page = '<b title="{{ n }}">{{ n }}</b><i>{{ n.upper() }}</i>{{ "a" ~ n }}'

    with app.app_context():
        shown = render_template_string(page, n=f"x{TURNS_AROUND}\x1b<")

    one = r"x\u202e\x1b&lt;"
    assert shown == (f'<b title="{one}">{one}</b><i>X\\u202e\\x1b&lt;</i>a{one}')


def test_a_page_leaves_markup_numbers_and_lines_alone() -> None:
    assert names.finalize(Markup("<b>\u202e</b>")) == Markup("<b>\u202e</b>")
    assert names.finalize(7) == 7
    assert names.finalize("a\n\tb علي") == "a\n\tb علي"
