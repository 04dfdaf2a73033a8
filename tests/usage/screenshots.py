"""Takes the pictures of docs/usage-page.md: `python -m tests.usage.screenshots`.

Fonts are those of the machine; ImageMagick makes the files small.
"""

import asyncio
from pathlib import Path
from typing import Any

from playwright.async_api import Browser

from shared.usage.report import UsageReport
from tests.browser import chromium, visiting
from tests.functions.test_usage_page_in_a_browser import MONTH, of_month
from tests.usage.pages import in_the_middle, months

_SMALLER = ("-strip", "+dither", "-colors", "64", "-define", "png:compression-level=9")
FOLDER = Path(__file__).parent.parent.parent / "docs/images"


async def main() -> None:
    """Take a month in its middle, in light and dark, on a telephone and on paper; and one whose pool is used up."""
    FOLDER.mkdir(exist_ok=True)
    middle, wide = in_the_middle(), {"width": 1000, "height": 800}
    async with chromium() as browser:
        await _take(browser, "usage-light", middle, viewport=wide)
        await _take(browser, "usage-dark", months()["exhausted"], viewport=wide, color_scheme="dark")
        await _take(browser, "usage-narrow", middle, viewport={"width": 360, "height": 800})
        await _take(browser, "usage-print", middle, "print", viewport={"width": 694, "height": 1000})


async def _take(browser: Browser, name: str, report: UsageReport, media: Any = "screen", **context: Any) -> None:
    async with visiting(browser, MONTH, of_month(report), **context) as visit:
        await visit.page.emulate_media(media=media)
        await visit.page.screenshot(path=FOLDER / f"{name}.png", full_page=True)
    picture = str(FOLDER / f"{name}.png")
    process = await asyncio.create_subprocess_exec("mogrify", *_SMALLER, picture)
    if await process.wait():
        raise SystemExit("ImageMagick's mogrify failed")


if __name__ == "__main__":
    asyncio.run(main())
