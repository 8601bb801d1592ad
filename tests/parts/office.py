"""A whole service with people, documents and runs of an evaluation, and browsers that come in."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kb import settings as settings_module
from kb.catalog.evaluations import keep
from kb.knowledge_base import KnowledgeBase
from kb.rights import access
from kb.types.evaluations import Evaluation
from tests.parts.portal import PASSWORD
from tests.parts.processes import Serving, copy_samples, environment_in, kb, stop_engines


@contextmanager
def opened(environment) -> Iterator[KnowledgeBase]:
    """The knowledge base of an environment, in this process."""
    known = {name: value for name, value in environment.items() if name.startswith("KB_")}
    base = KnowledgeBase(settings_module.load({}, known))
    yield base
    base.catalog.close()


def add_people(environment) -> None:
    """An administrator and a reader of a group, with the password of every test."""
    with opened(environment) as base:
        for name, member_of in (("anna", ()), ("rita", ("hr",))):
            base.accounts.add(
                access.owner(), name, member_of, administrator=not member_of, password=PASSWORD
            )


def add_runs(environment) -> None:
    """Two runs of an evaluation."""
    with opened(environment) as base, base.catalog.writing() as connection:
        for share in (0.5, 0.75):
            figures = {"questions": 4, "page_hit@1": share, "seconds": {"p50": 1, "p95": 2}}
            done = {"limit": None, "embedding_model": "english"}
            keep(connection, Evaluation("docs", "handbook", done, figures, 0.0, 1.0), [])


@pytest.fixture(scope="package")
def office(tmp_path_factory, embedder_dir):
    """The samples and a folder of notes, two people, two runs of an evaluation."""
    base = tmp_path_factory.mktemp("o")
    environment = environment_in(base, embedder_dir)
    notes = base / "shelf" / "notes"
    notes.mkdir(parents=True)
    for number in range(3):
        (notes / f"note {number}.txt").write_text(f"The lamp {number} in the hall is violet.")
    gone = base / "shelf" / "gone"
    gone.mkdir()
    (gone / "ferry.txt").write_text("The ferry leaves at seven.")
    (notes / "broken.docx").write_bytes(b"PK\x03\x04garbage")
    copy_samples(base, embedder_dir)
    kb(environment, base, "source", "add", "notes", str(notes), "--no-watch")
    kb(environment, base, "source", "add", "gone", str(gone), "--no-watch")
    kb(environment, base, "ingest")
    kb(environment, base, "group", "add", "hr")
    add_people(environment)
    kb(environment, base, "source", "curators", "notes", "rita")
    add_runs(environment)
    server = Serving(environment | {"KB_INGEST__ROOTS": str(base / "shelf")}, base)
    server.shelf = base / "shelf"
    yield server
    server.stop()
    stop_engines(base / "data")


@pytest.fixture
def come_in(chromium, office):
    """Opens a browser of somebody who is signed in; nothing throws on any page."""
    problems, contexts = [], []

    def opened(name: str = "anna", password: str = PASSWORD, **options):
        options = {"locale": "en", "viewport": {"width": 1280, "height": 900}} | options
        context = chromium.new_context(base_url=office.address, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto("/login")
        page.fill("main input[name=name]", name)
        page.fill("main input[name=password]", password)
        page.keyboard.press("Enter")
        page.wait_for_url(office.address + "/")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not problems


def press(page, name: str, within: str = "main") -> None:
    """A button by its words, with the keyboard; then the page that comes."""
    button = page.locator(within).get_by_role("button", name=name)
    button.first.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def shows(page, card: str, words: str) -> None:
    """The page of sources goes on by itself while something is read."""
    page.wait_for_selector(f"{card}:has-text('{words}')")


def ask(page, question: str) -> None:
    page.fill("#q", question)
    page.keyboard.press("Enter")
    page.wait_for_selector("#answer[aria-busy=false]", state="attached")
    page.wait_for_selector("#hits .title")
