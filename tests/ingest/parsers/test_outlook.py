"""Outlook's own files: winmail.dat, rich text as it packs it, messages attached to messages."""

import struct
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

from ingest.parsers import mail, mapi, outlook
from ingest.parsers.options import Options
from tests.parts.files import parse, text_of, zipped

TEXT = "Please find the price list attached."


def tnef(*attributes: tuple[int, int, bytes]) -> bytes:
    """[MS-OXTNEF]: level, number, length, value, sum of its bytes."""
    output = bytes.fromhex("789f3e22") + b"\x01\x00"
    for level, number, value in attributes:
        output += struct.pack("<BII", level, number, len(value)) + value
        output += struct.pack("<H", sum(value) & 0xFFFF)
    return output


def test_winmail_dat_is_opened(tmp_path):
    name = "Stühle.csv".encode("utf-16-le") + b"\0\0"
    body = b"The order is for nine stools.\0"
    unpadded = struct.pack("<HHII", 0x1E, 0x1000, 1, len(body)) + body
    properties = struct.pack("<I", 1) + unpadded.ljust(len(unpadded) + 3 & ~3, b"\0")
    long_name = struct.pack("<IHHII", 1, 0x1F, 0x3707, 1, len(name)) + name + b"\0\0"
    packed = tnef(
        (1, 0x00018004, b"Order\0"),
        (1, 0x00069003, properties),
        (2, 0x00069002, bytes(14)),
        (2, 0x00018010, b"STUEHL~1.CSV\0"),
        (2, 0x0006800F, b"item;price\nStool;39\n"),
        (2, 0x00069005, long_name),
    )
    wrapper = MIMEApplication(packed, "ms-tnef", name="winmail.dat")
    outer = MIMEMultipart("mixed")
    outer["From"] = "a@example.test"
    outer.attach(MIMEText(TEXT))
    outer.attach(wrapper)
    (tmp_path / "a.eml").write_bytes(outer.as_bytes())
    parsed = parse(tmp_path / "a.eml")
    [member] = parsed.members
    (tmp_path / member.name).write_bytes(member.content)
    opened = parse(tmp_path / member.name)
    assert "Subject: Order" in text_of(opened)
    assert "The order is for nine stools." in text_of(opened)
    assert [(m.name, m.content) for m in opened.members] == [
        ("Stühle.csv", b"item;price\nStool;39\n")
    ]


def test_packed_rich_text_is_that_of_the_specification():
    """The example of [MS-OXRTFCP], section 4.1."""
    from ingest.parsers.compressed_rtf import unpacked

    packed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a0072637067313235423"
        "20af32068656c090020627705b06c647d0a800fa0"
    )
    assert unpacked(packed) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


def test_a_message_attached_in_outlook_is_a_member(tmp_path):
    from oxmsg.storage import Storage, Stream

    def stream(number: int, text: str) -> Stream:
        return Stream(f"__substg1.0_{number:04X}001F", text.encode("utf-16-le"))

    def storage(name: str, streams: list[Stream], inside: list[Storage] = []) -> Storage:  # noqa: B006
        fixed = Stream("__properties_version1.0", bytes(32))
        return Storage(name, (fixed, *streams), tuple(inside))

    data = Stream("__substg1.0_37010102", zipped({"deep.txt": b"words"}))
    attachment = storage("__attach_version1.0_#00000000", [stream(0x3707, "Ü.zip"), data])
    inner = storage(
        "__substg1.0_3701000D",
        [stream(0x0037, "Inner"), stream(0x1000, "The code is MARABU.")],
        [attachment],
    )
    outer = storage(
        "",
        [stream(0x0037, "Outer"), stream(0x1000, TEXT), stream(0x0C1A, "Ada")],
        [storage("__attach_version1.0_#00000000", [], [inner])],
    )
    item = outlook._message(outer, outlook.TOP, 0)
    parsed = mail.parsed(mapi.as_mail(item), "msg", Options())
    assert TEXT in text_of(parsed)
    [member] = parsed.members
    assert member.name == "Inner.eml"
    (tmp_path / "inner.eml").write_bytes(member.content)
    opened = parse(tmp_path / "inner.eml")
    assert "The code is MARABU." in text_of(opened)
    assert [(m.name, m.content) for m in opened.members] == [("Ü.zip", data.bytes_)]
