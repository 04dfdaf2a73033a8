"""`python -m tools.cost`: the budget test's own counts at dated list prices, and exact sums."""

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.azure.test_budget import BUDGET
from tools.cost.__main__ import cli
from tools.cost.designs import DESIGNS, every_fact, measured_budget, measured_workload, one_document, patchbay, requests
from tools.cost.prices import list_prices
from tools.cost.table import dollars, total
from tools.cost.workload import SECONDS, Executions

ONE = replace(measured_workload(), conversations=1)


def hand_counted(budget: Mapping[str, Any], figure: str) -> float:
    """A figure of the budget's events for an average conversation, each of whose events comes by an ingress."""
    talk = budget["conversation"]
    share = {"kept": 1 - float(talk["escalated"]), "escalated": float(talk["escalated"])}

    def of(name: str) -> float:
        found = budget["events"][name][figure]
        return float(sum(found.values()) if isinstance(found, dict) else found)

    posted = 1 + float(talk["messages"]) + share["escalated"] + 1
    total = posted * of("an activity at the ingress")
    for name, counts in talk["times"].items():
        total += sum(share[kind] * times for kind, times in counts.items()) * of(name)
    return total


def test_the_cost_has_the_requests_of_the_budget_test() -> None:
    # given the file that the budget test compares its measurement with
    # when the cost counts the requests of a conversation, then they are that file's
    assert float(requests(ONE, measured_budget())) == pytest.approx(hand_counted(BUDGET, "requests"))
    # and what it prices are that file's request units, with the sweeps of a month
    sweeps = float(SECONDS) / ONE.sweep_seconds * (1 + 2.8 * ONE.tenants)
    assert float(patchbay(ONE).request_units) == pytest.approx(hand_counted(BUDGET, "measured") + sweeps)
    # and it prints the number
    printed = CliRunner().invoke(cli, []).stdout
    assert f"requests to Cosmos DB per conversation: {hand_counted(BUDGET, 'requests'):.2f}\n" in printed


def test_another_request_in_the_budget_is_another_request_in_the_cost() -> None:
    # given a budget in which each line asks once more
    more = json.loads(json.dumps(BUDGET))
    more["events"]["message.posted"]["requests"]["conversations.query"] = 1
    # when the requests are counted, then each line has one more
    assert requests(ONE, more) == requests(ONE, BUDGET) + ONE.messages


def test_every_price_says_where_and_when_it_was_read() -> None:
    prices = list_prices()
    assert (prices.currency, prices.looked_up) == ("USD", "2026-11-21")
    for meter in prices.meters.values():
        assert meter.region
        assert meter.date
        assert meter.source
        assert meter.tiers[-1][0] is None


@pytest.mark.parametrize(
    ("operations", "cost"),
    [("12999999", "0"), ("14000000", "0.80"), ("101000000", "70.10"), ("2501000000", "1269.80")],
)
def test_a_tier_is_paid_for_what_lies_in_it(operations: str, cost: str) -> None:
    # given the tiers of Service Bus: 13, 100 and 2,500 million
    meter = list_prices().meters["serviceBusOperations"]
    # when a quantity is priced, then each part has the price of its tier
    assert meter.dollars(Decimal(operations)) == Decimal(cost)


@pytest.mark.parametrize("design", DESIGNS, ids=lambda each: each.name)
def test_a_total_is_the_exact_sum_of_its_meters(design: Any) -> None:
    prices, month = list_prices(), measured_workload()
    costs = dollars(design, month, prices)
    assert total(design, month, prices) == sum(costs.values())
    assert all(cost >= 0 for cost in costs.values())


@pytest.mark.parametrize("count", [1, 1_000_000, 10**9])
def test_instances_are_busy_no_longer_than_their_runs_and_the_month(count: int) -> None:
    busy = Executions(Decimal(count)).busy_seconds()
    assert 0 < busy <= min(Decimal(count), SECONDS)
    assert busy <= Executions(Decimal(count), is_timer=True).busy_seconds()


def test_what_reads_all_that_was_said_grows_faster_than_what_is_said() -> None:
    # given conversations of 60 lines and of 120
    short, long = replace(ONE, messages=60), replace(ONE, messages=120)
    # when the second costs what it costs more than the first, then a line here costs the same, and there ever more
    for naive in (one_document, every_fact):
        first, second = (naive(month).request_units for month in (short, long))
        assert second - first > first - naive(replace(short, messages=0)).request_units
    first, second = (patchbay(month).request_units for month in (short, long))
    assert second - first == first - patchbay(replace(short, messages=0)).request_units


def test_the_table_shows_each_design_and_all_assumptions() -> None:
    # given another month, when the cost is asked for
    result = CliRunner().invoke(cli, ["--conversations", "1000", "--messages", "30", "--memory", "512"])
    # then each design has its column, and what was assumed is printed
    assert result.exit_code == 0
    for design in DESIGNS:
        assert design.name in result.stdout
    for line in ("conversations: 1,000", "messages: 30", "memory megabytes: 512", "retention months: 12"):
        assert f"  {line}\n" in result.stdout
