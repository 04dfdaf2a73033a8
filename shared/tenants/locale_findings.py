"""Findings about locales: a customer's is a tag of BCP 47, so nobody gets messages under another name."""

import re
from collections.abc import Iterable, Iterator

from shared.tenants.configuration import Configuration
from shared.tenants.finding import Finding
from shared.tenants.inactivity_findings import policies

# Longer primary subtags are allowed too, but none was ever registered: what has one is a word, such as english.
_TAG = re.compile(r"([a-z]{2,3}|[xi](?=-))(-[a-z0-9]{1,8})*", re.IGNORECASE | re.ASCII)


def locale_findings(configuration: Configuration) -> Iterator[Finding]:
    """The locales of messages, and for all others, that are no tags."""
    fallback = configuration.fallback_locale
    if not _TAG.fullmatch(fallback):
        yield _finding("fallbackLocale", fallback, ())
    for path, inactivity in policies(configuration):
        for holder, policy in inactivity.policies.items():
            for locale in policy.messages:
                if not _TAG.fullmatch(locale):
                    at = f"{path}.inactivity.{holder}.messages.{locale}"
                    yield _finding(at, locale, [fallback, *policy.messages])


def _finding(path: str, locale: str, others: Iterable[str]) -> Finding:
    meant = _meant(locale, others)
    hint = f"; did you mean {meant!r}?" if meant else ""
    detail = f"{locale!r} is no tag of BCP 47, as customers' locales are, such as en or pt-BR{hint}"
    return Finding(code="locale_malformed", path=path, detail=detail)


def _meant(locale: str, others: Iterable[str]) -> str | None:
    """The tag that a name may stand for: itself with hyphens, or one of the others with which it begins."""
    hyphened = locale.strip().replace("_", "-")
    if _TAG.fullmatch(hyphened):
        return hyphened
    begins = (one for one in others if _TAG.fullmatch(one) and hyphened.casefold().startswith(one.casefold()))
    return next(begins, None)
