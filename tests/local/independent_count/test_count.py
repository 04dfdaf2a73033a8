"""The count: apart from the pipeline, the same in every order, and aware of every single post."""

import ast
import json
import random
from collections.abc import Sequence
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import pytest

import local.sample
from local.demo_figures import ROWS
from local.independent_count.count import EXAMPLES, TENANTS, count_sample
from local.independent_count.figures import Settled, Usage, digest
from local.sample.post import EVENT, Post
from local.sample.traffic import SampleMonth, sample_month
from local.sample.year_end import YearEnd
from shared.events.envelope import parse_time
from tests.local.sample.months import MONTH, SEED

ROOT = Path(local.sample.__file__).parent
THIN = sample_month(SEED, thin=1000)


def imported(file: Path) -> set[str]:
    """The modules that a file imports."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    named = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return named | {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}


@pytest.mark.parametrize("file", sorted(ROOT.glob("*.py")), ids=lambda file: file.stem)
def test_nothing_of_the_sample_shares_code_with_the_pipeline(file: Path) -> None:
    assert not [name for name in imported(file) if name.split(".")[0] in ("shared", "functions", "azure")]


def test_counts_the_tenants_of_the_examples() -> None:
    assert sorted(path.stem for path in EXAMPLES.glob("*.yaml")) == list(TENANTS)


def test_each_tenant_uses_its_entitlement_in_another_way() -> None:
    # When the month is counted
    found = count_sample(MONTH(SEED))

    # Then contoso stays within it, the others go beyond, and each has sessions in the months beside October
    assert found.usage == {
        ("contoso", "2026-09"): Usage(1, 0, 0, 200, 0),
        ("contoso", "2026-10"): Usage(185, 16, 18, 200, 0),
        ("contoso", "2026-11"): Usage(2, 0, 0, 200, 0),
        ("fabrikam", "2026-09"): Usage(1, 0, 0, 50, 0),
        ("fabrikam", "2026-10"): Usage(188, 21, 20, 50, 138),
        ("fabrikam", "2026-11"): Usage(2, 0, 0, 150, 0),
        ("northwind", "2026-09"): Usage(1, 0, 0, 400, 0),
        ("northwind", "2026-10"): Usage(961, 44, 27, 700, 261),
        ("northwind", "2026-11"): Usage(6, 0, 0, 700, 0),
    }
    # and the corrections change what was read before them, in both directions
    october = {tenant: found.usage[tenant, "2026-10"].sessions for tenant in TENANTS}
    november = {tenant: found.usage[tenant, "2026-11"].sessions for tenant in TENANTS}
    assert {tenant: found.first_read[tenant, "2026-10"] for tenant in TENANTS} == {
        "contoso": october["contoso"] - 4,
        "fabrikam": october["fabrikam"] - 5,
        "northwind": october["northwind"] - 8,
    }
    assert {tenant: found.first_read[tenant, "2026-11"] for tenant in TENANTS} != november


def test_the_year_end_makes_december_due_both_ways_and_takes_nothing_of_januarys_pool() -> None:
    # When the year end is counted
    found = count_sample(THIN).year_end

    # Then December is invoiced as it was known when it closed
    assert {key: one for key, one in found.items() if key[1] == "2026-12"} == {
        ("contoso", "2026-12"): Settled(200, 200, 0, 0, 0, 0),
        ("fabrikam", "2026-12"): Settled(151, 150, 1, 0, 1, 1),
        ("northwind", "2026-12"): Settled(2, 700, 0, 0, 0, 0),
    }
    # and January has two sessions, a pool that no late one uses, and what late events make of December's own pool
    assert {key: one for key, one in found.items() if key[1] == "2027-01"} == {
        ("contoso", "2027-01"): Settled(2, 200, 0, 1, 1, 1),
        ("fabrikam", "2027-01"): Settled(2, 150, 0, 0, 0, 0),
        ("northwind", "2027-01"): Settled(2, 700, 0, 0, 0, 0),
    }
    # and without the late posts nothing is due
    timely = tuple(post for post in THIN.year_end.posts if post.at <= THIN.year_end.closed)
    closed = count_sample(replace(THIN, year_end=YearEnd((*timely, *_of_january(THIN))))).year_end
    assert {one.due for one in closed.values()} == {0}


def _of_january(month: SampleMonth) -> list[Post]:
    """The posts of the year end about January."""
    late = [post for post in month.year_end.posts if post.at > month.year_end.closed]
    return [post for post in late if b'"time": "2027-01' in post.body]


def test_the_readme_shows_what_is_counted() -> None:
    # Given the rows of the tables that the README shows, and the month that `make demo` plays
    lines = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in lines]
    found = count_sample(MONTH(SEED))

    # Then each figure of the month stands there
    for key, usage in found.usage.items():
        row = (*key, found.first_read[key], usage.sessions, *astuple(usage))
        assert [str(cell) for cell in row] in rows
    for name in {name for tenant, name in found.others if tenant in TENANTS}:
        figures = [found.others[tenant, name] for tenant in TENANTS if (tenant, name) in found.others]
        [shown] = [line.split("  ") for line in lines if line.startswith(f"{ROWS.get(name, name)}  ")]
        assert sorted(cell.strip() for cell in shown[1:] if cell) == sorted(map(str, figures))
    for tenant, name in {key for key in found.others if key[0] not in TENANTS}:
        assert f"{tenant}, which is no tenant: {name}: {found.others[tenant, name]}" in lines


def test_count_is_the_same_in_every_order_and_number() -> None:
    # Given the month's posts twice, shuffled
    twice = THIN.posts * 2
    shuffled = random.Random(SEED).sample(twice, len(twice))

    # Then their count is that of the posts in order, but for what is refused each time
    whole, again = count_sample(THIN), count_sample(SampleMonth(tuple(shuffled)))
    assert (again.first_read, again.usage) == (whole.first_read, whole.usage)
    twice_refused = {key: 2 * int(n) if key[1].startswith("refused") else n for key, n in whole.others.items()}
    assert again.others == twice_refused


def test_every_word_escalation_or_end_that_is_lost_changes_a_figure() -> None:
    # Given posts of such things that are made once
    whole = count_sample(THIN)
    bodies = [post.body for post in THIN.posts]
    single = [post for post in THIN.posts if bodies.count(post.body) == 1 and _says_something(post)]

    # When any of some of them is lost, then a figure is another one
    for post in random.Random(SEED).sample(single, 20):
        rest = tuple(other for other in THIN.posts if other is not post)
        assert count_sample(SampleMonth(rest)) != whole, post.body


def test_a_line_that_is_recorded_twice_changes_a_figure() -> None:
    # Given a line of a batch or an event that comes once more, under an id of its own
    line = next(post for post in THIN.posts if b'"message.posted"' in post.body and not post.refused)
    document = json.loads(line.body)
    for event in document if isinstance(document, list) else [document]:
        event["id"] += "-again"
    doubled = replace(line, body=json.dumps(document).encode())

    # When it is counted, then a figure is another one
    assert count_sample(SampleMonth((*THIN.posts, doubled))) != count_sample(THIN)


def test_a_text_that_comes_back_normalized_changes_the_digest() -> None:
    assert digest(["cafe\u0301"]) != digest(["caf\u00e9"])
    assert digest(["a", None]) == digest([None, "a"])


def test_smart_assist_and_people_alone_are_not_counted() -> None:
    # Given a conversation that began with people, and what was said in it
    start = {
        "channel": {"accountId": "contoso-app", "channelId": "app"},
        "contextVariables": {"BotHandoffTopic": "CreditCard"},
    }
    assistant, bot = {"role": "bot", "id": "b", "smartAssist": True}, {"role": "bot", "id": "b"}
    begun = posted("conversation.started", start, "2026-10-05T10:00:00Z")
    assisted = posted("message.posted", {"author": assistant}, "2026-10-05T10:01:00Z")
    spoken = posted("message.posted", {"author": bot}, "2026-10-05T10:02:00Z")

    # Then it does not count for the one reason or the other, until a bot speaks itself
    assert counted([begun]) == Usage(0, 1, 0, 200, 0)
    assert counted([begun, assisted]) == Usage(0, 0, 1, 200, 0)
    assert counted([begun, assisted, spoken]) == Usage(1, 0, 0, 200, 0)


def _says_something(post: Post) -> bool:
    """Whether it is more than noise, or a start, without which people may go on all the same."""
    unsaid = (b'"typing"', b'"messageReaction"', b'"webchat/join"', b'"conversationUpdate"', b'"conversation.started"')
    return not any(kind in post.body for kind in unsaid)


def counted(posts: Sequence[Post]) -> Usage:
    """The usage of contoso's October."""
    return count_sample(SampleMonth(tuple(posts))).usage["contoso", "2026-10"]


def posted(kind: str, data: dict[str, Any], time: str) -> Post:
    """A single CloudEvent of one conversation of contoso, as far as the count reads it."""
    event = {"id": f"{kind} {time}", "tenantid": "contoso", "type": kind, "subject": "c1", "time": time, "data": data}
    return Post("/api/tenants/contoso/events", EVENT, json.dumps(event).encode(), parse_time(time))
