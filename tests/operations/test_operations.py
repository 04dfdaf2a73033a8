"""What operators read is there and true: a runbook per alert, a line per setting, commands that exist."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from local.__main__ import cli
from local.index import index
from shared.azure.cosmos.expiry import HOT
from tests.declared_settings import names_of_fields
from tests.documents import CODE, DOCUMENTS, ROOT, coded_rows, make_targets, rows
from tests.infra.predicted import predicted
from tools.cost.__main__ import cli as cost
from tools.cost.backlog import TOPIC_MEGABYTES, days_until_full, hours_of_sweeps_until_full, sent_bytes
from tools.cost.designs import measured_budget, measured_workload, occurrences, patchbay
from tools.cost.prices import list_prices
from tools.cost.workload import HOURS
from tools.cost.zones import INSTANCES, always_running, function_groups

OPERATIONS = ROOT / "docs/operations"
PAGES = sorted(OPERATIONS.rglob("*.md"))
SETTINGS = (OPERATIONS / "settings.md").read_text(encoding="utf-8")

_PLACEHOLDER = re.compile(r'"%([A-Z_]+)%"')
_ENVIRONMENT = re.compile(r'(?:environ\.get\(|environ\[|environ\.setdefault\(|getenv\(|endpoint\()"([A-Z_]+)"')
_BLOCK = re.compile(r"^\s*```\w*\n(.*?)^\s*```", re.MULTILINE | re.DOTALL)
_LOCAL = re.compile(r"python -m local ([a-z-]+)((?:[^\n`#;|&]|\\\n)*)")
_MAKE = re.compile(r"(?:^|[`\s;&(])make ([a-z][a-z-]*)(?=$|[`\s;&)])", re.MULTILINE)


def read_by_code() -> set[str]:
    """Every setting that is read: by the app, by the Functions host for it, and by tests."""
    found = {name for names in names_of_fields() for name in names}
    for folder in ("functions", "shared", "local", "tests"):
        for file in (ROOT / folder).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            found |= set(_ENVIRONMENT.findall(text))
            # Tests have placeholders of their own.
            found |= set() if folder == "tests" else set(_PLACEHOLDER.findall(text))
    return found - {"PATH", "TZ"}


def leaves(document: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """The paths of a document's members that are no objects, with their values."""
    for name, value in document.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{name}.")
        else:
            yield path + name, value


def written_in(text: str) -> set[str]:
    """The codes in the first column of a document's tables."""
    return {code for row in coded_rows(text) for code in CODE.findall(row[0])}


def options() -> dict[str, set[str]]:
    """Each command of `python -m local`, and `tools.cost`, with its options, and its arguments in capitals."""
    commands: Mapping[str, Any] = get_command(cli).commands  # type: ignore[attr-defined]  # a group has commands
    return {
        name: {
            *(one for each in command.params for one in each.opts if one.startswith("--")),
            *((each.metavar or each.name.upper()) for each in command.params if not each.opts[0].startswith("--")),
        }
        for name, command in {**commands, "tools.cost": get_command(cost)}.items()
    }


def unknown_commands(text: str) -> list[str]:
    """Commands of the project that a document quotes and that do not exist, or lack an option that it names."""
    known, quoted = options(), " \n".join([*_BLOCK.findall(text), *CODE.findall(_BLOCK.sub("", text))])
    wrong = []
    for command, rest in _LOCAL.findall(quoted):
        given = set(re.findall(r"(?<!\S)--[a-z-]+", rest))
        if command not in known or given - known[command]:
            wrong.append(f"python -m local {command}{rest}".strip())
    return wrong + [f"make {target}" for target in _MAKE.findall(quoted) if target not in make_targets()]


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    # given the alerts of a deployment
    kinds = ("Microsoft.Insights/metricAlerts", "Microsoft.Insights/scheduledQueryRules")
    alerts = {each.name for kind in kinds for each in predicted("smallest").of_type(kind)}
    # when the runbooks are looked for, then there is one for each, and no other
    assert {file.stem for file in (OPERATIONS / "runbooks").glob("*.md")} == alerts


@pytest.mark.parametrize("runbook", sorted((OPERATIONS / "runbooks").glob("*.md")), ids=lambda file: file.stem)
def test_a_runbook_leads_from_the_symptom_to_the_proof(runbook: Path) -> None:
    text = runbook.read_text(encoding="utf-8")
    assert text.startswith(f"# {runbook.stem}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Symptom", "Meaning", "Look", "Mend", "Verify"]


def test_every_page_is_in_the_index() -> None:
    index = (OPERATIONS / "README.md").read_text(encoding="utf-8")
    for page in PAGES:
        assert page.name == "README.md" or f"({page.relative_to(OPERATIONS)})" in index


def test_every_setting_that_is_read_has_its_line() -> None:
    # given the settings that code reads, and those that the sample sets
    sample = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))["Values"]
    # when the reference is read, then each has a line
    assert {"PATCHBAY_DATABASE", "COSMOS__accountEndpoint", "SWEEP_SCHEDULE", "REQUIRE_ENDPOINTS"} <= read_by_code()
    assert (read_by_code() | set(sample)) - written_in(SETTINGS) == set()


