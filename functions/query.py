"""The query parameters of a request: each is known to its route, stands there once, and has a value."""

from collections import Counter
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

import azure.functions as func

from shared.errors import InvalidRequest, Mistake, UnknownParameter
from shared.near_miss import did_you_mean

_OF_THE_HOST = ("code", "clientId")
"""The Functions host's own: a function key, and which of several keys it is."""


def refuse_query(req: func.HttpRequest, known: Sequence[str]) -> None:
    """Raises UnknownParameter for names that are not known, and InvalidRequest for one without a value or with two.

    `continuation` may be empty: that asks for the first page.
    """
    address = req.url
    if "?" not in address and not req.params:
        return
    pairs = parse_qsl(urlsplit(address).query, keep_blank_values=True)
    given = [name for name, _ in pairs]
    unknown = {*given, *req.params}.difference(known, _OF_THE_HOST)
    if unknown:
        there = f"there are {', '.join(known)}" if known else "there are none here"
        raise UnknownParameter(
            [Mistake(name, f"is no parameter{did_you_mean(name, known)}; {there}") for name in sorted(unknown)]
        )
    # The host would join their values by commas.
    repeated = [name for name, count in Counter(given).items() if count > 1]
    if repeated:
        raise InvalidRequest([Mistake(name, "stands there more than once") for name in repeated])
    # The runtime drops them, so whoever filters by an empty variable would get everything.
    empty = [name for name, value in pairs if not value and name != "continuation" and name in known]
    if empty:
        raise InvalidRequest([Mistake(name, "is empty: say what is asked for, or leave it out") for name in empty])
