"""`python -m tests.pages` (make pages): the page of `mech diagnose` in a real browser, for each bundle, width and scheme.

Fails on an error in the browser's console, on sideways scrolling, on text that is cut off and on a button that does not
copy; writes docs/pages/*.png. Needs Debian's chromium (MECH_CHROMIUM names another one).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, sync_playwright

from mech_ops.diagnosis import page, ranking
from mech_ops.diagnosis.look import Look
from tests.unit.mech_ops.diagnosis import shown

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "docs/pages"
LARGEST_KB = 150
WIDTHS = {"wide": 1280, "phone": 360}
SCHEMES = {"wide": "light", "phone": "dark"}  # of the pictures; both are looked at in both widths
# As root, and without a word to anybody: no account, no update, no QUIC.
_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
]  # fmt: skip
_WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_CUT = """[...document.querySelectorAll("body *")].filter(e => e.checkVisibility() && e.clientWidth > 0
    && e.scrollWidth > e.clientWidth + 1).map(e => e.tagName + ": " + e.textContent.trim().slice(0, 60))"""


@contextmanager
def _browser() -> Iterator[BrowserContext]:
    chromium = os.environ.get("MECH_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        sys.exit("no chromium: apt-get install --no-install-recommends chromium")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        started = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium, headless=True, args=_FLAGS, reduced_motion="reduce", timezone_id="UTC"
        )
        started.grant_permissions(["clipboard-read", "clipboard-write"])
        yield started
        started.close()


def _looked_at(tab: Page, file: Path, width: int, scheme: str) -> Iterator[str]:
    """What is wrong with it."""
    said: list[str] = []
    tab.on("console", lambda message: said.append(f"console: {message.text}"))
    tab.on("pageerror", lambda error: said.append(f"error: {error}"))
    tab.on("requestfailed", lambda request: said.append(f"asked for {request.url[:80]}"))
    tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    tab.set_viewport_size({"width": width, "height": 740 if width < 600 else 800})
    # The pictures must not differ by when they were made.
    tab.clock.set_fixed_time("2026-11-27T03:30:00Z")
    tab.goto(file.as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    if (wider := tab.evaluate(_WIDER)) > 0:
        yield f"scrolls sideways by {wider} px"
    yield from (f"cut off: {text}" for text in tab.evaluate(_CUT))
    for button in tab.locator("button:visible").all():
        wanted = tab.locator(f"#{button.get_attribute('data-copies')}").text_content() or ""
        button.click()
        tab.wait_for_function("one => one.textContent === 'Copied'", arg=button.element_handle(), timeout=5000)
        if tab.evaluate("navigator.clipboard.readText()") != wanted.strip():
            yield f"the button of {wanted!r} copies something else"
    tab.evaluate("document.querySelectorAll('details').forEach(one => one.open = false)")
    yield from said


def _taken(context: BrowserContext, file: Path) -> Iterator[str]:
    for name, width in WIDTHS.items():
        for scheme in ("light", "dark"):
            tab = context.new_page()
            wrong = list(_looked_at(tab, file, width, scheme))
            yield from (f"{file.stem} at {width} px, {scheme}: {one}" for one in wrong)
            if scheme == SCHEMES[name]:
                shot = SHOTS / f"{file.stem}-{name}.png"
                tab.reload()
                tab.screenshot(path=shot, full_page=True)
                # As Chromium writes it, it is three times as large.
                subprocess.run(["pngquant", "--force", "--strip", "--ext", ".png", "--", shot], check=True)
                if (kilobytes := shot.stat().st_size / 1000) > LARGEST_KB:
                    yield f"{shot.name} has {kilobytes:.0f} kB, at most {LARGEST_KB}"
            tab.close()


def main() -> None:
    SHOTS.mkdir(exist_ok=True)
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder, _browser() as context:
        for name in shown.NAMES:
            file = Path(folder, f"{name}.html")
            file.write_text(page.page(ranking.diagnose(Look(shown.read(name)))))
            found = list(_taken(context, file))
            print(f"{name}: {'wrong' if found else 'ok'}")
            wrong += found
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
