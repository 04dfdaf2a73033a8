"""What the wire promises: JSON is read without loss or refused, and every mistake is named by its path."""

import json
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.errors import InvalidActivity, InvalidDocument, InvalidEvent, InvalidRequest, Mistake
from shared.strict_json import MOST_MISTAKES, _parse_carefully, canonical_json, join_path, parse_json
from shared.wire import ExactModel, WireModel, replace, validate
from tests.builders import json_values
from tests.documents import ROOT
from tests.odd_json import ODD, odd_json


class Line(WireModel):
    line_number: int
    text: str | None = None


class Page(ExactModel):
    page_lines: tuple[Line, ...]


PAGE = TypeAdapter(Page)
OWN_CODE = tuple(ROOT / name for name in ("shared", "functions", "local", "tools"))


@given(json_values(), st.booleans())
def test_what_json_can_say_is_read_as_it_is(value: Any, ascii_only: bool) -> None:
    # given a document as any JSON library writes it, escaped or not
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    # when it is read
    # then it is what was written
    assert parse_json(body, InvalidEvent) == value


@given(st.binary(max_size=200) | json_values().map(lambda value: json.dumps(value).encode()[:-1]))
def test_whatever_bytes_come_they_are_read_or_refused_with_the_asked_error(body: bytes) -> None:
    # given arbitrary bytes, or JSON that breaks off
    # when they are read, then nothing but the error of the ingress comes out; what was read can be written
    try:
        value = parse_json(body, InvalidActivity)
    except InvalidActivity:
        return
    assert canonical_json(value).encode()


WRITTEN = [json.dumps(value).encode() for value in ({"a": [1, {"b": "ü"}], "c": None}, [[], {}, True, "x" * 90])]


@settings(max_examples=1000)
@given(odd_json(WRITTEN) | st.lists(st.sampled_from(ODD), max_size=4).map(b"".join) | st.binary(max_size=20))
def test_a_body_is_read_as_by_the_careful_parser(body: bytes) -> None:
    check_parser(body)


def check_parser(body: bytes, parse: Callable[[bytes, type[InvalidDocument]], Any] = parse_json) -> None:
    # given JSON with what parsers differ in
    # when it is read the usual way, then document or mistakes are those of the parser that looks at every number
    assert outcome(lambda: parse(body, InvalidEvent)) == outcome(
        lambda: _parse_carefully(body, InvalidEvent, unique_members=False)
    )


def outcome(reading: Callable[[], Any]) -> str:
    """The document that is read, or the mistakes. As text, because 1 equals 1.0 and True."""
    try:
        return repr(reading())
    except InvalidDocument as error:
        return f"refused: {error.mistakes}"


def test_a_byte_order_mark_is_skipped() -> None:
    # given a body that begins with a byte order mark
    body = b"\xef\xbb\xbf" + b'{"a": 1}'
    # when it is read, then the mark is no part of it
    assert parse_json(body, InvalidEvent) == {"a": 1}


@pytest.mark.parametrize(
    ("body", "path", "reason"),
    [
        (b"", "", "the body is not JSON: Expecting value"),
        (b"{", "", "the body is not JSON: Expecting property name"),
        (b'{"a": 1}x', "", "the body is not JSON: Extra data"),
        (b"\xef\xbb\xbf\xef\xbb\xbf1", "", "the body is not JSON: "),
        (b'"\xff"', "", "the body is not UTF-8: byte 1"),
        (b'"\xed\xa0\x80"', "", "the body is not UTF-8: byte 1"),
        ('{"a": 1}'.encode("utf-16"), "", "the body is not UTF-8: byte 0"),
        (b"[NaN]", "", "the body is not JSON: NaN is not a JSON number"),
        (b"[-Infinity]", "", "the body is not JSON: -Infinity is not a JSON number"),
        (b"[1e400]", "", "the body is not JSON: 1e400 is out of range"),
        (b"[-1e400]", "", "the body is not JSON: -1e400 is out of range"),
        (b"9" * 401, "", "the body is not JSON: an integer has more than 400 digits"),
        (b"9" * 10_000, "", "the body is not JSON: an integer has more than 400 digits"),
        (b"[" * 50_000, "", "the document is nested more than 64 levels deep"),
        (b"[" * 50_001, "", "the document has more than 50,000 objects and arrays"),
        (b"[" * 300 + b"]" * 300, "", "the document is nested more than 64 levels deep"),
        (rb'"\ud800"', "", "holds a lone surrogate, which is no Unicode text"),
        (rb'{"a": [0, "x\udfff"]}', "a[1]", "holds a lone surrogate, which is no Unicode text"),
        (rb'{"a": {"\ud83d": 1}}', "a", "holds a lone surrogate, which is no Unicode text"),
    ],
)
def test_what_could_not_be_stored_and_written_again_is_refused(body: bytes, path: str, reason: str) -> None:
    # given a body that is no JSON, or that no UTF-8 text or number can hold
    # when it is read
    with pytest.raises(InvalidEvent) as refusal:
        parse_json(body, InvalidEvent)
    # then the refusal says where, and why
    [mistake] = refusal.value.mistakes
    assert mistake.path == path
    assert mistake.reason.startswith(reason)


