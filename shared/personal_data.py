"""What each port keeps of people, how it is found there, and what deletes it: the declaration beside every port."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

_DECLARATION = "__personal_data__"

Port = TypeVar("Port")


class Deleted(StrEnum):
    """What deletes personal data from where a port keeps it."""

    WITH_ITS_CONVERSATION = "with its conversation"
    BY_DELIVERY = "by its delivery"
    BY_AGE = "by its age"
    BY_NOTHING = "by nothing"


@dataclass(frozen=True)
class PersonalData:
    """What a port keeps of people, by what a customer's part of it is found, and what deletes that.

    `stays` says what the deletion leaves; empty: nothing.
    """

    what: str
    found_by: str
    deleted: Deleted
    stays: str = ""


def keeps(what: str, *, found_by: str, deleted: Deleted, stays: str = "") -> Callable[[Port], Port]:
    """Declare, beside a port, what its adapters keep of people."""
    declaration = PersonalData(what, found_by, deleted, stays)

    def declare(port: Port) -> Port:
        setattr(port, _DECLARATION, declaration)
        return port

    return declare


def declared(port: type) -> PersonalData | None:
    """What the port declares; None if it declares nothing."""
    found: PersonalData | None = vars(port).get(_DECLARATION)
    return found
