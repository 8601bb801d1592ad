"""A page with what was typed put back into one of its forms, and what was wrong beside its field.

Pure: from the page as it stands, and what a browser sent of its form, to the page that is shown
in place of an answer. It knows no form by name: whatever a template has, comes back.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from lxml import html
from lxml.html import FormElement, HtmlElement

AT = "stands_at"
"""The hidden field that says on which page a form stands."""
WRONG = "wrong"
"""The id of the sentence beside the field."""
NEVER = ("password", "file", "submit", "button", "image", "reset")
"""Kinds of fields whose content is not put back."""
NOT_IN_PAGES = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no page can hold (Char of XML 1.0); text copied from some programs has them."""


@dataclass(frozen=True, slots=True)
class RefusedForm:
    """A form that was not taken.

    ``typed``: names and values as they were sent. ``message``: what is wrong, in the reader's
    language; ``fields``: which one of them it is about, the likeliest first; ``about``: what the
    message names, to find the field that has it. ``at``: the address of the page.
    """

    action: str
    typed: Sequence[tuple[str, str]]
    message: str
    fields: Sequence[str]
    about: Sequence[str]
    at: str


def filled(page: str, refused: RefusedForm) -> str | None:
    """The page with the form as it was; None where the page has no such form any more."""
    document = html.document_fromstring(page)
    form = _the_form(document, refused)
    if form is None:
        return None
    refused = _holdable(refused)
    for element in document.iter("input", "select", "textarea", "button", "a"):
        element.attrib.pop("autofocus", None)
    form.set("data-at", refused.at)
    _put_at(form, refused.at)
    _put_back(form, refused.typed)
    _say(form, refused)
    return f"<!doctype html>\n{html.tostring(document, encoding='unicode', method='html')}"


def _holdable(refused: RefusedForm) -> RefusedForm:
    """What was typed, without characters that no page can hold; lines end as a page has them."""
    typed = [(name, _clean(value).replace("\r\n", "\n")) for name, value in refused.typed]
    about = [_clean(one) for one in refused.about]
    return replace(
        refused, typed=typed, message=_clean(refused.message), about=about, at=_clean(refused.at)
    )


def _clean(text: str) -> str:
    return NOT_IN_PAGES.sub("", text)


def _the_form(document: HtmlElement, refused: RefusedForm) -> FormElement | None:
    """The form that was sent: of those with its address the one that fits best."""
    path = urlsplit(refused.action).path
    fitting = [
        (score, form)
        for form in document.iter("form")
        if form.get("method", "").lower() == "post"
        and urlsplit(form.get("action", "")).path == path
        if (score := _score(form, refused.typed)) is not None
    ]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def _score(form: FormElement, typed: Sequence[tuple[str, str]]) -> int | None:
    """How well a form fits what was sent; None where what it cannot change is otherwise."""
    sent: dict[str, list[str]] = {}
    for name, value in typed:
        sent.setdefault(name, []).append(value)
    score = 0
    for field in form.iter("input", "select", "textarea"):
        name = field.get("name")
        fixed = field.get("type") == "hidden" and name != AT
        if fixed and name and field.get("value", "") not in sent.get(name, []):
            return None
        score += name in sent
    buttons = {(b.get("name"), b.get("value", "")) for b in form.iter("button") if b.get("name")}
    return score + 2 * len(buttons.intersection(typed))


def _put_at(form: FormElement, at: str) -> None:
    for old in [field for field in form.iter("input") if field.get("name") == AT]:
        old.drop_tree()
    field = html.Element("input", type="hidden", name=AT, value=at)
    form.insert(0, field)


def _put_back(form: FormElement, typed: Sequence[tuple[str, str]]) -> None:
    sent: dict[str, list[str]] = {}
    for name, value in typed:
        sent.setdefault(name, []).append(value)
    for field in form.iter("input", "select", "textarea"):
        name = field.get("name")
        if name and not _is_secret(field):
            _put(field, sent.get(name, []))


def _is_secret(field: HtmlElement) -> bool:
    kind = field.get("type", "text")
    return kind in NEVER or kind == "hidden" or field.get("autocomplete") == "one-time-code"


def _put(field: HtmlElement, values: list[str]) -> None:
    if field.tag == "select":
        for option in field.iter("option"):
            _set(option, "selected", is_so=option.get("value", option.text or "") in values)
    elif field.get("type") in ("checkbox", "radio"):
        _set(field, "checked", is_so=field.get("value", "on") in values)
        if field.get("checked") is not None:
            _open_around(field)
    elif field.tag == "textarea":
        changed = values[0] if values else ""
        if changed != (field.text or ""):
            _open_around(field)
        field.text = f"\n{changed}" if changed.startswith("\n") else changed
    elif values:
        if values[0] != field.get("value", ""):
            _open_around(field)
        field.set("value", values[0])


def _set(element: HtmlElement, name: str, *, is_so: bool) -> None:
    if is_so:
        element.set(name, name)
    else:
        element.attrib.pop(name, None)


def _open_around(field: HtmlElement) -> None:
    """Show what folds away, where something was typed in it."""
    for above in field.iterancestors("details"):
        above.set("open", "open")


def _say(form: FormElement, refused: RefusedForm) -> None:
    """Say what is wrong, beside the field that it is about; else at the head of the form."""
    field = _the_field(form, refused)
    said = html.Element("p", id=WRONG, role="alert")
    said.text = refused.message
    if field is None:
        said.set("class", "banner bad")
        form.insert(0, said)
        return
    said.set("class", "wrong")
    field.set("aria-invalid", "true")
    field.set("aria-describedby", WRONG)
    field.set("autofocus", "autofocus")
    _open_around(field)
    label = next((above for above in field.iterancestors("label")), field)
    label.addnext(said)
    said.tail, label.tail = label.tail, None


def _the_field(form: FormElement, refused: RefusedForm) -> HtmlElement | None:
    """Of the fields that it may be about, the one that has what the message names, or the first."""
    known: Mapping[str, Any] = {}
    known = {
        field.get("name"): field
        for field in form.iter("input", "select", "textarea")
        if field.get("type") not in ("hidden", "radio")
    }
    likely = [known[name] for name in refused.fields if name in known]
    naming = (field for field in likely if any(one in _text(field) for one in refused.about if one))
    return next(naming, likely[0] if likely else None)


def _text(field: HtmlElement) -> str:
    return str((field.text if field.tag == "textarea" else field.get("value")) or "")
