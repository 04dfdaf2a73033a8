"""Every port that keeps something of people says what, how it is found, and what deletes it; so does the page."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import shared
from shared.personal_data import PersonalData, declared
from tests.documents import ROOT, rows

ADAPTERS = ("shared.azure", "shared.embedded")


def classes_of(prefixes: Sequence[str]) -> Iterator[type]:
    """The classes that the modules of these packages define."""
    for found in pkgutil.walk_packages(shared.__path__, "shared."):
        if found.name.startswith(tuple(prefixes)):
            module = importlib.import_module(found.name)
            yield from (each for each in vars(module).values() if _is_own(each, found.name))


def _is_own(each: Any, module: str) -> bool:
    return inspect.isclass(each) and each.__module__ == module


def is_port(each: type) -> bool:
    """True if the class is a Protocol with methods, and no adapter's own."""
    return Protocol in each.__bases__ and bool(methods(each)) and not each.__module__.startswith(ADAPTERS)


def methods(each: type) -> dict[str, list[str]]:
    """The parameters of a class's public methods, by name."""
    found = inspect.getmembers(each, inspect.isfunction)
    return {name: list(inspect.signature(method).parameters) for name, method in found if not name.startswith("_")}


def kept_ports(candidates: Sequence[type], adapters: Sequence[type]) -> list[type]:
    """The ports that an adapter to a store, a bus or a folder implements."""
    offered = [methods(each) for each in adapters]
    return [
        each
        for each in candidates
        if is_port(each) and any(methods(each).items() <= adapter.items() for adapter in offered)
    ]


PORTS = kept_ports(list(classes_of(["shared."])), list(classes_of(ADAPTERS)))


def test_every_port_with_a_store_behind_it_declares_what_it_keeps_of_people() -> None:
    # given the ports that an adapter on Azure's services or on SQLite implements
    names = {each.__name__ for each in PORTS}
    assert {"ConversationStore", "Archive", "Overflow", "ParkedEvents", "EventPublisher", "Rows"} <= names
    # then each declares what it keeps of people, and what deletes it
    assert [each.__name__ for each in PORTS if declared(each) is None] == []


def test_a_port_that_declares_nothing_is_noticed() -> None:
    # given a port, and an adapter of it
    class Photos(Protocol):
        async def put(self, tenant_id: str, key: str, photo: bytes) -> None: ...

    class FolderOfPhotos:
        async def put(self, tenant_id: str, key: str, photo: bytes) -> None: ...

    class OtherPhotos:
        async def put(self, tenant_id: str, name: str) -> None: ...

    # when the ports are searched for, then it is among them, and has no declaration
    (found,) = kept_ports([Photos], [OtherPhotos, FolderOfPhotos])
    assert declared(found) is None
    # and one that nothing implements needs none
    assert kept_ports([Photos], [OtherPhotos]) == []


def test_the_page_says_what_the_ports_declare() -> None:
    # given the page's table, when it is compared with the declarations, then they are the same
    page = (ROOT / "docs/privacy.md").read_text(encoding="utf-8")
    told = {name.strip("`"): cells for name, *cells in rows(page, "What each port keeps")}
    assert told == {each.__name__: _cells(declared(each)) for each in PORTS}


def _cells(data: PersonalData | None) -> list[str]:
    assert data is not None
    return [data.what, data.found_by, data.deleted.value, data.stays]