def test_every_member_of_host_json_has_its_line_and_its_value() -> None:
    # given the members of host.json, when the table is read, then it has each with its value, and no others
    host = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    written = {row[0]: row[2] for row in rows(SETTINGS, "host.json")}
    assert written == {f"`{path}`": f"`{value}`" for path, value in leaves(host)}


def test_every_option_of_the_command_line_has_its_line() -> None:
    # given the commands with their options, when the table is read
    for command, known in options().items():
        written = {code for row in coded_rows(SETTINGS) if row[0] == f"`{command}`" for code in CODE.findall(row[1])}
        # then it has each command's own, and no others
        assert written == known, command


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_a_document_quotes_exists(document: Path) -> None:
    assert unknown_commands(document.read_text(encoding="utf-8")) == []


def test_the_figures_of_the_pages_are_those_that_were_measured() -> None:
    # given what a conversation asks for
    month, budget = measured_workload(), measured_budget()
    demand, twice = patchbay(month), patchbay(replace(month, conversations=2 * month.conversations))
    # What the sweep asks for, whatever there is, is no conversation's.
    units = round((twice.request_units - demand.request_units) / month.conversations)
    posted = demand.executions["http"].count / month.conversations
    messages = sum(occurrences(month, budget).values())
    # when the pages are read, then they say so
    scale = (OPERATIONS / "scale.md").read_text(encoding="utf-8")
    assert f"| request units in Cosmos DB | {units} |" in scale
    assert f"| requests to the ingress | {posted:.1f} |" in scale
    assert f"| messages on the bus | {messages:.1f} |" in scale
    stored = budget["conversation"]["storedBytes"]
    assert f"| bytes in Cosmos DB | {stored['cosmos']:,} |" in scale
    assert f"| bytes of facts in Cosmos DB | {stored['facts']:,} | kept for {HOT.days} days" in scale
    assert f"| bytes in the archive | {stored['archive']:,} |" in scale
    throttling = (OPERATIONS / "runbooks/throttling.md").read_text(encoding="utf-8")
    assert f"takes {units} request units" in throttling


def test_the_pages_say_how_long_a_backlog_fits() -> None:
    # given how much the topic holds, and how many bytes a conversation has there
    month, budget = measured_workload(), measured_budget()
    standard, premium = TOPIC_MEGABYTES["Standard"], TOPIC_MEGABYTES["Premium"]

    def days(megabytes: int, a_minute: int) -> Decimal:
        return days_until_full(megabytes, replace(month, conversations=a_minute * 60 * HOURS), budget)

    # when the pages are read, then they say after which time the topic is full
    scale, deploy = ((OPERATIONS / name).read_text(encoding="utf-8") for name in ("scale.md", "deploy.md"))
    million, large = (days_until_full(megabytes, month, budget) for megabytes in (standard, premium))
    assert f"| bytes on the bus | {sent_bytes(month, budget):,.0f} |" in scale
    assert f"| 10 | {days(standard, 10):.0f} days | {days(premium, 10):.0f} days |" in scale
    assert f"| 23, a million a month | {million:.0f} days | {large:.0f} days |" in scale
    assert f"| 1,000 | | {days(premium, 1000):.1f} days |" in scale
    assert f"| 50,000 | | {days(premium, 50_000) * 24:.1f} hours |" in scale
    assert f"fit up to {million / 7:.1f} million conversations a month" in scale
    hours = (hours_of_sweeps_until_full(megabytes, month, budget) for megabytes in (standard, premium))
    assert "5 GB in {:.0f} hours, and 80 GB in {:.0f} hours".format(*hours) in scale
    assert f"5 GB are full after {million:.0f}\ndays" in deploy


def test_the_pages_say_what_zones_cost() -> None:
    # given the groups of functions, when the pages are read, then they say what two instances of each cost
    groups = len(function_groups(index()))
    costs = (f"{always_running(groups, memory, list_prices()):.0f} $ at {memory:,} MB" for memory in (512, 2048, 4096))
    deploy = (OPERATIONS / "deploy.md").read_text(encoding="utf-8")
    scale = (OPERATIONS / "scale.md").read_text(encoding="utf-8")
    assert f"| `zoneRedundantApp` | {', '.join(costs)}: two instances of each of the ten function groups" in deploy
    assert (groups, INSTANCES) == (10, 2)
    assert f"these are {groups * INSTANCES}, two for each of the ten groups" in scale


def test_what_is_missing_or_made_up_is_noticed() -> None:
    # given documents that quote what does not exist
    made_up = "`make fly` and `.venv/bin/python -m local start --wings`\n```sh\n.venv/bin/python -m local dance\n```\n"
    # when they are read, then what is wrong is named
    assert unknown_commands(made_up) == ["python -m local dance", "python -m local start --wings", "make fly"]
    assert unknown_commands("`make start` makes it; `python -m local start --port 7071`") == []
    assert dict(leaves({"a": {"b": 1}, "c": 2})) == {"a.b": 1, "c": 2}
