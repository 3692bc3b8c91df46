"""Rules and dashboard as Prometheus reads them: each expression means what it says.

The parser is Prometheus' own grammar and types: `rate` of what is no range is refused.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from promql_parser import (
    AggModifierType,
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    MatrixSelector,
    ParenExpr,
    SubqueryExpr,
    UnaryExpr,
    VectorSelector,
    parse,
    parse_duration,
)

from tests.integration.telemetry.test_deploy_files import LEGEND, exposed

__all__ = ["exposed"]  # The fixture.

DEPLOY = Path(__file__).parents[3] / "deploy"
# What a counter's functions may be asked of.
COUNTED = ("_total", "_bucket", "_sum", "_count")
RATES = {"rate", "irate", "increase", "resets"}
# What a target has of Prometheus itself.
OF_PROMETHEUS = {"instance", "job"}


def panels() -> list[tuple[str, str, str]]:
    """Title, expression and legend of each line of the dashboard."""
    text = (DEPLOY / "grafana" / "tapd-wecom-sync.json").read_text("utf-8")
    return [
        (panel["title"], target["expr"], target["legendFormat"])
        for panel in json.loads(text)["panels"]
        for target in panel["targets"]
    ]


def rules() -> list[dict[str, Any]]:
    text = (DEPLOY / "prometheus" / "alerts.yml").read_text("utf-8")
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def told() -> list[tuple[str, str, str]]:
    """Whatever is asked of Prometheus: by what name, how, and what is said of it."""
    return [
        *panels(),
        *(
            (rule["alert"], rule["expr"], " ".join(rule["annotations"].values()))
            for rule in rules()
        ),
    ]


def beneath(expression: Expr) -> Iterator[Expr]:
    """An expression and all that it is made of."""
    yield expression
    match expression:
        case BinaryExpr():
            inner = [expression.lhs, expression.rhs]
        case AggregateExpr() | ParenExpr() | UnaryExpr() | SubqueryExpr():
            inner = [expression.expr]
        case Call():
            inner = list(expression.args)
        case MatrixSelector():
            inner = [expression.vector_selector]
        case _:
            inner = []
    for each in inner:
        yield from beneath(each)


def labels_left(expression: Expr, exposed: dict[str, set[str]]) -> set[str]:
    """The labels that a result can still have."""
    match expression:
        case VectorSelector():
            return exposed[str(expression.name)] | OF_PROMETHEUS
        case MatrixSelector():
            return labels_left(expression.vector_selector, exposed)
        case AggregateExpr():
            inner = labels_left(expression.expr, exposed)
            modifier = expression.modifier
            if modifier is None:
                return set()
            named = set(modifier.labels)
            is_by = modifier.type == AggModifierType.By
            return inner & named if is_by else inner - named
        case Call():
            known = [labels_left(each, exposed) for each in expression.args]
            left = set().union(*known)
            is_quantile = expression.func.name == "histogram_quantile"
            return left - {"le"} if is_quantile else left
        case BinaryExpr():
            return labels_left(expression.lhs, exposed) | labels_left(
                expression.rhs, exposed
            )
        case ParenExpr() | UnaryExpr() | SubqueryExpr():
            return labels_left(expression.expr, exposed)
        case _:
            return set()


@pytest.mark.parametrize(("name", "text", "said"), told(), ids=lambda each: each[:40])
def test_an_expression_asks_for_what_there_is(
    exposed: dict[str, set[str]], name: str, text: str, said: str
) -> None:
    expression = parse(text)
    parts = list(beneath(expression))
    selectors = [each for each in parts if isinstance(each, VectorSelector)]

    assert selectors, name
    for selector in selectors:
        assert selector.name in exposed, selector.name
        known = exposed[str(selector.name)] | OF_PROMETHEUS
        asked = {each.name for each in selector.matchers.matchers}
        assert asked - known == set(), name
    for each in parts:
        if isinstance(each, AggregateExpr) and each.modifier is not None:
            inner = labels_left(each.expr, exposed)
            assert set(each.modifier.labels) - inner == set(), name
    # A legend or a sentence names only what the result still has.
    assert set(LEGEND.findall(said)) - {"value"} <= labels_left(expression, exposed)


@pytest.mark.parametrize(("name", "text", "said"), told(), ids=lambda each: each[:40])
def test_rates_are_of_counters_and_quantiles_of_buckets(
    exposed: dict[str, set[str]], name: str, text: str, said: str
) -> None:
    for each in beneath(parse(text)):
        if not isinstance(each, Call):
            continue
        names = [
            str(part.name) for part in beneath(each) if isinstance(part, VectorSelector)
        ]
        if each.func.name in RATES:
            assert all(one.endswith(COUNTED) for one in names), (name, names)
        if each.func.name == "histogram_quantile":
            assert all(one.endswith("_bucket") for one in names), (name, names)
            assert "le" in labels_left(each.args[1], exposed), name


def test_a_rule_waits_for_a_time_that_prometheus_reads() -> None:
    for rule in rules():
        assert parse_duration(rule["for"]).total_seconds() >= 0, rule["alert"]
        assert rule["labels"]["severity"] in {"critical", "warning"}
        # A condition, not a number: a rule that is always true is no alert.
        condition = parse(rule["expr"])
        is_absence = isinstance(condition, Call) and condition.func.name == "absent"
        assert is_absence or isinstance(condition, BinaryExpr), rule["alert"]


@pytest.mark.parametrize(
    "wrong",
    [
        "rate(sync_inbox_oldest_seconds)",
        "sum by (le (x))",
        "sync_plans_held >",
        "histogram_quantile(sync_x, 0.9)",
    ],
)
def test_what_prometheus_would_refuse_is_refused_here(wrong: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(wrong)
