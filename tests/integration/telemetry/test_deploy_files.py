"""Dashboard and rules ask only for metrics and labels that the product exposes."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.core import Metric

from receiver import meters
from tests.support.webclient import open_web
from web.operations.gauges import StoreCollector

DEPLOY = Path(__file__).parents[3] / "deploy"
NAME = re.compile(r"\b((?:sync|receiver)_[a-z_]+)(\{[^}]*\})?")
BY = re.compile(r"\bby \(([^)]*)\)")
LEGEND = re.compile(r"\{\{\s*(?:\$labels\.)?([a-z_]+)\s*\}\}")
PREFIX = ("sync_", "receiver_")


@pytest.fixture(scope="module")
def exposed(module_database: str, redis_server_url: str) -> dict[str, set[str]]:
    """Every sample that /metrics of both processes can show, with its labels."""
    with open_web(database=module_database, redis_url=redis_server_url) as web:
        web.rows.execute(
            "INSERT INTO suite_tickets (suite_id, ticket, sent_at)"
            " VALUES ('wwsuite', '', clock_timestamp())"
        )
        wired = web.app.extensions["sync-services"]
        collector = StoreCollector(
            pool=wired.pool, redis=wired.redis, suite_id="wwsuite"
        )
        families = [*collector.collect(), *meters._OWN.collect()]
    return labels_of(families)


def labels_of(families: list[Metric]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for family in families:
        stated = set(getattr(family, "_labelnames", ()) or ())
        endings = {
            "counter": ("_total",),
            "histogram": ("_bucket", "_sum", "_count"),
        }.get(family.type, ("",))
        for ending in endings:
            found[family.name + ending] |= stated
            if ending == "_bucket":
                found[family.name + ending].add("le")
        for sample in family.samples:
            found[sample.name] |= set(sample.labels)
    # Nothing was counted yet: such a family has no sample that shows its labels.
    for counted in (meters.CALLBACKS, meters.REFUSALS):
        found[f"{counted._name}_total"] |= set(counted._labelnames)
    return found


def dashboard() -> Any:
    text = (DEPLOY / "grafana" / "tapd-wecom-sync.json").read_text("utf-8")
    return json.loads(text)


def rules() -> list[dict[str, Any]]:
    text = (DEPLOY / "prometheus" / "alerts.yml").read_text("utf-8")
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def expressions() -> Iterator[tuple[str, str]]:
    """Each expression, with the text that names its labels."""
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            yield target["expr"], target["legendFormat"]
    for rule in rules():
        yield rule["expr"], " ".join(rule["annotations"].values())


@pytest.mark.parametrize(("expression", "legend"), list(expressions()))
def test_every_name_and_label_is_one_of_ours(
    exposed: dict[str, set[str]], expression: str, legend: str
) -> None:
    names = {name for name, _ in NAME.findall(expression)}
    asked = {
        label
        for _, selector in NAME.findall(expression)
        for label in re.findall(r"([a-z_]+)\s*[=!~]", selector)
    }
    asked |= {
        each.strip() for inner in BY.findall(expression) for each in inner.split(",")
    }
    asked |= set(LEGEND.findall(legend)) - {"value"}

    assert names
    assert names - exposed.keys() == set()
    known = set().union(*(exposed[name] for name in names))
    assert asked - known == set(), sorted(known)


def test_every_panel_and_rule_says_what_it_is() -> None:
    titles = [panel["title"] for panel in dashboard()["panels"]]
    names = [rule["alert"] for rule in rules()]

    assert len(set(titles)) == len(titles) > 12
    assert len(set(names)) == len(names) > 10
    assert all(rule["for"] and rule["labels"]["severity"] for rule in rules())
    assert all(
        {"summary", "description"} <= rule["annotations"].keys() for rule in rules()
    )


def test_the_dashboard_shows_every_metric_of_the_workers_and_the_inbox(
    exposed: dict[str, set[str]],
) -> None:
    asked = {name for each, _ in expressions() for name, _ in NAME.findall(each)}
    told_elsewhere = {
        "sync_batch_events",
        "sync_corps",
        "sync_mailboxes_waiting",
        "sync_runs_open",
        "sync_wrong_tokens",
        "receiver_refusals",
    }

    silent = {
        name
        for name in exposed
        if name.startswith(PREFIX)
        and not name.endswith(("_sum", "_count", "_created"))
        and name not in asked
        and name.removesuffix("_total").removesuffix("_bucket") not in told_elsewhere
    }

    assert silent == set()
