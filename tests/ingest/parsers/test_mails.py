"""Mails of every build: what their parts hold, walked leaf by leaf, is text or a member."""

import datetime
import email
import io
from email.message import EmailMessage, Message
from email.mime.application import MIMEApplication
from email.mime.base import MIMEBase
from email.mime.image import MIMEImage
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from PIL import Image

from kb.types.parsed import Notice, Parsed
from tests.parts.files import parse, text_of

TEXT = "Please find the price list attached."
PAGE = f"<p>{TEXT}</p>"
INVITATION = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//a//b\r\nBEGIN:VEVENT\r\nUID:1\r\n"
    "SUMMARY:Budget round\r\nDTSTART:20260612T080000Z\r\nLOCATION:Room Uhu\r\n"
    "END:VEVENT\r\nEND:VCALENDAR\r\n"
)


def attached(name: str, content: bytes = b"item;price\nStool;39\n") -> MIMEBase:
    part = MIMEApplication(content, "octet-stream")
    part["Content-Disposition"] = f'attachment; filename="{name}"'
    return part


def of(kind: str, *parts: Message, **parameters: str) -> MIMEMultipart:
    made = MIMEMultipart(kind, **parameters)
    for part in parts:
        made.attach(part)
    return made


def plain(text: str = TEXT) -> MIMEText:
    return MIMEText(text, "plain", "utf-8")


def page(text: str = PAGE) -> MIMEText:
    return MIMEText(text, "html", "utf-8")


def inner_mail() -> EmailMessage:
    inner = EmailMessage()
    inner["From"] = "x@example.test"
    inner["Subject"] = "The real message"
    inner.set_content("The tender closes on 9 May.")
    inner.add_attachment(b"item;price\nLamp;19\n", maintype="text", subtype="csv", filename="l.csv")
    return inner


BUILDS = {
    "signed": of("signed", of("mixed", plain(), attached("a.csv")), attached("smime.p7s", b"sig")),
    "wrapped": of("mixed", of("mixed", plain(), attached("a.csv")), plain("This was scanned.")),
    "apple": of("alternative", plain(), of("mixed", page(), attached("a.csv"))),
    "apple, text behind": of(
        "mixed", plain(), attached("a.csv"), plain("The discount code is HORNET.")
    ),
    "related": of("mixed", of("alternative", plain(), of("related", page(), attached("a.csv")))),
    "deep": of("mixed", of("mixed", of("mixed", of("related", page(), attached("a.csv"))))),
    "certified": of(
        "signed",
        of(
            "mixed",
            of("alternative", plain(), page()),
            attached("daticert.xml", b"<postacert/>"),
            MIMEMessage(inner_mail()),
        ),
        attached("smime.p7s", b"sig"),
    ),
    "report": of("report", plain(), MIMEMessage(inner_mail())),
    "digest": of("digest", MIMEMessage(inner_mail())),
}


def read(message: Message, tmp_path) -> Parsed:
    message["From"] = message["From"] or "a@example.test"
    path = tmp_path / "a.eml"
    path.write_bytes(message.as_bytes())
    return parse(path)


def leaves(message: Message) -> list[Message]:
    """The parts of a mail that hold something, down to the mails within it."""
    if message.get_content_type() == "message/rfc822" or not message.is_multipart():
        return [message]
    return [leaf for part in message.get_payload() for leaf in leaves(part)]


@pytest.mark.parametrize("build", BUILDS)
def test_every_leaf_is_text_or_a_member(build, tmp_path):
    message = email.message_from_bytes(BUILDS[build].as_bytes())
    parsed = read(message, tmp_path)
    contents = {m.content.strip() for m in parsed.members}
    for leaf in leaves(message):
        if leaf.get_content_type() == "message/rfc822":
            [inner] = leaf.get_payload()
            kept = [m for m in parsed.members if m.name.endswith(".eml")]
            assert inner["Subject"] in {
                email.message_from_bytes(m.content)["Subject"] for m in kept
            }
        elif leaf.get_content_maintype() == "text":
            words = leaf.get_payload(decode=True).decode()
            assert words.removeprefix("<p>").removesuffix("</p>") in text_of(parsed)
        else:
            assert leaf.get_payload(decode=True).strip() in contents
    assert text_of(parsed).count(TEXT) <= 1, "alternatives are one text"


def test_the_alternative_that_has_text_wins(tmp_path):
    empty = page('<html><body><img src="cid:x"></body></html>')
    parsed = read(of("alternative", plain("Order Kiebitz 12 is here."), empty), tmp_path)
    assert "Kiebitz 12" in text_of(parsed)


@pytest.mark.parametrize("kind", ["alternative", "mixed"])
def test_an_invitation_is_read(kind, tmp_path):
    calendar = MIMEText(INVITATION, "calendar", "utf-8")
    parsed = read(of(kind, plain("You are invited."), calendar), tmp_path)
    assert "You are invited." in text_of(parsed)
    assert "Budget round" in text_of(parsed)
    assert "Start: 2026-06-12 08:00 UTC\nLocation: Room Uhu" in text_of(parsed)


def picture(size: tuple[int, int]) -> MIMEImage:
    output = io.BytesIO()
    Image.new("RGB", size, "white").save(output, "PNG")
    part = MIMEImage(output.getvalue(), "png")
    part["Content-ID"] = "<one>"
    part["Content-Disposition"] = "inline; filename=one.png"
    return part


