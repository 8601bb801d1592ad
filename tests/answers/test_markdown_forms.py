"""Whatever Markdown a model writes: its tree, copies, page and receipt are made, and hold every word."""

import html
import itertools
import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.answers import forms
from kb.answers.drafts import showable
from kb.answers.pen import Pen
from kb.answers.pen import shown as to_read
from kb.surface import showing
from kb.types.answers import Answer, Sentence
from kb.types.forms import Block, Form
from tests.parts.passages import passage
from web import rendering

ODD = {
    "empty code": "One.\n\n```\n```\n\nTwo.",
    "empty code alone": "```\n```",
    "code that is not closed": "One.\n\n```sh\nmake it",
    "code that has only begun": "```",
    "code of spaces": "```\n   \n```",
    "code in a list": "- One\n  ```\n  ```\n- Two",
    "code in a quotation": "> ```\n> make it\n> ```\n> Two",
    "code of tildes within ticks": "```\n~~~\nSources:\n• one\n```\nTwo.",
    "code of ticks within code": "````\n```\nOne\n```\n````",
    "empty inline code": "One ` ` two `` three.",
    "empty items": "-\n- One\n-\n\n1.\n2. Two\n",
    "empty heading": "#\n\n## \n\n### One",
    "heading alone": "## One",
    "empty quotation": ">\n\n> One",
    "nested quotations": "> > > One\n> > Two\n> Three",
    "table of a head": "| One | Two |\n|---|---|",
    "table of empty cells": "| | |\n|---|---|\n| | |\n| One | |",
    "table with short and long rows": "| One | Two |\n|---|---|\n| Three |\n| Four | Five | Six |",
    "table in a list": "- One\n\n  | Two | Three |\n  |---|---|\n  | Four | 5 |",
    "table with breaks": "| One |\n|---|\n| Two<br>Three |",
    "rules": "---\n\n***\n\nOne\n\n___",
    "html": "<div>One</div>\n\n<table><tr><td>Two</td></tr></table>\n\n<details>\n<summary>Three</summary>\n\nFour\n</details>",
    "comment": "One <!-- two --> three.",
    "a script": "<script>alert(1)</script>\n\nOne.",
    "entities": "One &amp; two &lt;three&gt; &nbsp; four &#8364; &unknown; &#0;",
    "breaks": "One  \ntwo\\\nthree<br/>four",
    "escapes": r"\*One\* \# two \[three\](four) \\ five \`six\`",
    "pictures": "![One](two.png) ![](three.png) [![Four](four.png)](five.html)",
    "links without words": "[](one) [ ](two) [Three]() [Four](<five six>)",
    "references": "[One][two] and [two].\n\n[two]: /there \"Three\"",
    "emphasis": "***One** two* _three_ __four__ ~~five~~ *six **seven* eight**",
    "unclosed emphasis": "**One\n\n*Two ~~three `four",
    "two lists": "- One\n- Two\n\n* Three\n\n1. Four\n\n1) Five",
    "a list that begins late": "7. Seven\n8. Eight",
    "a list that begins at nothing": "0. Nought\n1. One",
    "a long number": "999999999. One\n\n1234567890. Two",
    "list after a paragraph": "One:\n- Two\n- Three\nFour",
    "lazy lines": "> One\ntwo\n- Three\nfour",
    "tabs": "-\tOne\n\n\tTwo\n\t- Three",
    "windows' lines": "One.\r\n\r\n- Two\r\n- Three\rFour",
    "points": "• One\n• Two\n  ◦ Three\n– Four",
    "tasks": "- [ ] One\n- [x] Two",
    "nul": "One\x00two\n\n\x00",
    "right to left": "‫שלום עולם. זה 28 ימים.‬ עוד.",
    "outside the plane": "𝒞ost is 28 𝒟ays. 👩‍👩‍👧 live here. 𐍈 too.",
    "combining": "Cafe\u0301 has 28 e\u0301te\u0301s. Na\u0308chste.",
    "separators": "One\u2028two\u2029three\x0bfour\x0cfive\x85six",
    "a lead-in": "Here is what the documents say:",
    "nothing": "",
    "spaces": "  \n \n\t\n",
    "markers alone": "[1]\n\n[2][3]\n\n¹",
    "text after sources": "One.\n\nSources:\n\nTwo is after it.",
    "a sentence about a source": "Source: tap water is used in the hall.",
}  # fmt: skip
RECEIPT = rendering._environment("en").from_string(
    '{% import "form.html" as forms with context %}{{ forms.blocks(form, sentences) }}'
)
FACES = re.compile(r"</?(?:strong|em|s|code|span|a)\b[^>]*>")
LEFT = {
    "alert",
    "amp",
    "lt",
    "gt",
    "nbsp",
    "8364",
    "unknown",
    "0",
    "x",
    "png",
    "html",
    "there",
    "1",
    "2",
    "3",
}
"""What is no word: names of entities and of files, numbers of passages."""
TAGS = re.compile(
    r"</?[a-z]+/?>|<!--.*?-->|```sh|[¹²³]|\]\([^)]*\)|\]: .*|\bSources:(?=\n•)|^\d+[.)] ",
    re.MULTILINE,
)


def plain(form: Form) -> str:
    """All text of a tree."""
    return " ".join(_texts(form))


