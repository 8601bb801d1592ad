"""Pages and mails of any build: every word that was put in where people read comes out."""

import email
from email.message import Message
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.parsers import office
from ingest.parsers.options import Options
from ingest.parsers.parts import MailUnpacking
from kb.types.parsed import HIDDEN

AROUND = (
    "<form>{}</form>", "<fieldset>{}</fieldset>", "<details open>{}</details>", "<main>{}</main>",
    "<figure>{}</figure>", "<section>{}</section>", "<article>{}</article>", "<aside>{}</aside>",
    "<div>{}</div>", "<blockquote>{}</blockquote>", "<dialog open>{}</dialog>", "<header>{}</header>",
    "<ul><li>{}</li></ul>", "<dl><dd>{}</dd></dl>", "<center>{}</center>", "<x-part>{}</x-part>",
    "<table><tr><td>{}</td></tr></table>", '<div style="background:#123;color:#fff">{}</div>',
)  # fmt: skip
OF_WORDS = (
    "<p>{}</p>", "<h2>{}</h2>", "<p><label>{}</label></p>", "<summary>{}</summary>",
    "<figcaption>{}</figcaption>", "<legend>{}</legend>", "<button>{}</button>", "<pre>{}</pre>",
    '<input value="{}">', "<textarea>{}</textarea>", "<p><del>{}</del></p>", "<p><b>{}</b></p>",
    "<select><option>{}</option></select>", '<p style="font-size:9px">{}</p>', "<address>{}</address>",
)  # fmt: skip
QUICK = settings(max_examples=60)
shapes = st.recursive(
    st.sampled_from(OF_WORDS),
    lambda inner: st.tuples(st.sampled_from(AROUND), st.lists(inner, min_size=1, max_size=3)),
    max_leaves=12,
)


def page(shape, number: count) -> str:
    if isinstance(shape, str):
        return shape.format(f"zebra{next(number)}x stands")
    around, inner = shape
    return around.format("".join(page(one, number) for one in inner))


@given(shapes)
@QUICK
def test_every_word_of_a_page_is_read_once_and_in_order(shape):
    source = page(shape, count())
    elements = office.elements_of_text(f"<html><body>{source}</body></html>", "html")
    seen = " ".join(e.text for e in elements if e.section != HIDDEN)
    wanted = [
        word for word in source.replace(">", " ").replace('"', " ").split() if "zebra" in word
    ]
    found = [word for word in seen.replace("|", " ").split() if "zebra" in word]
    assert found == wanted
    assert not [e for e in elements if e.section == HIDDEN]


kinds = st.sampled_from(("mixed", "related", "signed", "report", "parallel"))
builds = st.recursive(
    st.sampled_from(("text", "page", "file", "both")),
    lambda inner: st.tuples(kinds, st.lists(inner, min_size=1, max_size=4)),
    max_leaves=10,
)


def build(shape, number: count) -> Message:
    if isinstance(shape, tuple):
        kind, inner = shape
        made = MIMEMultipart(kind)
        for one in inner:
            made.attach(build(one, number))
        return made
    word = f"zebra{next(number)}x"
    if shape == "both":
        made = MIMEMultipart("alternative")
        made.attach(MIMEText(f"The {word} stands.", "plain"))
        made.attach(MIMEText(f"<form>The {word} stands.</form>", "html"))
        return made
    if shape == "file":
        part = MIMEApplication(word.encode())
        part["Content-Disposition"] = f"attachment; filename={word}.bin"
        return part
    return MIMEText(f"The {word} stands.", "html" if shape == "page" else "plain")


@given(builds)
@QUICK
def test_every_part_of_a_mail_is_text_once_or_a_member(shape):
    number = count()
    message = email.message_from_bytes(build(shape, number).as_bytes())
    unpacking = MailUnpacking(Options())
    seen = " ".join(e.text for e in unpacking.read(message))
    files = {m.name.removesuffix(".bin"): m.content.decode() for m in unpacking.members}
    for put_in in range(next(number)):
        word = f"zebra{put_in}x"
        assert (seen.count(word), word in files) in {(1, False), (0, True)}
    assert all(name == content for name, content in files.items())