def test_an_integer_of_400_digits_and_an_escaped_pair_of_surrogates_are_read() -> None:
    # given what is just allowed
    # when it is read, then nothing is lost
    assert parse_json(b"9" * 400, InvalidEvent) == 10**400 - 1
    assert parse_json(rb'"\ud83d\ude00"', InvalidEvent) == "\U0001f600"


def refused_depths(leaf: bytes) -> list[int]:
    """The depths at which a value is refused, also around the depth at which Python's own recursion ends."""
    refused = []
    for depth in range(1, 1100):
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
            try:
                parse_json(opening * depth + leaf + closing * depth, InvalidEvent)
            except InvalidEvent:
                refused.append(depth)
    return refused[::2]


@pytest.mark.parametrize("leaf", [b"1", rb'"\ud83d\ude00"'])
def test_a_document_of_64_levels_is_read_and_no_deeper_one(leaf: bytes) -> None:
    # given a value, or an escaped pair of surrogates, at every depth
    # when it is read, then it is refused exactly where it is nested in more than 64 lists or objects
    assert refused_depths(leaf) == list(range(65, 1100))


def test_a_lone_surrogate_is_refused_at_any_depth() -> None:
    # given a text that no UTF-8 holds at every depth, when it is read, then it is refused
    assert refused_depths(rb'"\ud83d"') == list(range(1, 1100))


@given(json_values())
def test_canonical_json_says_the_same_and_depends_on_the_content_alone(value: Any) -> None:
    # given a document, and the same with its members in the opposite order
    text = canonical_json(value)
    # then the canonical text of both is one, and means the document
    assert json.loads(text) == value
    assert canonical_json(_reversed(value)) == text


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reversed(item) for name, item in reversed(value.items())}
    return [_reversed(item) for item in value] if isinstance(value, list) else value


@given(json_values(), json_values())
def test_different_documents_have_different_canonical_texts(one: Any, other: Any) -> None:
    # given two documents
    # when their canonical texts are equal, then so are they
    assert (canonical_json(one) != canonical_json(other)) or one == other


def test_unknown_members_are_kept_and_unset_ones_stay_away() -> None:
    # given a line with a member that no model knows, and without its optional text
    document = {"lineNumber": 1, "mood": {"x": [None]}, "line_number": 7}
    # when it is read and written
    line = validate(TypeAdapter(Line), document, InvalidEvent)
    # then it is the same again, and a name that is Python's is only another unknown member
    assert json.loads(line.to_json()) == document
    assert line.line_number == 1


def test_an_unknown_member_with_a_pythonic_name_is_kept_beside_the_default() -> None:
    # given a document whose unknown member has the Python name of an optional field
    class Note(WireModel):
        read_by: str | None = None

    note = validate(TypeAdapter(Note), {"read_by": "ana"}, InvalidEvent)
    # when it is written, then it is there, beside the field's default, and reads the same again
    assert json.loads(note.to_json()) == {"read_by": "ana", "readBy": None}
    assert validate(TypeAdapter(Note), json.loads(note.to_json()), InvalidEvent) == note


def test_a_changed_document_has_the_change_and_nothing_that_was_computed_of_the_old_one(
    replace: Callable[..., Any] = replace,
) -> None:
    # given a document that keeps what was computed of it, and a member that nobody knows
    class Said(Line):
        @cached_property
        def shouted(self) -> str:
            return (self.text or "").upper()

    said = validate(TypeAdapter(Said), {"lineNumber": 1, "text": "hello", "mood": "x"}, InvalidEvent)
    assert said.shouted == "HELLO"
    # when a member is changed
    changed = replace(said, text="bye")
    # then all that follows from it is new, all else is kept, and the old document is as it was
    assert changed.shouted == "BYE"
    assert json.loads(changed.to_json()) == {"lineNumber": 1, "text": "bye", "mood": "x"}
    assert (said.text, said.shouted) == ("hello", "HELLO")


def test_a_misspelt_member_is_refused_by_name_and_so_is_a_value_of_another_type() -> None:
    # given a document whose members are known
    page = Page(page_lines=())
    # when it is made or changed with a misspelt member, then the error names it
    with pytest.raises(TypeError, match="Page has no member page_linse"):
        replace(page, page_linse=())  # type: ignore[call-arg]  # mypy must refuse it, or this comment is its error
    with pytest.raises(ValidationError, match="pageLinse"):
        Page(page_lines=(), pageLinse=())  # type: ignore[call-arg]  # as above
    # and mypy refuses what is no list of lines, which nothing checks at run time
    assert replace(page, page_lines=5) != page  # type: ignore[arg-type]  # as above


