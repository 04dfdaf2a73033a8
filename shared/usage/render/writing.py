"""How a page writes numbers and dates: by the reader's locale, one of a stated set."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_date, format_interval, format_skeleton, format_time
from babel.numbers import format_compact_decimal, format_decimal, format_percent
from markupsafe import Markup

from shared.errors import InvalidRequest, Mistake
from shared.usage.render.preference import preferred

LOCALES = ("en-GB", "en-US", "de-DE", "es-ES", "fr-FR", "it-IT", "ja-JP", "nl-NL", "pl-PL", "pt-BR", "sv-SE")
"""The locales of pages. The first is the default; of two with one language the first stands for that language."""

_MINUS = "\u2212"
_SIGNED = "+#,##0;-#,##0"


@dataclass(frozen=True)
class Reader:
    """The reader's locale; `named` if the address names it, so that links must name it, too."""

    locale: str
    named: bool = False

    @property
    def query(self) -> str:
        """The query with which links to other pages end."""
        return f"?locale={self.locale}" if self.named else ""


def reader_of(named: str | None, accept_language: str) -> Reader:
    """The reader by `?locale=`, else by `Accept-Language`. Raises InvalidRequest for a locale that is not offered."""
    if named is not None:
        if not (matching := _matching(named.lower())):
            raise InvalidRequest([Mistake("locale", f"is none of {', '.join(LOCALES)}")])
        return Reader(matching[0], named=True)
    matching = [locale for tag in preferred(accept_language) for locale in _matching(tag)]
    return Reader((matching or LOCALES)[0])


def _matching(tag: str) -> list[str]:
    """The locale with this tag (in lower case), else those of its language."""
    exact = [locale for locale in LOCALES if locale.lower() == tag]
    return exact or [locale for locale in LOCALES if locale.split("-")[0] == tag.split("-", maxsplit=1)[0]]


@dataclass(frozen=True)
class Writing:
    """Writes numbers and dates in one locale (such as `de-DE`), moments in one time zone."""

    locale: str
    time_zone: str

    @property
    def _locale(self) -> Locale:
        return Locale.parse(self.locale, sep="-")

    def number(self, number: float) -> str:
        """A number, rounded to a whole one: halves away from zero."""
        whole = Decimal(number).to_integral_value(ROUND_HALF_UP)
        return format_decimal(whole, format="#,##0", locale=self._locale).replace("-", _MINUS)

    def compact(self, number: int) -> str:
        """A number, shortened from 10,000 on: 12K."""
        if abs(number) < 10_000:
            return self.number(number)
        return format_compact_decimal(number, fraction_digits=1, locale=self._locale).replace("-", _MINUS)

    def signed(self, number: int) -> str:
        """A change, with its sign; 0 has none."""
        if number == 0:
            return self.number(0)
        return format_decimal(number, format=_SIGNED, locale=self._locale).replace("-", _MINUS)

    def percent(self, part: float) -> str:
        return format_percent(part, locale=self._locale)

    def numbers(self, low: int, high: int) -> str:
        """A range of numbers."""
        return self.number(low) if low == high else f"{self.number(low)}\u2013{self.number(high)}"

    def day(self, day: date) -> Markup:
        """A date of the page's own month: day and month."""
        return self._time(day.isoformat(), format_skeleton("MMMMd", day, locale=self._locale))

    def short(self, day: date) -> str:
        """The same, with the month abbreviated."""
        return format_skeleton("MMMd", day, locale=self._locale)

    def full(self, day: date) -> Markup:
        """A date of any month."""
        return self._time(day.isoformat(), format_date(day, "medium", locale=self._locale))

    def weekday(self, day: date) -> Markup:
        """A date with its day of the week."""
        return self._time(day.isoformat(), format_skeleton("MMMEd", day, locale=self._locale))

    def days(self, first: date, last: date) -> Markup:
        """A range of dates of one month."""
        if first == last:
            return self.day(first)
        return Markup('<span lang="{}">{}</span>').format(
            self._language, format_interval(first, last, "MMMd", fuzzy=True, locale=self._locale)
        )

    def month(self, month: str) -> Markup:
        """A month (yyyy-mm) by its name."""
        return self._time(month, format_skeleton("yMMMM", date.fromisoformat(f"{month}-01"), locale=self._locale))

    def moment(self, moment: datetime) -> Markup:
        """A moment to the minute, in the time zone."""
        try:
            local = moment.astimezone(ZoneInfo(self.time_zone))
        except OverflowError:  # the last moment of all stays in UTC
            local = moment
        day, time = (
            format_date(local, "medium", locale=self._locale),
            format_time(local.time(), "short", locale=self._locale),
        )
        return self._time(moment.isoformat(), f"{day}, {time}")

    @property
    def _language(self) -> str:
        return self.locale.split("-")[0]

    def _time(self, exact: str, written: str) -> Markup:
        return Markup('<time datetime="{}" lang="{}">{}</time>').format(exact, self._language, written)
