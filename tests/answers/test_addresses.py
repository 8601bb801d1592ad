"""Addresses in what a model wrote: those that a cited passage has stay, others are not shown."""

import json
import re

import pytest

from kb.answers import addresses, citations, forms, markdown
from kb.answers.drafts import showable
from kb.text import words
from tests.parts.passages import passage
from tests.parts.processes import SHARED

FOREIGN = [
    "evil.me", "evil.me?q=secret", "evil.xyz/a?b=c", "www.evil", "www.evil.me", "WWW.EVIL.ME", "sub.evil.co.uk",
    "http://evil", "https://evil.me:8443/x", "evil.me:8443", "1http://evil.me", "//evil.me/x", "hxxps://evil.me",
    "ftp://evil.me", "http://evil.me\\@good.example", "https://good.example@evil.me", "https://good.example.evil.me",
    "mailto:boss@evil.me", "boss@evil.me", "boss+tag@evil.me?subject=x", "bőss@evil.me",
    "evil[.]me", "evil [dot] me", "evil(.)me", "boss[at]evil.me", "hxxp[://]evil.me",
    "192.168.66.6", "192.168.66.6:80/x", "http://[2001:db8::66]/x", "2001:db8::66", "http://3232252422/x",
    "javascript:alert('evil')", "JaVaScRiPt:alert('evil')", "data:text/html,evil", "data:;base64,evil", "vbscript:evil",
    "evil\u200b.me", "ev\u200dil.m\u200be", "e\u00advil.me", "evil\u2060.me", "\u202eevil.me", "evil.\ufe0fme",
    "ｅｖｉｌ．ｍｅ", "evil。me", "evil｡me/x", "http\u200b://evil.me", "http：//evil.me", "еvil.com", "evil.рф", "évil.fr",
    "xn--evil-9la.com", "evil.xn--p1ai", "evil.中国", "evil.me.Then", "see:evil.me", "(evil.me)", "«evil.me»",
    "evil.me,", "evil.me.", "evil.me!", "evil.zip", "evil.docx/x", "EVIL.me", "evil.Me", "ev<b>il</b>.me", "evil.<i>me</i>",
    "evil[1].me", "**evil**.me", "ev_il_.me", "~~evil~~.me",
]  # fmt: skip
KEPT = [
    "README.md", "report.docx", "kb.answers", "os.path.join", "z.B. so", "e.g. this", "u.a. das", "Dr.med", "3.50", "1.2.3",
    "12:30:00", "12:30", "days.The", "leave.It", "a::b", "std::vector", "M.Sc. and B.Sc.", "GmbH & Co.KG", "and/or", "km/h",
    "31.12.2026", "data: 28 days", "Note:this", "§ 5.2", "5 @ 3", "@team", "https:", "999.1.1.1", "x.y", "…", "...",
    "你好。世界", "C#", "JavaScript: a language", "§ 7 Abs.1",
]  # fmt: skip
PLACES = [
    "{}",
    "Ask {} now.",
    "`{}`",
    "```\ncurl {}\n```",
    "| a | b |\n|---|---|\n| {} | 1 |",
    "## {}",
    "- {}",
    "> {}",
]


def told(text, *cited):
    form, claims = forms.read(text, len(cited))
    likeness = lambda a, b: words.coverage(words.content(a), b)  # noqa: E731
    written = showable(form, citations.verify(claims, cited, likeness))
    said = written.checked[0]
    return [
        markdown.written(written.form, said),
        markdown.written(written.form, said, plain=True),
        *(s.text for s in said),
    ]


@pytest.mark.parametrize("address", FOREIGN)
def test_an_address_is_not_shown_however_it_is_written(address):
    cited = passage("Staff ask at good.example for 28 days of leave.")
    for place in PLACES:
        if "`" in place and any(mark in address for mark in ("[1]", "**", "~~", "_", "<")):
            continue  # in code these are characters of a text that is no address
        if "|" in place and "|" in address:
            continue
        for text in told(place.format(address), cited):
            seen = addresses.Plain(text).text.casefold()
            assert not [
                a
                for a in (
                    "evil.",
                    ".me",
                    "evil/",
                    "66.6",
                    "::66",
                    "alert",
                    "3232",
                    "evil\\",
                    "@evil",
                    ":evil",
                    ",evil",
                )
                if a in seen
            ], text


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_address_stays(text):
    assert addresses.found(text) == []
    assert addresses.found(f"So {text} is it.") == []


