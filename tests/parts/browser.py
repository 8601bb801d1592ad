"""A real browser for the pages."""

import functools
import shutil
from contextlib import ExitStack

import pytest

from tests.parts import forms
from tests.parts.processes import HANGING, missing

ITS_MAKERS = ("content-autofill.googleapis.com", "update.googleapis.com")
"""What the browser itself asks about forms and for updates, whatever page it shows: never resolved.
Any other name is, so that a sinkhole sees what a page would load from elsewhere."""
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=" + ", ".join(f"MAP {name} ~NOTFOUND" for name in ITS_MAKERS),
]  # fmt: skip


PROGRAMS = ("chromium-headless-shell", "chromium", "google-chrome")
"""The first is the same browser without windows: a new page takes 0.2 s of processor, not 1.1 s."""


def program_of_browser(programs=PROGRAMS) -> str:
    """The browser that is here."""
    found = next(filter(None, map(shutil.which, programs)), None)
    if found is None:
        missing("a browser (apt-get install chromium-headless-shell chromium)")
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
    """Opens contexts; those with touch in the browser with windows: without, a finger is a mouse."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, ExitStack() as open_ones:

        @functools.cache
        def browser(*programs: str):
            path = program_of_browser(programs)
            made = playwright.chromium.launch(executable_path=path, args=FLAGS)
            open_ones.callback(made.close)
            return made, made.new_context

        first, new = browser(*PROGRAMS)

        def new_context(**options):
            if options.get("has_touch"):
                return patient(browser(*PROGRAMS[1:])[1](**options))
            return patient(new(**options))

        first.new_context = new_context
        yield first