def test_documents_are_changed_where_a_misspelt_member_is_noticed(folders: Sequence[Path] = OWN_CODE) -> None:
    # given all code that is deployed or run, but the module that says how documents are changed
    modules = [module for folder in folders for module in folder.rglob("*.py") if module != ROOT / "shared/wire.py"]
    # when it is searched for the copies whose changes nobody checks, then there is none
    assert [module.name for module in modules if ".model_copy(" in module.read_text(encoding="utf-8")] == []


def test_only_what_others_write_may_have_unknown_members(base: type[Any] = WireModel) -> None:
    # given every class of documents that keep unknown members, in all that a pipeline consists of
    import_module("shared.bootstrap")
    # then all of them are events, or parts of events
    found = {module for module in rooms_of(base) if module.startswith("shared.")}
    assert found == {"shared.events"}


def rooms_of(base: type[Any]) -> set[str]:
    """The rooms in which a class is derived from this one."""
    return {".".join(each.__module__.split(".")[:2]) for each in base.__subclasses__()}.union(
        *(rooms_of(each) for each in base.__subclasses__())
    )


@pytest.mark.parametrize(
    ("document", "mistakes"),
    [
        ([], {("", "should be an object")}),
        ({}, {("pageLines", "is missing")}),
        ({"page_lines": []}, {("pageLines", "is missing"), ("page_lines", "is not known here")}),
        ({"pageLines": {}}, {("pageLines", "should be a valid array")}),
        (
            {"pageLines": [{"lineNumber": 1}, {"lineNumber": "1"}, {"text": 5}], "foot": 1},
            {
                ("pageLines[1].lineNumber", "should be a valid integer"),
                ("pageLines[2].lineNumber", "is missing"),
                ("pageLines[2].text", "should be a valid string"),
                ("foot", "is not known here"),
            },
        ),
        ({"pageLines": [{"lineNumber": 1.0}]}, {("pageLines[0].lineNumber", "should be a valid integer")}),
        ({"pageLines": [{"lineNumber": True}]}, {("pageLines[0].lineNumber", "should be a valid integer")}),
    ],
)
def test_every_mistake_is_named_by_its_path(document: Any, mistakes: set[tuple[str, str]]) -> None:
    # given a document with mistakes
    # when it is validated
    with pytest.raises(InvalidRequest) as refusal:
        validate(PAGE, document, InvalidRequest)
    # then all of them are named, each where it stands
    assert {(mistake.path, mistake.reason) for mistake in refusal.value.mistakes} == mistakes


@pytest.mark.parametrize(
    ("parts", "path"),
    [
        ((), ""),
        (("rules", 0, "when"), "rules[0].when"),
        (("when", "(all)", "all", 2, "(comparison)", "value"), "when.all[2].value"),
        ((3, "id"), "[3].id"),
        (("(not)",), ""),
    ],
)
def test_paths_read_as_a_sender_writes_them(parts: tuple[int | str, ...], path: str) -> None:
    # given where pydantic found a mistake
    # then the path has indexes in brackets, and no union tags
    assert join_path(parts) == path


def test_of_very_many_mistakes_the_first_hundred_are_named() -> None:
    # Given a short document in which each of 5,000 items is wrong
    with pytest.raises(InvalidEvent) as refused:
        validate(PAGE, {"pageLines": [{}] * 5000}, InvalidEvent)
    # Then its refusal, which is answered, parked and shown, names a hundred of them, and says that there are more
    *named, last = refused.value.mistakes
    assert [one.path for one in named] == [f"pageLines[{n}].lineNumber" for n in range(MOST_MISTAKES)]
    assert last == Mistake("", "there are more mistakes; these are the first 100")
    # and so does one of texts that are none
    with pytest.raises(InvalidEvent) as refused:
        parse_json(b"[" + b'"\\ud800",' * 5000 + b"0]", InvalidEvent)
    assert len(refused.value.mistakes) == MOST_MISTAKES + 1
    # and as many as may be named are all named
    with pytest.raises(InvalidEvent) as refused:
        validate(PAGE, {"pageLines": [{}] * MOST_MISTAKES}, InvalidEvent)
    assert len(refused.value.mistakes) == MOST_MISTAKES


def test_a_refusal_reads_as_one_sentence_per_mistake() -> None:
    # given a refusal with a mistake somewhere and one about the whole
    refusal = InvalidEvent([Mistake("data.text", "should be a valid string"), Mistake("", "subject is missing")])
    # then its detail names both
    assert refusal.detail == "data.text: should be a valid string; subject is missing"
    assert (refusal.code, refusal.status, refusal.retryable) == ("invalid_event", 400, False)