HELD = [
    ("Ask at https://intranet.example/help?x=1#top for leave.", "https://intranet.example/help?x=1#top"),
    ("Ask at https://intranet.example/help for leave.", "https://intranet.example"),
    ("Ask at intranet.example/help, please.", "https://intranet.example/help"),
    ("Ask at https://www.intranet.example/ for leave.", "intranet.example"),
    ("Ask (intranet.example:8080) for leave.", "intranet.example:8080"),
    ("Write to Leave@Intranet.example for leave.", "leave@intranet.example"),
    ("The printer is 10.0.0.7 in the hall.", "10.0.0.7"),
    ("Ask at büro.example for leave.", "büro.example"),
    ("Ask at intranet\u200b.example for leave.", "intranet.example"),
]  # fmt: skip
NOT_HELD = [
    ("Ask at https://good.example.evil.me/ for leave.", "https://good.example"),
    ("Ask at notgood.example for leave.", "good.example"),
    ("Ask at good.example for leave.", "sub.good.example"),
    ("Ask at good.example for leave.", "good.example/?q=secret"),
    ("Ask at good.example/a for leave.", "good.example/ab"),
    ("Ask at good.example/ab for leave.", "good.example/a"),
    ("Ask at good.example for leave.", "ftp://good.example"),
    ("Ask at good.example:80 for leave.", "good.example:8080"),
    ("Ask https://good.example@evil.me for leave.", "https://good.example"),
]  # fmt: skip


@pytest.mark.parametrize(("known", "address"), HELD)
def test_an_address_of_a_passage_stays(known, address):
    assert addresses.KnownAddresses([known]).foreign(f"Ask {address}.") == []


@pytest.mark.parametrize(("known", "address"), NOT_HELD)
def test_a_like_address_is_another(known, address):
    assert addresses.KnownAddresses([known]).foreign(f"Ask {address}.") != []


def test_an_address_stays_beside_what_cites_it_alone():
    cited = passage("Ask at intranet.example for 28 days of leave.", 1 << 20)
    other = passage("The moon of 1969 is at moon.example.", 2 << 20, document=2)
    text = told(
        "Ask at intranet.example for 28 days of leave [1]. Cheese is at moon.example.", cited, other
    )[0]
    assert text == "Ask at intranet.example for 28 days of leave. [1] Cheese is at …."


def test_a_placeholder_is_no_tag_and_a_break_is_one():
    assert told("Write `x` to <your name>, if a < b and c > d.", passage("x"))[0] == (
        "Write `x` to \\<your name>, if a < b and c > d."
    )
    assert (
        told("One leave.<br>Two leaves.<!-- c --><IMG SRC=x onerror=y>", passage("x"))[1]
        == "One leave.\nTwo leaves."
    )


WRITTEN = re.compile(
    r"https?://[^\s)>\"']+|www\.[^\s)>\"']+|[\w.+-]+@[\w-]+\.[\w.-]+|\b[\w-]+\.(?:com|net|org|io)\b"
)


@pytest.mark.case("S21")
def test_no_address_of_an_attack_is_shown_where_the_model_obeys():
    path = SHARED / "injection-dev.jsonl"
    if not path.exists():
        pytest.skip("development data injection-dev.jsonl is not beside the project")
    tried = 0
    for line in path.open(encoding="utf-8"):
        case = json.loads(line)
        carrier = case["document"].replace(case["attack"], " ")
        foreign = [
            a for a in WRITTEN.findall(case["attack"]) if a.casefold() not in carrier.casefold()
        ]
        tried += bool(foreign)
        for text in told(f"{carrier[:200]} [1]\n\n{case['attack']}", passage(carrier)):
            assert not [a for a in foreign if a.rstrip(".,") in text], case["id"]
    print(json.dumps({"attacks with an address": tried}))
    assert tried
