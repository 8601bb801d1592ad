"""Mails that are not as any standard wants them: nothing that a reader could see is lost."""

import email
from base64 import b64encode, encodebytes

import pytest

from kb.types.parsed import Parsed
from tests.parts.files import parse, text_of

HEAD = b"From: Ada <ada@example.test>\r\nSubject: Tender\r\nMIME-Version: 1.0\r\n"
TEXT = b"The tender closes on 9 May."
PARTS = (
    b"--real\r\nContent-Type: text/plain\r\n\r\n" + TEXT + b"\r\n--real\r\nContent-Type: "
    b'application/octet-stream\r\nContent-Disposition: attachment; filename="a.csv"\r\n\r\n'
    b"item;price\r\n--real--\r\n"
)


def read(content: bytes, tmp_path) -> Parsed:
    path = tmp_path / "a.eml"
    path.write_bytes(content)
    return parse(path)


@pytest.mark.parametrize("border", [b"", b'; boundary="another"', b"; boundary="])
def test_parts_are_found_whatever_border_is_named(border, tmp_path):
    parsed = read(HEAD + b"Content-Type: multipart/mixed" + border + b"\r\n\r\n" + PARTS, tmp_path)
    assert TEXT.decode() in text_of(parsed)
    assert [(m.name, m.content.strip()) for m in parsed.members] == [("a.csv", b"item;price")]


def test_a_text_without_parts_that_says_it_has_some_is_read(tmp_path):
    parsed = read(HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + TEXT, tmp_path)
    assert TEXT.decode() in text_of(parsed)


def test_a_picture_that_is_called_a_text_is_a_file(tmp_path):
    picture = bytes(range(256)) * 40
    coded = email.message.Message()
    coded.set_payload(picture)
    email.encoders.encode_base64(coded)
    body = (
        b"--b\r\nContent-Type: text/plain\r\n\r\n" + TEXT + b"\r\n--b\r\nContent-Type: text/plain"
        b"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + coded.get_payload().encode() + b"\r\n--b--\r\n"
    )  # fmt: skip
    parsed = read(HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + body, tmp_path)
    assert text_of(parsed).endswith(TEXT.decode())
    assert [m.content for m in parsed.members] == [picture]


@pytest.mark.parametrize(
    ("head", "body", "seen"),
    [
        (b"Content-Transfer-Encoding: base64\r\n", b"VGhlIHRlbmRlciBjbG9zZXM", "The tender closes"),
        (b"Content-Transfer-Encoding: quoted-printable\r\n", b"50 =80 =ZZ and =E4=", "50 € =ZZ and ä"),
        (b"Content-Transfer-Encoding: 8-bit\r\n", b"The tender closes", "The tender closes"),
        (b"Content-Type: text/plain; charset=x-none\r\n", "Größe".encode("cp1252"), "Größe"),
        (b"Content-Type: text\r\n", b"The tender closes", "The tender closes"),
        (b"Content-Type: text/plain; charset=\r\n", b"The tender closes", "The tender closes"),
        (b"Content-Type: text/plain; format=flowed\r\n", b"one \r\ntwo\r\n-- \r\nAda", "one two\n-- \nAda"),
    ],
)  # fmt: skip
def test_damaged_texts_are_read_as_far_as_they_can_be(head, body, seen, tmp_path):
    text = text_of(read(HEAD + head + b"\r\n" + body, tmp_path))
    assert " ".join(seen.split()) in " ".join(text.split())


def test_headers_are_told_whatever_is_wrong_with_them(tmp_path):
    parsed = read(
        b"\r\n\r\nFrom: Ada <ada@example.test>\r\nTo: Ben <b@example.test>\r\nTo: Cem "
        b"<c@example.test>\r\nDate: Mon, 6 Jan 2025 10:00\r\nSubject: =?utf-8?Q?Pr=C3=BCfung?=\r\n"
        b"Message-ID: <1@example.test>\r\nX Broken\r\n\r\nThe tender closes.",
        tmp_path,
    )
    head = parsed.elements[0].text.split("\n")
    assert head == [
        "From: Ada <ada@example.test>",
        "To: Ben <b@example.test>, Cem <c@example.test>",
        "Date: Mon, 6 Jan 2025 10:00",
        "Subject: Prüfung",
    ]
    assert "The tender closes." in text_of(parsed)


def test_what_is_nested_too_deeply_is_said(tmp_path):
    depth = 70
    head = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(depth)
    )
    parsed = read(HEAD + head + b"Content-Type: text/plain\r\n\r\n" + TEXT, tmp_path)
    assert parsed.problem == "members_left_out"


