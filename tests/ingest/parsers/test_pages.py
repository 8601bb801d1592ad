"""Web pages: what a browser shows is read, and what it does not show is hidden text."""

import subprocess

import pytest

from kb.types.parsed import HIDDEN
from tests.parts.browser import program_of_browser
from tests.parts.files import parse

SHOWN = {
    "form": "<form><p>Zebra one of the form</p></form>",
    "label": "<form><fieldset><legend>Zebra legend</legend><label>Zebra name</label></fieldset></form>",
    "details": "<details open><summary>Zebra question?</summary><p>Zebra answer.</p></details>",
    "figure": "<figure><img src=x><figcaption>Zebra caption of 2025.</figcaption></figure>",
    "table caption": "<table><caption>Zebra table</caption><tr><td>a</td><td>b</td></tr></table>",
    "dialog": "<dialog open><p>Zebra dialog.</p></dialog>",
    "button": "<p>Press <button>Zebra send</button> now.</p>",
    "two mains": "<main><p>Zebra first.</p></main><aside>Zebra aside.</aside><main>Zebra second</main>",
    "rows in a form": "<table><form><tr><td>Zebra cell</td></tr></form></table>",
    "stray": "<table>Zebra stray<tr><td>c</td></tr></table>",
    "deleted": "<p>It costs <del>Zebra nine</del> eight.</p>",
    "frame": '<iframe srcdoc="<p>Zebra framed.</p>"></iframe>',
    "white on dark": '<table><tr><td bgcolor="#003366"><b style="color:#ffffff">Zebra white</b>',
    "white on dark row": '<table><tr style="background:#004"><th style="color:#fff">Zebra item',
    "by class": "<style>.d{background:#036}.w{color:#fff}</style><div class=d><p class=w>Zebra class",
    "body": '<div style="background:black;color:white"><p>Zebra body</p></div>',
    "other media": "<style>@media print{.m{display:none}}</style><p class=m>Zebra media</p>",
    "sized again": '<p style="font-size:0">x<span style="font-size:14px">Zebra sized</span></p>',
    "object": "<object><p>Zebra instead</p></object>",
    "for the eye": '<p aria-hidden="true">Zebra seen</p>',
    "another value": "<style>[data-q=off]{display:none}</style><p data-q=on>Zebra on</p>",
    "visible again": '<p style="visibility:hidden">x<b style="visibility:visible">Zebra vis</b></p>',
}  # fmt: skip
UNSHOWN = {
    "display": '<p style="display:none">Quagga one</p>',
    "class": "<style>.h{display:none}</style><p class=h>Quagga two</p>",
    "descendant": "<style>div.a > p.b{visibility:hidden}</style><div class=a><p class=b>Quagga three",
    "white": '<p style="color:#fefefe">Quagga four</p>',
    "black on black": '<div style="background:#000"><p style="color:rgb(2,2,2)">Quagga five</p></div>',
    "transparent": '<p style="color:rgba(9,9,9,0)">Quagga six</p>',
    "far": '<p style="position:absolute;left:-9999px">Quagga seven</p>',
    "size": '<p style="font-size:0px">Quagga eight</p>',
    "opacity": '<div style="opacity:0"><p>Quagga nine</p></div>',
    "attribute": "<style>p[data-z]{display:none}</style><p data-z=1>Quagga twelve</p>",
    "value": '<style>p[data-y="a"]{display:none}</style><p data-y=a>Quagga thirteen</p>',
    "not rendered": '<div style="content-visibility:hidden"><p>Quagga fourteen</p></div>',
    "hidden": "<p hidden>Quagga ten</p>",
}  # fmt: skip


def read(path, body: str) -> tuple[str, str]:
    path.write_text(f"<!DOCTYPE html><html><body><p>Start.</p>{body}</body></html>")
    parsed = parse(path)
    seen = " ".join(e.text for e in parsed.elements if e.section != HIDDEN)
    return seen, " ".join(e.text for e in parsed.elements if e.section == HIDDEN)


@pytest.mark.parametrize("case", SHOWN)
def test_what_a_browser_shows_is_read(case, tmp_path):
    seen, unseen = read(tmp_path / "a.html", SHOWN[case])
    assert seen.count("Zebra") == SHOWN[case].count("Zebra")
    assert "Zebra" not in unseen


@pytest.mark.parametrize("case", UNSHOWN)
def test_what_a_browser_does_not_show_is_hidden_text(case, tmp_path):
    seen, unseen = read(tmp_path / "a.html", UNSHOWN[case])
    assert "Quagga" not in seen
    assert "Quagga" in unseen


def test_a_text_of_one_character_is_read(tmp_path):
    seen, _ = read(tmp_path / "a.html", "<p>A</p><p>5</p><p><b>B</b>ode</p><math><mi>x</mi></math>")
    assert seen == "Start. A 5 Bode x"


def test_lines_of_a_cell_touch_no_words(tmp_path):
    cell = (
        "<td>one<br>two<p>three</p><p>four</p>five<ul><li>six</li></ul></td><td>se<b>ven</b></td>"
    )
    seen, _ = read(tmp_path / "a.html", f"<table><tr>{cell}</tr></table>")
    assert seen == "Start. one two three four five six | seven"


def test_a_form_says_its_values(tmp_path):
    form = (
        '<form><label>Name <input value="Ada Birke"></label><input type=checkbox checked> agreed'
        "<input type=hidden value=secret><input type=password value=secret><textarea>Room 217"
        "</textarea><select><option>north<option selected>south</select>"
        '<input type=submit value="Send it"></form>'
    )
    seen, _ = read(tmp_path / "a.html", form)
    assert "Name Ada Birke ☑ agreed" in seen
    assert "Room 217" in seen
    assert "south, north" in seen
    assert "Send it" in seen
    assert "secret" not in seen


def test_it_is_what_chromium_shows(tmp_path):
    """Its own innerText, of all the cases above in one page; a closed section is opened by us."""
    cases = {k: v for k, v in (SHOWN | UNSHOWN).items() if k != "frame"}
    body = "".join(f"<section id='{n}'>{html}</section>" for n, html in enumerate(cases.values()))
    path = tmp_path / "page.html"
    script = "<script>onload=()=>{document.body.textContent=document.body.innerText}</script>"
    path.write_text(f"<!DOCTYPE html><html><body>{body}{script}</body></html>")
    done = subprocess.run(
        [program_of_browser(), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", f"file://{path}"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    shown = done.stdout
    assert shown.count("Zebra") == sum(html.count("Zebra") for html in cases.values())
    lost = {"far", "opacity", "white", "black on black", "transparent", "size"}
    words = {
        k: "Quagga " + source.split("Quagga ")[1].split("<")[0] for k, source in UNSHOWN.items()
    }
    told = {k for k, word in words.items() if word not in shown}
    assert told | lost >= set(UNSHOWN), "innerText knows nothing of colours and places"
