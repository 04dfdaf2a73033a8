"""The scan of all logs sees each seed, however it came there, and nothing else; a test that lets one through fails."""

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.broken_copy import Edit, broken_copy, run_module
from tests.log_scan import LogScan, seeds_in
from tests.seeds import SEEDS

Log = Callable[[logging.Logger, str], None]


def _with_an_exception(logger: logging.Logger, seed: str) -> None:
    try:
        try:
            raise KeyError(seed)
        except KeyError as cause:
            raise ValueError("cannot be read") from cause
    except ValueError:
        logger.exception("failed")


PLACES: dict[str, Log] = {
    "the message": lambda logger, seed: logger.info("got " + seed),  # noqa: G003  # what nobody should do
    "an argument": lambda logger, seed: logger.debug("got %s", seed),
    "a member of an argument": lambda logger, seed: logger.debug("got %s", {"text": seed}),
    "an argument that is not shown": lambda logger, seed: logger.debug("got %.1s", seed),
    "bytes": lambda logger, seed: logger.warning("got %r", seed.encode()),
    "JSON": lambda logger, seed: logger.warning("got %s", json.dumps([seed])),
    "an address": lambda logger, seed: logger.info("GET %s", httpx.URL("http://localhost/", params={"q": seed})),
    "a member of the record": lambda logger, seed: logger.info("got", extra={"tenant": "contoso", "name_of": seed}),
    "what an exception was caused by": _with_an_exception,
}


@pytest.fixture
def apart() -> tuple[logging.Logger, LogScan]:
    """A logger that no other scan listens to, and a scan that does."""
    logger, scan = logging.Logger("apart", logging.DEBUG), LogScan()  # noqa: LOG001  # one of the tree is heard by all
    logger.addHandler(scan)
    return logger, scan


@pytest.mark.parametrize("place", PLACES)
def test_each_seed_is_found_in_each_place(apart: tuple[logging.Logger, LogScan], place: str) -> None:
    # Given a logger, when each seed comes into a line there
    logger, scan = apart
    found = []
    for seed in SEEDS.values():
        PLACES[place](logger, f"before {seed} after")
        found.append([leak.partition(" is logged by apart (")[0] for leak in scan.found()])
    # Then each is found, by what it is, and the report does not repeat it
    assert found == [[what] for what in SEEDS]


def test_what_is_no_seed_is_not_found(apart: tuple[logging.Logger, LogScan]) -> None:
    logger, scan = apart
    for harmless in ("", "parked an event: too_late", "contoso-chat.webchat.thread-1.1", "customer-1", "CreditCard"):
        logger.warning(harmless, extra={"key": harmless})
    assert scan.found() == []


def test_there_are_ten_seeds_and_none_is_part_of_another() -> None:
    assert len(SEEDS) == 10
    assert [seeds_in(seed) for seed in SEEDS.values()] == [[what] for what in SEEDS]


_DELIVER = "shared/ingress/deliver.py"


@pytest.mark.parametrize(
    ("edit", "test", "found"),
    [
        (
            Edit(_DELIVER, '"parked an event: %s", reason.code', '"parked an event: %s", body'),
            "tests/ingress/test_deliver.py",
            "a customer's text is logged by shared.ingress.deliver",
        ),
        (
            Edit(_DELIVER, "return decode_event(body)", "return decode_event(print(body) or body)"),
            "tests/ingress/test_deliver.py",
            "a customer's name stands in Captured stdout call",
        ),
        (
            Edit("functions/http.py", 'refused a request (%s)", handler.__name__, why)', '%s", why, headers)'),
            "tests/functions/test_access.py::test_a_token_that_expired_says_so",
            "a token is logged by functions.http",
        ),
    ],
    ids=["logged", "printed", "token"],
)
def test_a_line_that_says_too_much_fails_the_test_that_brings_it_about(
    edit: Edit, test: str, found: str, tmp_path: Path
) -> None:
    # Given a copy of the project in which a line of the log says too much
    broken_copy(tmp_path, edit)
    # When a test runs there that expects nothing of logs
    run = run_module(tmp_path, "pytest", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib", test)
    # Then it passes, but its end does not
    assert run.returncode == 1, run.stdout[-2000:]
    assert found in run.stdout
    assert re.search(r"= \d+ passed, \d+ errors? in ", run.stdout), run.stdout[-2000:]
