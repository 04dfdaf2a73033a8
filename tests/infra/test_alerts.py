"""Alerts have the names that the runbooks have, and watch what the pipeline tells."""

import re
from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from shared.metrics import METRICS
from tests.infra.predicted import INFRA, Deployment, predicted, search_alerts

PLATFORM_METRICS = {
    "dead-letters": ("Microsoft.ServiceBus/namespaces", "DeadletteredMessages"),
    "throttling": ("Microsoft.DocumentDB/databaseAccounts", "TotalRequests"),
    "throttling-service-bus": ("Microsoft.ServiceBus/namespaces", "ThrottledRequests"),
}
SEARCHES = {
    "month-not-closed": "patchbay.months.obstructed",
    "overdue-attention": "patchbay.attention.overdue",
    "parked-effects": "patchbay.effects.parked",
    "parked-events": "patchbay.events.parked",
}


def metric_alerts(deployment: Deployment) -> dict[str, Any]:
    return {each.name: each.properties for each in deployment.of_type("Microsoft.Insights/metricAlerts")}


def test_each_alert_watches_its_metric_on_the_resource_that_has_it() -> None:
    # given the alerts on metrics of the platform
    deployment = predicted("everything")
    alerts = metric_alerts(deployment)
    criteria = {name: each["criteria"]["allOf"][0] for name, each in alerts.items()}
    # then each names its metric, and the resource of that type
    assert {name: (each["metricNamespace"], each["metricName"]) for name, each in criteria.items()} == PLATFORM_METRICS
    for name, (type_, _) in PLATFORM_METRICS.items():
        assert alerts[name]["scopes"] == [deployment.the(type_).id]
    assert criteria["throttling"]["dimensions"] == [{"name": "StatusCode", "operator": "Include", "values": ["429"]}]


def test_each_search_reads_the_metric_that_it_is_named_for() -> None:
    alerts = search_alerts(predicted("everything"))
    queries = {name: each["criteria"]["allOf"][0] for name, each in alerts.items()}
    assert {name: re.findall(r'"([a-z._]+)"', each["query"]) for name, each in queries.items()} == {
        name: [metric] for name, metric in SEARCHES.items()
    }


def searches_of_less_than_two_periods(deployment: Deployment) -> list[str]:
    """Searches that look back for less than twice their period: what comes late would be seen by none."""
    seconds = TypeAdapter(timedelta).validate_python
    return [
        name
        for name, each in search_alerts(deployment).items()
        if seconds(each["windowSize"]) < 2 * seconds(each["evaluationFrequency"])
    ]


def test_each_search_looks_at_twice_its_period_since_metrics_come_late() -> None:
    assert searches_of_less_than_two_periods(predicted("everything")) == []


@pytest.mark.parametrize(
    ("name", "addresses"), [("smallest", []), ("everything", ["one@example.org", "two@example.org"])]
)
def test_every_alert_tells_those_who_are_named(name: str, addresses: list[str]) -> None:
    # given a deployment with or without addresses
    deployment = predicted(name)
    groups = deployment.of_type("Microsoft.Insights/actionGroups")
    told = [each.id for each in groups]
    # then all alerts are enabled, and tell the group where there is one
    for alert in metric_alerts(deployment).values():
        assert alert["enabled"]
        assert [each["actionGroupId"] for each in alert["actions"]] == told
    for alert in search_alerts(deployment).values():
        assert alert["enabled"]
        assert alert["actions"]["actionGroups"] == told
    assert [each["emailAddress"] for group in groups for each in group.properties["emailReceivers"]] == addresses


def test_the_workbook_shows_every_metric_and_no_other() -> None:
    names = {each.name for each in METRICS}
    workbook = (INFRA / "workbook.json").read_text(encoding="utf-8")
    assert set(re.findall(r"patchbay\.[a-z_.]+", workbook)) == names
    assert set(SEARCHES.values()) <= names
