"""The page in a real browser, headless Chromium: it complains of nothing, asks for nothing, and everything opens."""

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyramid.report.page.contents import Contents
from pyramid.report.page.page import write_report
from tests.report.page.pages import AWKWARD, boxes, categorical, numeric, pictures, progress, results

CHROMIUM, DRIVER = shutil.which("chromium") or shutil.which("chromium-browser"), shutil.which("chromedriver")

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="needs a browser: apt-get install chromium chromium-driver"
)

OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--window-size=1280,900",
    "--force-prefers-reduced-motion",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for option in OPTIONS:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    driver.set_page_load_timeout(60)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each objective, with all that can be in it."""
    root = tmp_path_factory.mktemp("page #1 & more")
    files = pictures(root, 60)
    entries = [*progress("good", 0, [20, 20, 28]), *progress("bad", 4, [20, 20])]
    across = [[*pair, 1.5] for pair in zip(files[:20], files[20:40], strict=True)]
    copies = [[[files[0], "cat"], [files[1], AWKWARD]]]
    told = {"exact": [files[:2]], "conflicting": copies, "across": across, "counts": {"exact": 2, "conflicting": 1}}
    bad = [{"file": AWKWARD, "reason": "broken"}, {"file": "/far/away/" + "x" * 140, "reason": "missing"}]
    known = results(classes={AWKWARD: 7, "b": 9}, notes=[AWKWARD], bad_images=bad, duplicates=told)
    others: dict[str, Any] = {"results": known, "config": {"seed": 1}, "entries": entries, "root": root}
    made = {"classes": categorical(files=files), "values": numeric(files=files), "boxes": boxes(files=files[:6])}
    made["classes"].classes[:2] = [AWKWARD, "a_name_without_any_space_" * 4]
    for name, evaluation in made.items():
        write_report(Contents(AWKWARD, evaluation, **others), root / f"{name}.html")
    return {name: root / f"{name}.html" for name in made}


def opened(browser: Any, page: Path) -> None:
    browser.get_log("browser"), browser.get_log("performance")  # what was said before
    browser.get(page.as_uri())


def asked_for(browser: Any) -> set[str]:
    """The addresses of all requests since the page was opened, without the data that are in it."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    return {url for url in sent if not url.startswith("data:")}


@pytest.mark.parametrize("name", ["classes", "values", "boxes"])
def test_every_part_is_reached_and_opens_without_a_complaint_or_a_request(browser, pages, name) -> None:
    from selenium.webdriver.common.by import By

    opened(browser, pages[name])
    links = browser.find_elements(By.CSS_SELECTOR, "nav a")
    assert len(links) > 6
    for link in links:
        link.click()
        assert browser.find_element(By.ID, str(link.get_attribute("href")).rpartition("#")[2]).is_displayed()
    for details in browser.find_elements(By.TAG_NAME, "details"):
        before = details.get_attribute("open")
        details.find_element(By.TAG_NAME, "summary").click()
        assert details.get_attribute("open") != before
    assert browser.get_log("browser") == []
    assert asked_for(browser) == {pages[name].as_uri()}


def test_the_keyboard_reaches_the_content_first_and_then_every_link(browser, pages) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    opened(browser, pages["classes"])
    focused = []
    for _ in range(100):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        focused.append(browser.execute_script("return document.activeElement.outerHTML.slice(0, 60)"))
        if focused[-1].startswith("<body"):
            break
    assert 'class="skip"' in focused[0] or 'href="#content"' in focused[0]
    expected = browser.find_elements(By.CSS_SELECTOR, "a, summary, .scroll, pre")
    hidden = browser.find_elements(By.CSS_SELECTOR, "details:not([open]) :is(.scroll, pre)")
    assert len(expected) - len(hidden) == len([f for f in focused if not f.startswith("<body")])
    assert browser.execute_script("return document.querySelector('a.skip').matches(':focus-visible')") is False


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["classes", "values", "boxes"])
def test_the_page_is_as_wide_as_the_screen(browser, pages, width, name) -> None:
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    opened(browser, pages[name])
    browser.execute_script("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    cells = "return [...document.querySelectorAll('.matrix td')].map(e => getComputedStyle(e).whiteSpace)"
    assert set(browser.execute_script(cells)) <= {"nowrap"}  # else the digits of a count stand below each other
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_figures_fit_a_phone_and_are_shown_once(browser, pages) -> None:
    both = "return [...document.querySelectorAll('.broad, .narrow')]"
    shown = f"{both}.filter(e => e.checkVisibility()).map(e => e.className)"
    for width, kind in ((1280, "broad"), (390, "narrow")):
        metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        opened(browser, pages["classes"])
        assert browser.execute_script(shown) == [kind, kind]
    fits = "return [...document.querySelectorAll('svg')].every(e => e.getBoundingClientRect().right <= innerWidth)"
    assert browser.execute_script(fits)
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_text_stands_out_in_the_light_and_in_the_dark(browser, pages) -> None:
    """By the contrast of WCAG 2: 4.5 for text, 3 for lines of plots."""
    opened(browser, pages["classes"])
    for scheme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        style = "return getComputedStyle(document.documentElement).getPropertyValue(arguments[0]).trim()"
        ground, raised = (luminance(browser.execute_script(style, name)) for name in ("--ground", "--raised"))
        assert (ground > 0.5) == (scheme == "light")
        for name in ("--ink", "--quiet", "--link", "--warn"):
            assert contrast(luminance(browser.execute_script(style, name)), ground) >= 4.5
        assert contrast(luminance(browser.execute_script(style, "--quiet")), raised) >= 4.5
        for name in ("--faint", *(f"--s{i}" for i in range(1, 9))):
            assert contrast(luminance(browser.execute_script(style, name)), ground) >= 3
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def test_the_page_prints_with_all_that_is_folded_away(browser, pages) -> None:
    opened(browser, pages["classes"])
    printed = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {})["data"])
    assert printed.startswith(b"%PDF")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    paper = {"width": 718, "height": 1000, "deviceScaleFactor": 1, "mobile": False}  # A4 without its margins
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", paper)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= paper["width"]
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    shown = "return [...document.querySelectorAll('details table')].every(table => table.checkVisibility())"
    assert browser.execute_script(shown)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
