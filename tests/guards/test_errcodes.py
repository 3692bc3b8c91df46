"""Every errcode that a sync can meet has exactly one meaning and one consequence."""

import ast

from tests.guards.source import modules_at
from wecom.errcodes import ERRCODES
from wecom.errors import CallbackRejected, OddAnswer, WeComError
from workers.failures import rule_of
from workers.notices.send_faults import FATES, NOBODYS_FAULT

# Source: WeCom's global error list of 2026-07-26, and that of 2024-04-08.
DOCUMENTED = """
    -1 6000 40001 40003 40013 40014 40029 42003 42022 40031 40032 82002 82003 40035
    40058 40063 40056 40066 40068 40077 42007 40078 40080 40083 48003 40082 40084 40085
    40091 45031 40125 40133 40134 40140 41001 41022 41023 41025 42001 42009 43012 45009
    45029 45033 45035 45036 45034 46004 48001 48002 48004 48005 48006 48008 48009 48010
    50001 50002 50003 60031 50100 60003 60004 60124 60011 60020 301042 60021 60111 60121
    60123 60136 60140 60203 60204 60205 60218 60246 81011 81013 82001 84014 84015 84025
    84061 84062 301002 301021 42052 45002 701001 701008 701016 701099 660003 660004
    660005
"""
# The fields of template cards, each with a code of its own.
CARD_FIELDS = [*range(42014, 42021), *range(42027, 42052)]


def documented() -> set[int]:
    return {int(each) for each in DOCUMENTED.split()} | set(CARD_FIELDS)


def written() -> list[int]:
    """The codes as they stand in the table, before anything could hide a second one."""
    [module] = modules_at("wecom/errcodes.py")
    [table] = [
        node.value
        for node in module.tree.body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.target.id == "_MEANINGS"
        and isinstance(node.value, ast.Dict)
    ]
    return [
        code
        for meanings in table.values
        if isinstance(meanings, ast.Dict)
        for key in meanings.keys
        if (code := number(key)) is not None
    ]


def number(key: ast.expr | None) -> int | None:
    """The code of a key: a number, or a constant whose code the table then holds."""
    try:
        return int(ast.literal_eval(key)) if key is not None else None
    except ValueError:
        return None


def test_every_documented_errcode_is_in_the_table() -> None:
    assert documented() - ERRCODES.keys() == set()


def test_the_table_holds_no_other_errcode() -> None:
    assert ERRCODES.keys() - documented() == set()


def test_every_errcode_stands_there_once() -> None:
    codes = written()

    assert len(codes) > 80
    assert [code for code in set(codes) if codes.count(code) > 1] == []


def test_every_errcode_says_what_it_means() -> None:
    assert [code for code, entry in ERRCODES.items() if not entry.meaning] == []


def test_every_errcode_has_its_outcome_for_mail_and_runs() -> None:
    classes = {entry.error for entry in ERRCODES.values()} | {OddAnswer}

    lines = {each: rule_of(each) for each in classes}

    assert [
        each.__name__ for each, rule in lines.items() if rule.error is Exception
    ] == []
    assert [
        each.__name__
        for each, rule in lines.items()
        if rule.error is not each and each is not OddAnswer
    ] == []


def test_every_errcode_has_its_outcome_for_a_notice_that_is_sent() -> None:
    classes = {entry.error for entry in ERRCODES.values()} | {OddAnswer}

    assert classes - FATES.keys() == set()
    assert ERRCODES.keys() >= NOBODYS_FAULT


def test_every_class_of_error_belongs_to_an_errcode_or_says_whose_it_is() -> None:
    made = {entry.error for entry in ERRCODES.values()}

    assert subclasses(WeComError) - subclasses(CallbackRejected) - made == {
        CallbackRejected,
        OddAnswer,
    }


def subclasses(error: type[WeComError]) -> set[type[WeComError]]:
    """Every class below this one."""
    direct = set(error.__subclasses__())
    return direct.union(*map(subclasses, direct))
