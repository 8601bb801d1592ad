"""WCAG 2.2 AA on every page, by axe in a real browser: light and dark, wide and narrow."""

import re
from pathlib import Path

import pytest

from tests.parts.office import add_people, add_runs
from tests.parts.portal import PASSWORD
from tests.parts.processes import Serving, copy_samples, environment_in, kb, stop_engines

pytestmark = pytest.mark.real
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS = (1280, 360)
"""Pixels: of a desk, and of a phone."""
PAGES = (
    "/", "/?q=How+many+buses+are+electric", "/conversations", "/documents", "/documents?state=failed",
    "/documents/1", "/documents/2", "/documents/3", "/sources", "/sources?edit=samples",
    "/sources?remove=samples", "/source/samples", "/review", "/evaluation", "/evaluation/1",
    "/evaluation/questions",
    "/administration", "/people", "/people?edit=anna", "/people?remove=anna", "/audit?verify=true",
    "/glossary", "/models", "/account", "/account?factor=true", "/no-such-page",
)  # fmt: skip


@pytest.fixture(scope="module")
def peopled(tmp_path_factory, embedder_dir):
    """The samples behind accounts, with somebody in every role."""
    base = tmp_path_factory.mktemp("a")
    environment = environment_in(base, embedder_dir)
    copy_samples(base, embedder_dir)
    kb(environment, base, "group", "add", "hr")
    add_people(environment)
    add_runs(environment)
    server = Serving(environment, base)
    link = kb(environment, base, "user", "invite", "rita")["link"]
    server.invited = "/link/" + link.rpartition("/")[2]
    yield server
    server.stop()
    stop_engines(base / "data")


@pytest.fixture(scope="module")
def axe():
    import axe_core_python

    return (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def come_in(context, address: str, name: str = "anna"):
    page = context.new_page()
    page.goto(address + "/login")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(address + "/")
    return page


def settled(page) -> None:
    page.wait_for_load_state("networkidle")


def violations(page, axe: str) -> list[str]:
    """Of every rule as it is drawn in light; in dark of contrast, since only colours differ.

    The page is not loaded again to be wide: whatever depends on its width follows it.
    """
    page.evaluate(axe)
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="light")
        light = broken(page, {"type": "tag", "values": RULES})
        page.emulate_media(color_scheme="dark")
        dark = broken(page, {"type": "rule", "values": ["color-contrast"]})
        found += [f"{width}: {said}" for said in light] + [
            f"{width}, dark: {said}" for said in dark
        ]
        wide = page.evaluate("document.documentElement.scrollWidth")
        found += [f"{width}: it is {wide} wide"] if wide > width + 1 else []
    return found


def broken(page, rules: dict) -> list[str]:
    asked = {"runOnly": rules, "resultTypes": ["violations"]}  # of what passes nothing is told
    found = page.evaluate("asked => axe.run(document, asked)", asked)
    return [
        f"{v['id']}: {n['target']} {n['failureSummary'][:160]}"
        for v in found["violations"]
        for n in v["nodes"]
    ]


def receipt_of(page, address: str) -> str:
    """The address of how an answer came to be."""
    asked = page.request.post(
        address + "/api/v1/ask",
        data={"question": "How many buses are electric?"},
        headers={"Accept": "application/json", "Origin": address},
    )
    return f"/answers/{asked.json()['id']}"


@pytest.mark.slow
def test_axe_finds_nothing_on_any_page(peopled, chromium, axe):
    context = chromium.new_context(bypass_csp=True, reduced_motion="reduce")
    page = context.new_page()
    found = {}
    page.goto(peopled.address + "/login")
    found["/login"] = violations(page, axe)
    page = come_in(context, peopled.address)
    for path in PAGES:
        page.goto(peopled.address + path)
        settled(page)
        found[path] = violations(page, axe)
    for path in (receipt_of(page, peopled.address), peopled.invited):
        page.goto(peopled.address + path)
        settled(page)
        found[path] = violations(page, axe)
    context.close()
    assert {path: v for path, v in found.items() if v} == {}


def test_the_portal_works_by_keyboard_alone(peopled, chromium):
    """Signing in, filtering, saving, inviting, looking through others' eyes, signing out."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = come_in(context, peopled.address)
    page.keyboard.press("/")
    page.keyboard.type("solar roof")
    page.keyboard.press("Enter")
    page.wait_for_selector("#hits li a.title")
    page.wait_for_selector("#facets summary")
    page.focus("#facets summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#facets .chip")
    assert re.search("(source|type)=", page.url)
    page.focus("#facets .chip")
    page.keyboard.press("Enter")
    page.wait_for_selector("#facets .chip", state="detached")
    page.focus("#save")
    page.keyboard.press("Enter")
    page.wait_for_selector("#save[disabled]")
    page.goto(peopled.address + "/")
    page.wait_for_selector("#saved a")
    page.goto(peopled.address + "/people?edit=rita")
    page.focus("button[name=name][value=rita]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".viewing")
    page.focus(".viewing button")
    page.keyboard.press("Enter")
    page.wait_for_url(peopled.address + "/people")
    page.goto(peopled.address + "/account")
    page.focus("form[action='/logout'] button")
    page.keyboard.press("Enter")
    page.wait_for_url(peopled.address + "/login")
    page.go_back()
    page.reload()
    page.wait_for_url("**/login?next=**")
    context.close()


def test_what_a_reader_sees_has_no_doors_that_are_shut(peopled, chromium):
    context = chromium.new_context()
    page = come_in(context, peopled.address, "rita")
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    links = page.eval_on_selector_all("nav a", "all => all.map(a => a.getAttribute('href'))")
    assert links == ["/", "/conversations", "/documents"]
    page.goto(peopled.address + "/documents/1")
    assert page.query_selector("form[action$='/erase']") is None
    page.goto(peopled.address + "/documents")
    settled(page)
    assert page.query_selector("#choose") is None
    assert problems == [], "the page has scripts for what this reader may not do"
    context.close()