@pytest.mark.parametrize("cut", range(4))
def test_base64_that_is_cut_short_is_read_as_far_as_it_goes(cut, tmp_path):
    """It may end within a group of four letters, in the text and in a file alike."""
    letters = b64encode(b"The pump is inspected every spring. " * 9 + b"x").decode().rstrip("=")
    letters = letters[: len(letters) - 4 - cut]
    head = "From: a@b.example\nMessage-ID: <1@b>\nMIME-Version: 1.0\n"
    said = "Content-Transfer-Encoding: base64\n"
    (tmp_path / "text.eml").write_text(f"{head}Content-Type: text/plain\n{said}\n{letters}\n")
    assert text_of(parse(tmp_path / "text.eml")).count("The pump is inspected every") == 9
    (tmp_path / "file.eml").write_text(
        f"{head}Content-Type: multipart/mixed; boundary=x\n\n--x\n\nSee there.\n--x\n"
        f"Content-Disposition: attachment; filename=a.txt\n{said}\n{letters}"
    )
    (member,) = parse(tmp_path / "file.eml").members
    assert member.content.count(b"The pump is inspected every") == 9


def test_a_text_that_says_it_is_base64_and_is_none_is_read(tmp_path):
    (tmp_path / "a.eml").write_text(
        "From: a@b.example\nMessage-ID: <1@b>\nContent-Transfer-Encoding: base64\n\n"
        "The pump in hall nine is inspected\nevery spring\n"
    )
    assert "The pump in hall nine is inspected" in text_of(parse(tmp_path / "a.eml"))


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "us-ascii", "nothing"])
def test_a_strange_byte_within_base64_costs_itself(charset, tmp_path):
    letters = encodebytes(b"The pump is inspected every spring. " * 9)
    head = b"Content-Transfer-Encoding: base64\nContent-Type: text/plain; charset="
    said = HEAD + head + charset.encode() + b"\n\n"
    parsed = read(said + letters[:100] + b"\xe9" + letters[100:], tmp_path)
    assert text_of(parsed).count("The pump is inspected every spring.") == 9


def test_a_text_of_another_alphabet_that_says_it_is_base64_is_read(tmp_path):
    said = b"Content-Transfer-Encoding: base64\nContent-Type: text/plain; charset=iso-8859-1\n\n"
    parsed = read(HEAD + said + "Die Größe der Pumpe\n".encode("latin-1"), tmp_path)
    assert text_of(parsed).endswith("Die Größe der Pumpe")


@pytest.mark.parametrize("end", [b"", b"x", b"xy"])
def test_what_a_list_wrote_under_base64_does_not_spoil_it(end, tmp_path):
    body = encodebytes(b"The pump is inspected every spring. " * 9 + end)
    foot = (
        b"\n____________________\nYou are on the list pumps; to leave it write to x@y.example\n" * 3
    )
    parsed = read(HEAD + b"Content-Transfer-Encoding: base64\n\n" + body + foot, tmp_path)
    content = text_of(parsed).encode() + b"".join(m.content for m in parsed.members)
    assert content.count(b"The pump is inspected every spring.") == 9


@pytest.mark.parametrize(
    "end",
    [
        "",
        "END:VEVENT\n",
        "LOCATION:Hall ni",
        "DTSTART;TZID=",
        "BEGIN:VALA",
        "END:VEV",
        "END:VEVENT\nEND",
        "END:VEVENT\r\nBEGIN:VEVENT",
    ],
)
def test_a_calendar_that_is_cut_short_has_its_entries(end, tmp_path):
    begun = "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nSUMMARY:Inspect the pump\n"
    (tmp_path / "a.ics").write_text(begun + end)
    read = parse(tmp_path / "a.ics")
    assert text_of(read) == "Inspect the pump"
    assert [n.code for n in read.notices] == ["parts_unread"]


@pytest.mark.parametrize("between", ["\r\n ", "\u2028", "\x0b", "\\n"])
@pytest.mark.parametrize("word", ["Begin", "End"])
def test_a_whole_calendar_is_not_taken_for_one_that_is_cut(word, between, tmp_path):
    (tmp_path / "a.ics").write_text(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:Inspect the pump\r\nDESCRIPTION:"
        f"Workshop.{between}{word}: 9 o'clock\r\nEND:VEVENT\r\nEND:VCALENDAR",
        newline="",
    )
    read = parse(tmp_path / "a.ics")
    assert read.notices == ()
    assert f"{word}: 9 o'clock" in text_of(read)
