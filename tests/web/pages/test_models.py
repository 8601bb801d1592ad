"""Embedding models in the page: asked for, compared, refused, switched all the same, taken back."""

import pytest

from tests.parts import tiny
from tests.parts.processes import HANGING, Serving, kb, stop_engines
from tests.parts.swaps import TEXTS

pytestmark = [pytest.mark.real, pytest.mark.slow]
LONG = HANGING * 1000


@pytest.fixture
def served(environment, tmp_path):
    """A service over an English index; beside it a model that knows nothing. Nothing is named."""
    environment.pop("KB_EMBEDDING__MODEL")
    environment |= {"KB_ENGINES__EMBEDDER_DIR": str(tmp_path / "e")}
    kb(environment, tmp_path, "models", "add", str(tiny.model(tmp_path / "m")), "--name", "chance")
    files = tmp_path / "files"
    files.mkdir()
    for name, text in TEXTS.items():
        (files / name).write_text(text)
    kb(environment, tmp_path, "source", "add", "files", str(files))
    kb(environment | {"KB_EMBEDDING__MODELS": "english"}, tmp_path, "ingest")
    server = Serving(environment, tmp_path)
    yield server
    server.stop()
    stop_engines(tmp_path)


@pytest.mark.sends(
    "POST /models action=use", "POST /models action=pause", "POST /models action=go_on",
    "POST /models action=give_up", "POST /models action=force swap",
    "POST /models action=rollback",
)  # fmt: skip
def test_a_swap_by_keyboard_from_beginning_to_rollback(chromium, served):
    context = chromium.new_context(base_url=served.address, locale="en")
    page = context.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto("/administration")
    page.get_by_role("link", name="Embedding models").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/models")
    assert page.locator(".card p").first.inner_text() == "english"
    for name in ("english", "chance"):
        page.get_by_role("checkbox", name=name, exact=False).first.focus()
        page.keyboard.press("Space")
    page.get_by_role("button", name="Build and compare").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#swap .state")
    page.get_by_role("button", name="Pause").press("Enter")
    page.get_by_role("button", name="Go on").press("Enter", timeout=LONG)
    page.wait_for_selector("text=not switched: something is lost", timeout=LONG)
    shipped = page.get_by_role("region", name="Questions that come with the program")
    assert shipped.locator(".state.failed").count() > 0
    assert page.locator(".card p").first.inner_text() == "english", "the live one stays"
    page.get_by_role("link", name="Switch all the same …").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/models?ask=force")
    assert "worse beyond chance" in page.inner_text("form.ask-first")
    page.get_by_role("button", name="Switch all the same").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Back to the models of before", timeout=LONG)
    assert page.locator(".card p").first.inner_text() == "chance"
    page.get_by_role("button", name="Back to the models of before").focus()
    page.keyboard.press("Enter")
    page.wait_for_load_state("networkidle")
    assert page.locator(".card p").first.inner_text() == "english"
    page.get_by_role("checkbox", name="chance").check()
    page.get_by_role("button", name="Build and compare").press("Enter")
    page.get_by_role("button", name="Pause").press("Enter")
    page.get_by_role("button", name="Give up").press("Enter", timeout=LONG)
    page.wait_for_load_state("networkidle")
    assert page.get_by_role("button", name="Build and compare").is_visible()
    page.goto("/audit")
    for action in (
        "model.use",
        "model.use.pause",
        "model.use.force",
        "model.rollback",
        "model.use.give_up",
    ):
        assert action in page.inner_text("main"), action
    context.close()
    assert not problems
