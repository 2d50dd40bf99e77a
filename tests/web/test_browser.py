"""Real Chromium opens the verdict page of every case: one word first, no script, no third-party request."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from demo_for_tests import shared_demo
from playwright.sync_api import Browser, Page, Route, sync_playwright
from support import needs

from certsvc.demo.cases import CASES, Case
from certsvc.verify.words_terms import ACTS
from certsvc.verify.words_verdicts import VERDICTS

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_demo(tmp_path_factory)


@pytest.fixture(scope="session")
def server(demo_home: Path) -> Iterator[str]:
    """The demo behind its production server on a free port; ended by its own process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    env = {**os.environ, "CERTSVC_HOME": str(demo_home)}
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(
        [*command, "wsgi:app"], cwd=root, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            pytest.fail("the server ended at once")
        try:
            with urlopen(f"{url}/healthz"):  # noqa: S310 -- our own server on loopback
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the server did not answer within 30 seconds")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = needs("chromium", "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    """A page on a small phone, without JavaScript; a request to any other host fails the test."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False, locale="zh-CN")
    foreign: list[str] = []

    def guard(route: Route) -> None:
        if route.request.url.startswith(server):
            route.continue_()
        else:
            foreign.append(route.request.url)
            route.abort()

    context.route("**/*", guard)
    yield context.new_page()
    context.close()
    assert foreign == []


def codes(home: Path) -> dict[str, str]:
    rows = json.loads((home / "demo" / "gallery.json").read_text(encoding="utf-8"))
    return {row["file"]: row["code"] for row in rows}


@pytest.mark.parametrize("case", [case for case in CASES if case.shows_code], ids=lambda case: case.file)
def test_the_page_of_every_case_says_its_verdict_first(page: Page, server: str, demo_home: Path, case: Case) -> None:
    for place, lang in enumerate(("zh", "en", "ko")):
        page.goto(f"{server}/v/{codes(demo_home)[case.file]}?lang={lang}")
        word = VERDICTS[case.verdict].headline[place]
        assert page.locator("[role=status] h1").inner_text() == word
        assert word in page.title()


@pytest.mark.parametrize(
    ("lang", "who"), [("zh", "应由评审组织单位办理"), ("en", "it falls to organiser of the review")]
)
def test_a_phone_shows_which_office_did_not_act(page: Page, server: str, demo_home: Path, lang: str, who: str) -> None:
    page.goto(f"{server}/v/{codes(demo_home)['void-missing-notice.pdf']}?lang={lang}")
    missing = page.locator("ol.rail > li.absent")
    assert missing.count() == 1
    assert missing.is_visible()
    assert ACTS["result_notice"][("zh", "en").index(lang)] in missing.inner_text()
    assert who in missing.inner_text()
    assert page.locator("ol.rail > li.fail").count() == 1


@pytest.mark.parametrize(
    ("lang", "took", "seen"),
    [
        ("zh", "历时 96 分钟", "见证 2 方"),
        ("en", "it took 96 minutes", "2 witnesses"),
        ("ko", "96분 걸렸습니다", "증인 2"),
    ],
)
def test_a_phone_shows_that_everything_was_done_in_one_night(
    page: Page, server: str, demo_home: Path, lang: str, took: str, seen: str
) -> None:
    page.goto(f"{server}/v/{codes(demo_home)['void-one-night.pdf']}?lang={lang}")
    assert page.get_by_text(took).is_visible()
    logged = page.locator("ol.rail > li.act small.in-log").all_inner_texts()
    assert len(logged) == 9 and all("2025-06-21 2" in one and seen in one for one in logged)
    assert page.locator("ol.rail > li.act.fail .flag").count() == 2


@pytest.mark.parametrize(
    "case", ["void-missing-notice.pdf", "void-one-night.pdf", "revoked-from-beginning.pdf", "valid.pdf"]
)
def test_no_page_is_wider_than_a_phone_of_360_points_with_all_its_details_open(
    browser: Browser, server: str, demo_home: Path, case: str
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    for lang in ("zh", "en", "ko"):
        page.goto(f"{server}/v/{codes(demo_home)[case]}?at=2026-01-01&lang={lang}")
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
    context.close()


def test_a_day_in_the_past_is_asked_without_javascript_and_has_two_answers(
    page: Page, server: str, demo_home: Path
) -> None:
    page.goto(f"{server}/v/{codes(demo_home)['revoked-from-beginning.pdf']}?lang=zh")
    page.locator("summary", has_text="查过去某一天的效力").click()
    page.locator("input[type=date]").fill("2026-01-01")
    page.locator("form:has(input[type=date]) button").click()
    then, now = page.locator(".answer").all()
    assert "按当时已知" in then.inner_text() and "有效" in then.inner_text()
    assert "按现在所知" in now.inner_text() and "已撤销" in now.inner_text()


@pytest.mark.parametrize(
    "case", [case for case in CASES if not case.file.endswith(".json")], ids=lambda case: case.file
)
def test_an_uploaded_file_gets_its_verdict_without_javascript(
    page: Page, server: str, demo_home: Path, case: Case
) -> None:
    page.goto(server)
    page.set_input_files("input[type=file]", demo_home / "demo" / case.file)
    page.locator("form:has(input[type=file]) button").click()
    assert page.locator("[role=status] h1").inner_text() == VERDICTS[case.verdict].headline[0]
