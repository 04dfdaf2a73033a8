"""What all wire documents share: camelCase names, strict types, and mistakes that are named by their path."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, dataclass_transform, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from shared.errors import InvalidDocument, InvalidRequest, Mistake, MistakeCode
from shared.strict_json import first_mistakes, join_path, refuse_large

T = TypeVar("T")


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(Field,))
class _Model(BaseModel):
    """A frozen document: camelCase outside, snake_case inside."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        frozen=True,
        strict=True,
        # The content of a document must not reach a log through the error that refuses it.
        hide_input_in_errors=True,
    )

    def to_json(self) -> str:
        """The document as it is on the wire, without members that were never set."""
        return self.model_dump_json(by_alias=True, exclude_unset=True)


class WireModel(_Model, extra="allow"):
    """A document that others write, such as an event: unknown members are kept.

    An unknown member that has the Python name of a field is kept too, but makes the field appear beside it.
    """

    def with_unknown(self, members: Mapping[str, Any]) -> Self:
        """The document with these members that its class does not declare."""
        return self.model_copy(update=members)


Document = TypeVar("Document", bound=WireModel | None)


def without_unknown(document: Document) -> Document:
    """The document with the members alone that its class declares, however many others its sender wrote."""
    if document is None or not document.model_extra:
        return document
    given = document.model_fields_set & type(document).model_fields.keys()
    return type(document)(**{name: getattr(document, name) for name in given})


class ExactModel(_Model, extra="forbid"):
    """A document with exactly the members that its class declares: an unknown one is refused."""


if TYPE_CHECKING:
    # Type checkers compare the changes with the members of the class for the function of this name alone.
    from dataclasses import replace as replace  # noqa: PLC0414  # the alias exports it
else:

    def replace(model: T, /, **changes: Any) -> T:
        """The document or dataclass with some members changed. What was computed from the old members is left out."""
        if not isinstance(model, BaseModel):
            return dataclasses.replace(model, **changes)
        members = type(model).__pydantic_fields__
        if unknown := changes.keys() - members:
            raise TypeError(f"{type(model).__name__} has no member {', '.join(sorted(unknown))}")
        changed = model.model_copy(update=changes)
        values = changed.__dict__
        if len(values) > len(members):
            for computed in values.keys() - members:
                del values[computed]
        return changed


def validate(adapter: TypeAdapter[T], document: Any, error: type[InvalidDocument]) -> T:
    """Turn a document into its model. Raises `error` with the path and the reason of every mistake, up to 100."""
    refuse_large(document, error)
    return validate_json(adapter, json.dumps(document), error)


def validate_json(adapter: TypeAdapter[T], body: str | bytes, error: type[InvalidDocument]) -> T:
    """Turn JSON that `parse_json` reads into its model. Raises `error` as `validate` does."""
    try:
        return adapter.validate_json(body, by_alias=True, by_name=False)
    except ValidationError as cause:
        mistakes = first_mistakes(_mistakes(cause.errors(include_url=False, include_input=False)))
    # Raised without its cause. The cause's traceback refers to a caller that keeps the raised error, and the garbage
    # collector does not see pydantic's part of such a cycle, so the memory would never be freed.
    raise error(mistakes)


def flag_named(member: str, text: str | None) -> bool | None:
    """The value of a query parameter of this name: true, false, or None if it is absent. Raises InvalidRequest."""
    values = {None: None, "true": True, "false": False}
    if text not in values:
        raise InvalidRequest([Mistake(member, "is neither true nor false")])
    return values[text]


def _mistakes(errors: list[ErrorDetails]) -> Iterator[Mistake]:
    """Pydantic's errors as mistakes. A list is not called too short if it is so only without its wrong items."""
    short = {error["loc"] for error in errors if error["type"] == "too_short"}
    with_wrong_items = {
        error["loc"][:length]
        for error in errors
        if short
        for length in range(len(error["loc"]))
        if error["loc"][:length] in short
    }
    return (
        Mistake(join_path(error["loc"]), _reason(error), _CODES.get(error["type"]))
        for error in errors
        if error["type"] != "too_short" or error["loc"] not in with_wrong_items
    )


_CODES: dict[str, MistakeCode] = {code: code for code in get_args(MistakeCode)}


def _reason(error: ErrorDetails) -> str:
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is not known here"
        case "too_short":
            return f"needs at least {error['ctx']['min_length']} item"
        case "bool_type" | "bool_parsing":
            return "should be true or false"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return message[0].lower() + message[1:]