def _texts(form):
    for block in form:
        for said in block.said:
            yield "".join(run.text for run in said.runs)
        for item in block.items:
            yield from _texts(item)
        for cell in itertools.chain(block.head, *(row.cells for row in block.rows)):
            yield "".join(run.text for run in cell)


def words(text: str) -> list[str]:
    return [w for w in re.findall(r"[^\W_]+", text.casefold()) if w not in LEFT]


def shown(text: str) -> Answer:
    """An answer as it is finished, kept, and read again."""
    form, claims = forms.read(text, 3)
    checked = tuple(Sentence(claim.text, (), False) for claim in claims)
    written = showable(form, (checked, ()))
    kept = msgspec.json.decode(msgspec.json.encode(written.form), type=Form)
    assert kept == written.form
    said = written.checked[0]
    return Answer(
        id="a", question="q", text="", mode="generated", notice=None, sentences=said, citations=(),
        passages=(), model="m", seconds=0.1, form=kept,
    )  # fmt: skip


def drawn(blocks) -> None:
    """What ``web/static/form.js`` takes for granted of a tree."""
    for block in blocks:
        assert block["kind"] in {"paragraph", "heading", "list", "table", "quote", "rule", "code"}
        if block["kind"] in {"paragraph", "heading", "code"}:
            assert all(
                isinstance(run["text"], str) for said in block["said"] for run in said["runs"]
            )
        if block["kind"] == "code":
            assert len(block["said"]) == 1
        if block["kind"] == "quote":
            assert len(block["items"]) == 1
        for row in block.get("rows", []):
            assert row["cells"]
        for item in block.get("items", []):
            drawn(item)


def checked(text: str, wanted: list[str]) -> None:
    answer = shown(text)
    page = showing.shown(answer)
    drawn(page["form"])
    drawn_there = RECEIPT.render(form=answer.form, sentences=answer.sentences)
    receipt = html.unescape(re.sub(r"<[^>]*>", " ", FACES.sub("", drawn_there)))
    copies = [plain(answer.form), page["plain"], page["markdown"].replace("\\", ""), receipt]
    again = plain(forms.read(page["markdown"], 3)[0])
    for copy in [*copies, again]:
        have = set(words(copy))
        assert [w for w in wanted if w not in have] == []
    pen = Pen([passage("One")])
    for end in range(0, len(text) + 1, max(1, len(text) // 7)):
        if pen._begins or to_read(text[:end]) != text[:end]:  # else the pen reads just this
            forms.so_far(text[:end], 3)
        pen._rest = 0.0
        pen.wrote(text[:end])


@pytest.mark.parametrize("name", ODD)
def test_odd_markdown_keeps_its_words(name):
    checked(ODD[name], words(TAGS.sub(" ", ODD[name])))


@pytest.mark.parametrize("mark", ["- ", "> ", "1. ", "* ", "> - ", "- > 1. "])
def test_lists_and_quotations_of_five_hundred_levels_lose_no_word(mark):
    checked(mark * 500 + "One", ["one"])
    width = max(1, len(mark) - mark.count(">"))
    stairs = "\n".join(f"{' ' * (width * n)}{mark}word{n}" for n in range(500))
    checked(stairs, [f"word{n}" for n in range(500)])


WORD = st.integers(10_000, 99_999).map(lambda n: f"w{n}")
MARKS = st.sampled_from(["{}", "**{}**", "*{}*", "`{}`", "~~{}~~", "[{}](a.b)", "![{}](c)", "{} [1]", "<b>{}</b>", "{}<br>", "({})", '"{}"'])  # fmt: skip
INLINE = st.lists(st.builds(lambda m, w: m.format(w), MARKS, WORD), min_size=0, max_size=4).map(
    " ".join
)
SENTENCE = st.builds(
    lambda text, end: text + end, INLINE, st.sampled_from(["", ".", "!", ":", "  ", "\\"])
)
LEAF = st.one_of(
    SENTENCE, st.builds("{} {}".format, st.sampled_from(["#", "##", "######"]), INLINE), st.just("---"), st.just(""),
    st.builds("```{}\n{}\n```".format, st.sampled_from(["", "sh"]), st.one_of(WORD, st.just(""))), st.builds("~~~\n{}".format, WORD),
    st.builds("| {} | {} |\n|---|---|\n| {} |\n| | {} | {} |".format, WORD, WORD, INLINE, WORD, WORD),
)  # fmt: skip


def _indented(mark, text):
    head, *rest = text.split("\n")
    return "\n".join(
        [mark + head, *((">" if mark == "> " else " " * len(mark)) + line for line in rest)]
    )


MARKED = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map("\n\n".join), st.lists(inner, max_size=3).map("\n".join),
        st.builds(_indented, st.sampled_from(["- ", "* ", "1. ", "10) ", "> "]), inner),
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=25)
@given(MARKED)
def test_generated_markdown_keeps_its_words(text):
    checked(text, re.findall(r"w\d{5}", text))


@settings(max_examples=25)
@given(st.text(st.sampled_from("a1 \n\t.-*_`#>|[]()!<&;~\\:\"'é²€\u200b𝒞"), max_size=80))
def test_any_text_has_a_form(text):
    checked(text, [])


def test_code_without_content_has_a_place_for_it():
    assert shown("```\n```").form == (Block("code", said=forms.read("```\n```", 1)[0][0].said),)
