"""`python -m tools.cost`: the budget test's own counts at dated list prices, and exact sums."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from typer.testing import CliRunner

from local.index import Function, index
from tests.azure.test_budget import BUDGET
from tests.infra.documents import TELEMETRY
from tests.infra.predicted import predicted
from tools.cost.__main__ import cli
from tools.cost.backlog import KEPT_DAYS, TOPIC_MEGABYTES, days_until_full, hours_of_sweeps_until_full
from tools.cost.designs import DESIGNS, every_fact, measured_budget, measured_workload, one_document, patchbay, requests
from tools.cost.evidence import RESTS_ON, choices, dearer_replaces
from tools.cost.prices import list_prices
from tools.cost.table import SIZES, dollars, per_million, total
from tools.cost.workload import SECONDS, Executions, Workload
from tools.cost.zones import always_running, function_groups

ONE = replace(measured_workload(), conversations=1)
MILLION = measured_workload()
TOPIC = "Microsoft.ServiceBus/namespaces/topics"


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


def test_runs_that_come_at_once_share_their_seconds() -> None:
    # given 2.8 million questions, asked at random, or by a sweep of each minute all at once
    questions, sweeps = Decimal(3_800_000), SECONDS / 60
    # when the seconds are added up in which one is answered, then those of sweeps are at most one of each sweep
    assert Executions(questions, bursts=sweeps).busy_seconds() <= sweeps
    assert Executions(questions).busy_seconds() > 30 * sweeps
    # and a sweep that finds nothing to ask takes none
    assert Executions(Decimal(1), bursts=sweeps).busy_seconds() == pytest.approx(1, rel=0.001)


def test_an_instance_works_no_less_than_its_runs_need_of_its_core() -> None:
    # given 10 million runs of 5 ms of a core, when an instance has a quarter of it, then it works 200,000 seconds
    assert Executions(Decimal(10**9)).busy_seconds(Decimal("0.02")) == 20_000_000
    assert Executions(Decimal(10_000_000), bursts=Decimal(1000)).busy_seconds(Decimal("0.02")) == 201_000


def test_every_quantity_says_what_it_rests_on() -> None:
    # given the output, when it is read, then each line of the bill has its evidence there, and each choice its price
    printed = CliRunner().invoke(cli, []).stdout
    for name in patchbay(MILLION).quantities(MILLION):
        assert f"  {list_prices().meters[name].name}: {RESTS_ON[name]}\n" in printed
    for instead, other in choices(MILLION):
        assert f"  {total(DESIGNS[0], other, list_prices()):,.2f}: {instead}\n" in printed
        assert total(DESIGNS[0], other, list_prices()) > total(DESIGNS[0], MILLION, list_prices())


def test_the_audit_is_priced_and_does_not_grow_with_the_traffic() -> None:
    # given a month without the audit, when its logs are reckoned, then the audit is what they have less
    silent, deletions = replace(MILLION, audit_lines=0), replace(MILLION, audited_deletions=True)

    def logs(month: Workload) -> Decimal:
        return patchbay(month).quantities(month)["logs"]

    assert logs(MILLION) - logs(silent) == logs(ONE) - logs(replace(ONE, audit_lines=0)) == 1_000_000
    # and a line for each deletion, which it has not, would be as many as conversations, for the price of the page
    assert logs(deletions) - logs(MILLION) == MILLION.conversations * MILLION.audit_bytes
    more = total(DESIGNS[0], deletions, list_prices()) - total(DESIGNS[0], MILLION, list_prices())
    assert f"another {more:,.2f} $ for each million" in " ".join(TELEMETRY.split())


def test_the_memory_is_an_assumption_beside_which_the_larger_one_stands() -> None:
    printed = CliRunner().invoke(cli, []).stdout
    assert "  memory megabytes: 512\n" in printed
    for size in SIZES:
        for memory, autoscale in product((512, 2048), (False, True)):
            month = replace(MILLION, conversations=size, memory_megabytes=memory, autoscale=autoscale)
            cost = f"{per_million(DESIGNS[0], month, list_prices()):,.2f}"
            kind = "autoscale" if autoscale else "serverless"
            assert re.search(rf"{size:,} a month, {memory:,} MB, {kind} +{re.escape(cost)} ", printed)


@pytest.mark.parametrize(
    ("conversations", "autoscale", "most"), [(1_000_000, False, 250), (10_000_000, False, 175), (10_000_000, True, 140)]
)
def test_a_million_conversations_cost_no_more_than_they_did(conversations: int, most: int, *, autoscale: bool) -> None:
    month = replace(MILLION, conversations=conversations, autoscale=autoscale)
    assert per_million(DESIGNS[0], month, list_prices()) <= most


def test_throughput_is_billed_by_the_busiest_second_of_each_hour() -> None:
    # given a peak of three times the average, beside which a sweep starts timeouts and steps after the end
    small, large = (replace(MILLION, conversations=count, autoscale=True) for count in (100_000, 10_000_000))
    peaks = {month: 3 * float(patchbay(month).request_units / SECONDS) for month in (small, large)}
    # when the month is small, then each hour is billed for both together, in steps of 100
    burst = 100_000 / 43_800 * (0.8 * 10.7 + 11.3 + 22.1)
    expected = math.ceil((peaks[small] + burst) / 100) * 100 * 730
    assert float(patchbay(small).quantities(small)["cosmosThroughput"]) == expected
    # and when it is large, for the maximum that is set for the peak, in steps of 1,000
    expected = math.ceil(peaks[large] / 1000) * 1000 * 730
    assert float(patchbay(large).quantities(large)["cosmosThroughput"]) == expected
    # and for no request unit; a serverless account is billed for these alone
    assert float(patchbay(large).quantities(large)["cosmosRequestUnits"]) == 0
    assert float(patchbay(MILLION).quantities(MILLION)["cosmosThroughput"]) == 0


def test_dearer_replaces_are_those_that_were_measured() -> None:
    # given that a replace costs twice a create on Microsoft's page, and as much as one in the price table
    by_hand = hand_counted(BUDGET, "replaces")
    # when the difference is computed, then it is what the measured replaces cost
    more, cost = dearer_replaces(ONE, list_prices())
    assert float(more) == pytest.approx(by_hand) == pytest.approx(58.2, abs=0.1)
    assert cost == list_prices().meters["cosmosRequestUnits"].dollars(more)


def test_facts_are_paid_for_while_they_are_in_cosmos_and_the_rest_for_the_retention() -> None:
    # given 5,240 bytes for 12 months and 8,600 bytes for 62 days of 730 / 24 = 30.4 in a month
    assert float(patchbay(ONE).stored_bytes) == pytest.approx(5240 * 12 + 8600 * 62 / (730 / 24))
    # and no longer than the retention
    assert float(patchbay(replace(ONE, retention_months=1)).stored_bytes) == 5240 + 8600


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


def test_functions_scale_as_flex_consumption_groups_them() -> None:
    # given the app, when its functions are grouped, then those for HTTP are one group, and each other one is its own
    assert function_groups(index()) == [
        "bot_escalated",
        "conversation_ended",
        "conversation_started",
        "http",
        "inactivity_timeout",
        "message_changed",
        "message_posted",
        "monthly_usage",
        "sweep",
        "unrouted_event",
    ]
    # and one more timer is one more group, one more route is none
    timer = Function("nightly", {"type": "timerTrigger", "name": "timer"}, None)
    route = Function("list_days", {"type": "httpTrigger", "name": "req"}, None)
    assert function_groups([*index(), timer, route]) == sorted([*function_groups(index()), "nightly"])


def test_zones_cost_two_instances_of_each_group_around_the_clock() -> None:
    # given 9 groups and 0.000004 $ for a gigabyte and second
    # when they wait a month of 730 hours, then 9 * 2 instances of 2 GB have waited 18 * 2 * 2,628,000 GB-s
    prices = list_prices()
    assert always_running(9, 2048, prices) == Decimal("378.432")
    # and it is a quarter and twice as much with other instances
    assert always_running(9, 512, prices) == Decimal("94.608")
    assert always_running(9, 4096, prices) == Decimal("756.864")


def test_a_backlog_fits_as_long_as_its_bytes_fill_the_topic() -> None:
    # given 12 lines of 812 bytes, a start of 794, an end of 696, a fifth of an escalation of 822, 3.8 timeouts of 586
    by_hand = 12 * 812 + 794 + 696 + 0.2 * 822 + 3.8 * 586
    # when a million such conversations come in 730 hours, then 5 GiB are full after 5 * 2^30 bytes of them
    days = 5 * 2**30 / (1_000_000 * by_hand) * 730 / 24
    assert float(days_until_full(5120, MILLION, BUDGET)) == pytest.approx(days) == pytest.approx(12.0, abs=0.05)
    assert float(days_until_full(81920, MILLION, BUDGET)) == pytest.approx(16 * days)
    # and larger messages fill it earlier
    larger = json.loads(json.dumps(BUDGET))
    larger["events"]["message.posted"]["busBytes"] = 1624
    assert float(days_until_full(5120, MILLION, larger)) == pytest.approx(days * by_hand / (by_hand + 12 * 812))


def test_every_timeout_that_was_not_taken_is_published_again_each_hour() -> None:
    # given that 64 conversations more are due at each minute's sweep (3.8 million of 43,800 minutes)
    # when the minutes are added up, in each of which a sixtieth of what is due is published, until that fills 5 GiB
    due = minutes = published = 0.0
    while published * 586 < 5 * 2**30:
        minutes, due = minutes + 1, due + 3_800_000 / 43_800
        published += due / 60
    # then it is as late as the formula says, to a minute
    assert minutes / 60 == pytest.approx(float(hours_of_sweeps_until_full(5120, MILLION, BUDGET)), abs=1 / 60)


def test_the_topic_is_as_large_as_it_would_be_deployed_and_messages_wait_as_long() -> None:
    for name, tier in (("dev", "Standard"), ("prod", "Premium")):
        topic = predicted(name).the(TOPIC).properties
        assert (topic["maxSizeInMegabytes"], topic["defaultMessageTimeToLive"]) == (
            TOPIC_MEGABYTES[tier],
            f"P{KEPT_DAYS}D",
        )


def test_a_backlog_that_fits_shorter_than_messages_wait_is_said_to() -> None:
    # given a month whose messages of 12.0 days fit, and one with twice as many
    one, two = (CliRunner().invoke(cli, ["--conversations", count]).stdout for count in ("1000000", "2000000"))
    # when the cost is printed, then the second is said to be shorter than a message waits
    warning = "fewer than the 7 that a message waits"
    assert "hold the messages of 12.0 days;" in one
    assert warning not in one
    assert f"hold the messages of 6.0 days, {warning};" in two
