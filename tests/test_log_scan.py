"""The scan of all logs sees each seed, however it came there, and nothing else; a test that lets one through fails."""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest

from tests.documents import ROOT
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
    for harmless in ("", "parked an event: too_late", "contoso-chat.webchat.0f3a.1", "contoso-bot", "CreditCard"):
        logger.warning(harmless, extra={"key": harmless})
    assert scan.found() == []


def test_there_are_thirteen_seeds_and_none_is_part_of_another() -> None:
    assert len(SEEDS) == 13
    assert [seeds_in(seed) for seed in SEEDS.values()] == [[what] for what in SEEDS]


def test_a_line_that_says_too_much_fails_the_test_that_brings_it_about() -> None:
    # Given tests that expect nothing of logs, and use cases in which a line says too much
    options = ("-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib")
    command = [sys.executable, "-m", "pytest", *options, "tests/saying_too_much.py"]
    # When they run
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    # Then each of them passes, but its end does not
    assert run.returncode == 1, run.stdout[-2000:]
    assert re.search(r"= 3 passed, 3 errors in ", run.stdout), run.stdout[-2000:]
    ends = re.split(r"^_+ ERROR at teardown of (\w+) _+$", run.stdout, flags=re.MULTILINE)
    found = dict(zip(ends[1::2], ends[2::2], strict=True))
    assert "a customer's text is logged by shared.ingress.deliver" in found["test_a_body_is_logged"]
    assert "a customer's name stands in Captured stdout call" in found["test_a_body_is_printed"]
    assert "a token is logged by functions.http" in found["test_a_token_is_logged"]
