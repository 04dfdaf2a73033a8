"""Alerts have the names that the runbooks have, and watch what the pipeline tells."""

import re
from typing import Any

import pytest

from shared.metrics import METRICS
from tests.infra.deployment import Deployment, deployed
from tests.infra.templates import INFRA, LARGEST, SMALLEST, SOURCES, largest

PLATFORM_METRICS = {
    "dead-letters": ("Microsoft.ServiceBus/namespaces", "DeadletteredMessages"),
    "throttling": ("Microsoft.DocumentDB/databaseAccounts", "TotalRequests"),
    "throttling-service-bus": ("Microsoft.ServiceBus/namespaces", "ThrottledRequests"),
}
SEARCHES = {
    "month-not-closed": "patchbay.months.obstructed",
    "overdue-attention": "patchbay.attention.overdue",
    "parked-events": "patchbay.events.parked",
}


def metric_alerts(deployment: Deployment) -> dict[str, Any]:
    return {each.name: each.properties for each in deployment.of_type("Microsoft.Insights/metricAlerts")}


def search_alerts(deployment: Deployment) -> dict[str, Any]:
    return {each.name: each.properties for each in deployment.of_type("Microsoft.Insights/scheduledQueryRules")}


def test_each_alert_watches_its_metric_on_the_resource_that_has_it() -> None:
    # given the alerts on metrics of the platform
    deployment = largest()
    alerts = metric_alerts(deployment)
    criteria = {name: each["criteria"]["allOf"][0] for name, each in alerts.items()}
    # then each names its metric, and the resource of that type
    assert {name: (each["metricNamespace"], each["metricName"]) for name, each in criteria.items()} == PLATFORM_METRICS
    for name, (type_, _) in PLATFORM_METRICS.items():
        assert alerts[name]["scopes"] == [f"{deployment.of_type(type_)[0].reference}.id"]
    assert criteria["throttling"]["dimensions"] == [{"name": "StatusCode", "operator": "Include", "values": ["429"]}]


def test_each_search_reads_the_metric_that_it_is_named_for() -> None:
    alerts = search_alerts(largest())
    queries = {name: each["criteria"]["allOf"][0] for name, each in alerts.items()}
    assert {name: re.findall(r'"([a-z._]+)"', each["query"]) for name, each in queries.items()} == {
        name: [metric] for name, metric in SEARCHES.items()
    }
    for each in queries.values():
        assert f" {each['metricMeasureColumn']} = " in each["query"]


@pytest.mark.parametrize("parameters", [SMALLEST, LARGEST], ids=["nobody", "two addresses"])
def test_every_alert_tells_those_who_are_named(parameters: dict[str, Any]) -> None:
    # given a deployment with or without addresses
    deployment = deployed(SOURCES, parameters)
    groups = deployment.of_type("Microsoft.Insights/actionGroups")
    told = [f"{each.reference}.id" for each in groups]
    # then all alerts are enabled, and tell the group where there is one
    for alert in metric_alerts(deployment).values():
        assert alert["enabled"]
        assert [each["actionGroupId"] for each in alert["actions"]] == told
    for alert in search_alerts(deployment).values():
        assert alert["enabled"]
        assert alert["actions"]["actionGroups"] == told
    addresses = [each["emailAddress"] for group in groups for each in group.properties["emailReceivers"]]
    assert addresses == [each for each in parameters.get("alertEmails", "").split(",") if each]


def test_the_workbook_shows_every_metric_and_no_other() -> None:
    names = {each.name for each in METRICS}
    workbook = (INFRA / "workbook.json").read_text(encoding="utf-8")
    assert set(re.findall(r"patchbay\.[a-z_.]+", workbook)) == names
    assert set(SEARCHES.values()) <= names
