"""What the explanation adds where a reader would ask again."""

from shared.routing.explain import explain
from shared.routing.work_stream import Member, Queue
from tests.builders import TEN, contoso, given_value, small
from tests.routing.routed import routed


def test_of_a_value_that_cannot_be_used_it_is_said_what_it_is_and_why_nothing_is_known() -> None:
    # given an age as text
    assignments = {**given_value("BotHandoffTopic", "HomeLoan"), **given_value("Age", "17")}
    stream = contoso().work_streams[0]
    # when the rules run, then the sentence says that the rule about it is unknown, and why
    sentences = explain(routed(stream, contoso().queues, assignments))
    assert sentences[4] == (
        "Rule 3, HomeLoanRule, did not match, because it is unknown whether Age is less than 18 "
        f'(it is "17", set by bot contoso-bot at {TEN}; '
        "Age is declared as number, and its value is not a whole number)."
    )


def test_an_operator_that_cannot_compare_a_value_says_so() -> None:
    # given a rule that compares a text as if it were a number
    rule = {"name": "R", "when": {"not": {"variable": "Topic", "operator": "lessThan", "value": 18}}, "queue": "Q"}
    configuration = small(work_streams=[{**_document(), "rules": [rule]}])
    # when the rules run, then the sentence says which values the operator compares
    sentences = explain(routed(configuration.work_streams[0], configuration.queues, given_value("Topic", "17")))
    assert sentences[2] == (
        "Rule 1, R, did not match, because it is unknown whether Topic is less than 18 "
        f'(it is "17", set by bot contoso-bot at {TEN}; lessThan compares whole numbers only).'
    )


def test_a_bot_that_comes_after_a_human_is_named_with_both_capacities() -> None:
    # given a queue whose bot has less capacity than its human
    queue = Queue(id="Q", members=(Member(bot="b1", capacity=3), Member(agent="ana", capacity=4)))
    # when a conversation comes there, then the usual mistake is visible
    sentences = explain(routed(small().work_streams[0], [*small().queues, queue], {}))
    assert sentences[-1] == (
        "It is open there until a human takes it: a human's capacity of 4 comes before bot b1's 3."
    )


def test_a_work_stream_without_rules_says_so() -> None:
    stream = small().work_streams[0].model_copy(update={"rules": ()})
    assert explain(routed(stream, small().queues, {}))[1] == ("Work stream W has no rules (configuration version 1).")


def test_a_group_inside_a_group_stands_in_brackets() -> None:
    # given a rule with a group inside another
    condition = {
        "any": [
            {"all": [{"variable": "Topic", "operator": "hasData"}, {"variable": "Age", "operator": "hasNoData"}]},
            {"variable": "Age", "operator": "hasNoData"},
        ]
    }
    rule = {"name": "R", "when": condition, "queue": "Q"}
    stream = {**_document(), "rules": [rule]}
    configuration = small(work_streams=[stream])
    # when it matches for two reasons, then it is clear what belongs together
    sentences = explain(routed(configuration.work_streams[0], configuration.queues, given_value("Topic", "x")))
    assert "[Topic has data (it is " in sentences[2]
    assert "and Age has no data]; Age has no data." in sentences[2]


def _document() -> dict[str, object]:
    variables = [{"name": "Topic", "type": "text"}, {"name": "Age", "type": "number"}]
    return {"id": "W", "mode": "push", "fallbackQueue": "Q", "contextVariables": variables}
