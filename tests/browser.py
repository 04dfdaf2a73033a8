"""A real browser for tests of pages: a Chromium of this machine, without a window.

`CHROMIUM` names it, else it is looked for. Where there is none, tests of pages are skipped, or fail where
`REQUIRE_ENDPOINTS=1`. The test answers its requests, so nothing leaves the machine.
"""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, async_playwright

ORIGIN = "http://patchbay.test"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")


@dataclass(frozen=True)
class Answer:
    """The answer to a request of the browser."""

    body: str | bytes
    headers: Mapping[str, str]
    status: int = 200


Answering = Callable[[str, Mapping[str, str]], Awaitable[Answer]]
"""Answers a request, given its path with its query, and its headers."""


@dataclass(frozen=True)
class Visit:
    """A page that was opened; `complaints` are the browser's messages about it (such as what a policy blocked)."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def chromium_path() -> str | None:
    """The path of the browser's program."""
    named = os.environ.get("CHROMIUM")
    return named or next((path for name in _NAMES if (path := shutil.which(name))), None)


def fonts_of(folder: Path, configuration: Path) -> dict[str, str]:
    """The environment of a browser that has the folder's fonts and no others; the configuration is written for it."""
    configuration.write_text(
        f"<fontconfig><include ignore_missing='yes'>/etc/fonts/conf.d</include><dir>{folder}</dir>"
        f"<cachedir>{configuration.parent}</cachedir></fontconfig>",
        encoding="utf-8",
    )
    return {"FONTCONFIG_FILE": str(configuration)}


@asynccontextmanager
async def chromium(environment: Mapping[str, str] | None = None) -> AsyncIterator[Browser]:
    """The browser, for a test: skips it, or fails it, where there is none. `environment` is added to this process's."""
    path = chromium_path()
    if path is None:
        why = "there is no Chromium on this machine: install one, or name it in CHROMIUM"
        if os.environ.get("REQUIRE_ENDPOINTS") == "1":
            pytest.fail(why)
        pytest.skip(why)
    async with async_playwright() as driver:
        # It loads only what tests answer, so it does not need its sandbox, which root may not have.
        browser = await driver.chromium.launch(
            executable_path=path, args=["--no-sandbox"], env={**os.environ, **(environment or {})}
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def visiting(browser: Browser, path: str, answering: Answering, **context: Any) -> AsyncIterator[Visit]:
    """Open a page of ORIGIN in a browser context of its own with these settings."""
    own = await browser.new_context(**context)
    visit = Visit(await own.new_page())

    async def handle(route: Route) -> None:
        request = route.request
        visit.asked.append(request.url.removeprefix(ORIGIN))
        answer = await answering(request.url.removeprefix(ORIGIN), await request.all_headers())
        await route.fulfill(status=answer.status, headers=dict(answer.headers), body=answer.body)

    visit.page.on("console", lambda message: visit.complaints.append(message.text))
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    await own.route("**/*", handle)
    try:
        await visit.page.goto(f"{ORIGIN}{path}")
        yield visit
    finally:
        await own.close()
