"""Every form of every page is sent by a browser test, and what a test says of that is checked."""

import ast
import re
from pathlib import Path

from litestar import Litestar

from tests.parts import forms
from web.app import API, PAGES

TESTS = Path(__file__).parent.parent.parent
NO_FORM = {
    "/oidc/backchannel": "sent by the organisation's provider",
}
"""Addresses outside the API that take what no page of ours sends."""


def said_to_be_sent() -> set[str]:
    """What the tests are marked with; when each has run, the fixture ``forms_sent`` compares."""
    found = set()
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.sends":
                found |= {ast.literal_eval(arg) for arg in node.args}
    return found


def test_every_form_of_every_template_is_sent_by_a_browser():
    wanted = set(forms.of_templates())
    assert wanted - said_to_be_sent() == set(), "no browser test sends these forms"
    assert said_to_be_sent() - wanted == set(), "there are no such forms"


def test_every_address_that_takes_a_form_has_one():
    app = Litestar(route_handlers=[*PAGES, *API], openapi_config=None)
    taking = {
        route.path_format
        for route in app.routes
        if "POST" in getattr(route, "route_handler_map", {})
        and not route.path_format.startswith("/api/")
    }
    known = [form for form in forms.of_templates().values() if form.method == "POST"]
    without = {
        address
        for address in taking
        if not any(
            form.covers(forms.Form("POST", re.sub(r"\{[^}]+\}", "x", address), form.fields))
            for form in known
        )
    }
    assert without == set(NO_FORM)


def test_naming_a_form_is_not_sending_it(request):
    """What was refused, or sent by no browser, is not among what was sent."""
    known = forms.of_templates()
    run = forms.Form("POST", "/sources/handbook", frozenset({("action", "run")}))
    assert forms.named([run], known) == {"POST /sources/{} action=run"}
    assert forms.named([], known) == set()
    stop = forms.Form("POST", "/sources/a/b", frozenset({("action", "stop")}))
    assert forms.named([stop], known) == set()