def test_a_picture_in_the_text_is_a_member_if_it_can_be_read(tmp_path):
    parsed = read(of("related", page(), picture((1200, 400)), picture((120, 40))), tmp_path)
    assert [m.name for m in parsed.members] == ["one.png"]
    assert (parsed.problem, parsed.notices) == (
        None,
        (Notice("pictures_left_out", {"pictures": 1}),),
    )


def test_headers_are_read_whatever_they_are_written_in(tmp_path):
    path = tmp_path / "a.eml"
    path.write_bytes(
        b"From: " + "Müller, Jörg <j@example.test>".encode("cp1252") + b"\r\n"
        b"Subject: =?utf-8?B?UHLDvA==?=\r\n =?utf-8?B?ZnVuZyBkZXIgR2Vyw6R0ZQ==?=\r\n"
        b"Content-Type: text/plain; charset=unknown-8bit\r\n\r\n"
        + "Die Prüfung der Geräte – „jährlich“ – kostet 25 €.".encode("cp1252")
    )
    parsed = parse(path)
    assert parsed.title == "Prüfung der Geräte"
    assert parsed.author == "Müller, Jörg <j@example.test>"
    assert "Die Prüfung der Geräte – „jährlich“ – kostet 25 €." in text_of(parsed)


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("iso-8859-1", "cp1252"), ("us-ascii", "cp1252"), ("x-unknown", "utf-8"),
        ("gb2312", "gb18030"), ("iso-2022-jp", "iso2022_jp"), ("utf-7", "utf-7"),
        ("koi8-r", "koi8_r"), ("iso-8859-8-i", "iso8859_8"), ("shift_jis", "cp932"),
    ],
)  # fmt: skip
def test_a_charset_means_what_the_standard_says(label, codec, tmp_path):
    texts = {
        "gb18030": "交货期为十月十五日，联系人：陈燊。", "iso2022_jp": "会議は三月三日です。",
        "koi8_r": "Встреча во вторник.", "iso8859_8": "הפגישה ביום שלישי", "cp932": "会議①は三日です。",
    }  # fmt: skip
    text = texts.get(codec, "Der Preis beträgt 25 € – „gültig“ bis Juni.")
    path = tmp_path / "a.eml"
    head = f"From: a@b\r\nSubject: x\r\nContent-Type: text/plain; charset={label}\r\n\r\n"
    path.write_bytes(head.encode() + text.encode(codec))
    assert text in text_of(parse(path))


def test_soft_breaks_are_joined_and_files_in_letters_are_members(tmp_path):
    import binascii

    path = tmp_path / "a.eml"
    file = binascii.b2a_uu(b"The note says: gate 5")
    path.write_bytes(
        b"From: a@b\r\nSubject: x\r\nContent-Type: text/plain; format=flowed; delsp=yes\r\n\r\n"
        b"The main \r\ntenance is done.\r\n\r\nbegin 644 note.txt\n" + file + b"`\nend\n"
    )
    parsed = parse(path)
    assert "The maintenance is done." in text_of(parsed)
    assert [(m.name, m.content) for m in parsed.members] == [("note.txt", b"The note says: gate 5")]


def signed(content: bytes, encoding: str) -> bytes:
    """By OpenSSL, with a certificate of its own."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import pkcs7

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
        .public_key(key.public_key()).not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1)).sign(key, hashes.SHA256())
    )  # fmt: skip
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(certificate, key, hashes.SHA256())
    how = getattr(serialization.Encoding, encoding)
    return builder.sign(how, [pkcs7.PKCS7Options.Binary])


def test_signed_envelopes_are_opened(tmp_path):
    inside = of("mixed", plain(), attached("a.csv")).as_bytes()
    envelope = MIMEApplication(signed(inside, "DER"), "pkcs7-mime", name="smime.p7m")
    parsed = read(envelope, tmp_path)
    assert TEXT in text_of(parsed)
    assert [m.name for m in parsed.members] == ["a.csv"]
    contract = MIMEApplication(signed(b"contract words", "DER"), "pkcs7-mime", name="c.txt.p7m")
    parsed = read(of("mixed", plain(), contract), tmp_path)
    assert [(m.name, m.content) for m in parsed.members] == [("c.txt", b"contract words")]
    for encoding in ("DER", "PEM"):
        (tmp_path / "c.txt.p7m").write_bytes(signed(b"contract words", encoding))
        alone = parse(tmp_path / "c.txt.p7m")
        assert [(m.name, m.content) for m in alone.members] == [("c.txt", b"contract words")]


def test_damaged_envelopes_are_kept_as_they_are(tmp_path):
    whole = signed(b"contract words", "DER")
    for cut in range(2, len(whole), 37):
        envelope = MIMEApplication(whole[:cut], "pkcs7-mime", name="smime.p7m")
        parsed = read(of("mixed", plain(), envelope), tmp_path)
        assert TEXT in text_of(parsed)


def test_deep_nesting_ends(tmp_path):
    lines = ["From: a@b", "Subject: x"]
    for depth in range(2000):
        lines += [f"Content-Type: multipart/mixed; boundary=b{depth}", "", f"--b{depth}"]
    (tmp_path / "a.eml").write_text("\r\n".join([*lines, "Content-Type: text/plain", "", "words"]))
    try:
        parse(tmp_path / "a.eml")
    except Exception as problem:
        assert getattr(problem, "code", "") in {"damaged", "no_text"}
