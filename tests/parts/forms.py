"""The forms of the templates, and those that a browser really sent.

A form is named by what it sends always: its method, its address, and the fields that nobody types,
as in ``POST /sources/{} action=run``; one that a script sends by its id, as in ``#follow``. A test
says which forms it sends (``@pytest.mark.sends``); when it has ended, what the browser sent and the
service took is compared with that.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

TEMPLATES = Path(__file__).parent.parent.parent / "web" / "templates"
ANY = "{}"
HIDDEN = re.compile(r'\{\{-?\s*shared\.hidden\("(\w+)", (.+?)\)\s*-?\}\}')
MACRO = re.compile(r"\{% macro (\w+)\((\w+)[^)]*\) %\}(.*?)\{% endmacro %\}", re.DOTALL)
SOMETIMES = re.compile(
    r'\{% if [^%]+%\}\s*(?:<input type="hidden"[^>]*>|\{\{ shared\.hidden\([^)]*\) \}\})'
)
"""Fields that only some of a form's pages have."""
STATEMENT = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
ON_SUBMIT = """addEventListener("submit", (event) => {
  const form = event.target;
  const all = new FormData(form, event.submitter);
  window.noteForm({
    id: form.id || form.closest("dialog")?.id || "",
    method: form.method, action: form.getAttribute("action") ?? "",
    byScript: event.defaultPrevented || form.method === "dialog",
    fields: [...all].map(([name, value]) => [name, String(value)]),
  });
});"""
"""At the window, so after every handler of the page."""


@dataclass(frozen=True)
class Form:
    """A form of a template, or one that was sent: then its fields are those that were sent."""

    method: str
    path: str
    fields: frozenset[tuple[str, str]]
    id: str = ""

    @property
    def name(self) -> str:
        """By which a test says that it sends it."""
        if self.id:
            return f"#{self.id}"
        fields = sorted(n if v == ANY else f"{n}={v}" for n, v in self.fields)
        return " ".join([self.method, self.path, *fields])

    def covers(self, sent: "Form") -> bool:
        """Whether what was sent may have been this form."""
        if self.id or sent.id:
            return self.id == sent.id
        pattern = re.escape(self.path).replace(re.escape(ANY), "[^/]+")
        names = {name for name, _ in sent.fields}
        return (
            self.method == sent.method
            and re.fullmatch(pattern, sent.path) is not None
            and all((n in names) if v == ANY else (n, v) in sent.fields for n, v in self.fields)
        )


class _Forms(HTMLParser):
    """Each form with the fields that nobody types, once for each of its buttons with a name."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._form: dict[str, str] | None = None
        self._fields: set[tuple[str, str]] = set()
        self._buttons: list[tuple[str, str]] = []
        self._dialog = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "dialog":
            self._dialog = given.get("id", "")
        if tag == "form":
            self._form, self._fields, self._buttons = given, set(), []
        elif self._form is None or not given.get("name"):
            return
        elif tag == "button":
            self._buttons.append((given["name"], given.get("value", "")))
        elif given.get("type") == "hidden":
            self._fields.add((given["name"], given.get("value", "")))
        elif self._form.get("method", "get") == "get":
            self._fields.add((given["name"], ANY))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._form is not None:
            self.found += self._ended(self._form)
            self._form = None

    def _ended(self, form: dict[str, str]) -> Iterable[Form]:
        by_script = form.get("id", "") if "action" not in form or form.get("id") == "ask" else ""
        if form.get("method") == "dialog":
            by_script = self._dialog
        for button in self._buttons or [None]:
            fields = self._fields | ({button} if button else set())
            yield Form(
                form.get("method", "get").upper(), form.get("action", ""), frozenset(fields), by_script
            )  # fmt: skip


def _expanded(text: str) -> str:
    """A template without its language: what is said of fields stays, all else is a place."""

    def written(found: re.Match[str]) -> str:
        body = found[3]
        calls = re.findall(rf'\{{\{{ {found[1]}\("(\w+)"', text)
        field = re.compile(rf'(shared\.hidden\("\w+", ){found[2]}\)')
        if not field.search(body):
            return body
        return "".join(field.sub(rf'\1"{value}")', body) for value in calls)

    text = SOMETIMES.sub("", MACRO.sub(written, text))
    hidden = '<input type="hidden" name="{}" value="{}">'
    text = HIDDEN.sub(
        lambda m: hidden.format(m[1], m[2][1:-1] if re.fullmatch(r'"\w+"', m[2]) else ANY), text
    )
    return EXPRESSION.sub(ANY, STATEMENT.sub("", text))


def of_templates(folder: Path = TEMPLATES) -> dict[str, Form]:
    """Every form of every template, by its name."""
    found: dict[str, Form] = {}
    for template in sorted(folder.glob("*.html")):
        parser = _Forms()
        parser.feed(_expanded(template.read_text(encoding="utf-8")))
        found |= {form.name: form for form in parser.found}
    return found


def named(sent: Iterable[Form], known: dict[str, Form]) -> set[str]:
    """The names of the forms that were sent; of several that fit the one that says most."""
    names = set()
    for one in sent:
        fitting = [form for form in known.values() if form.covers(one)]
        if fitting:
            names.add(max(fitting, key=lambda form: len(form.fields)).name)
    return names


def declared(node) -> set[str]:
    """The forms that a test says it sends."""
    return {name for mark in node.iter_markers("sends") for name in mark.args}


SENT: list[Form] = []
"""What the browsers of this process have sent, and the service has taken, since it began."""


def watch(context) -> None:
    """Note every form that pages of this context send."""

    def noted(source, form) -> None:
        fields = frozenset((name, value) for name, value in form["fields"])
        path = urlsplit(form["action"]).path
        if form["byScript"]:
            SENT.append(Form("", path, fields, form["id"]))
        elif form["method"] == "get":
            SENT.append(Form("GET", path, fields))

    def answered(response) -> None:
        request = response.request
        if request.method == "POST" and request.is_navigation_request() and response.status < 400:
            fields = parse_qsl(request.post_data or "", keep_blank_values=True)
            SENT.append(Form("POST", urlsplit(request.url).path, frozenset(fields)))

    context.expose_binding("noteForm", noted)
    context.add_init_script(ON_SUBMIT)
    context.on("response", answered)
