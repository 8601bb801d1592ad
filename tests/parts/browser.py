"""A real browser for the pages."""

import shutil

import pytest

from tests.parts import forms
from tests.parts.processes import HANGING, missing

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


PROGRAMS = ("chromium-headless-shell", "chromium", "google-chrome")
"""The first is the same browser without windows: a new page takes 0.2 s of processor, not 1.1 s."""


def program_of_browser() -> str:
    """The browser that is here."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        missing("a browser (apt-get install chromium-headless-shell, or chromium)")
    return found


def patient(context):
    """Whose pages wait as long as anything here does, and whose forms are noted."""
    context.set_default_timeout(HANGING * 1000)
    forms.watch(context)
    return context


@pytest.fixture(autouse=True)
def forms_sent(request):
    """What a test says that it sends (``@pytest.mark.sends``) a browser sends, and it is taken."""
    before, failed = len(forms.SENT), request.session.testsfailed
    yield
    declared = forms.declared(request.node)
    if declared and request.session.testsfailed == failed:
        sent = forms.named(forms.SENT[before:], forms.of_templates())
        assert declared <= sent, f"never sent, or refused: {sorted(declared - sent)}"


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program_of_browser(), args=FLAGS)
        new = browser.new_context
        browser.new_context = lambda **options: patient(new(**options))
        yield browser
        browser.close()
