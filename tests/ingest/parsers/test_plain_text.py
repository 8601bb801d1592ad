"""What is called a text is one: no line of it is lost to a guess at what else it could be."""

import pytest

from tests.parts.files import mail, parse, text_of

MEMO = (
    "Project: Heron\nBudget: 48,000 euros\nParticipants: Alder, Birch\nFrom: 3 June 2026\n"
    "To: 5 June 2026\nSubject: Kick-off\nLocation: Hall 9\n\nThe kick-off is in Hall 9.\n"
)
TEXTS = {
    "memo.txt": MEMO,
    "copied.txt": "From: Ada <ada@example.org>\nTo: Ben <ben@example.org>\nOwner: Carl\n\nHello.\n",
    "settings.yaml": "name: warehouse\nversion: 3\nfrom: depot-west\nretries: 17\n",
    "owner.log": "Subject: Tanks\nOwner: Benno\nInterval: every Friday\nfrom: 2026\n",
    "chat.txt": "From alice 12:30 hello\nBob: the gate is open\nAlice: thanks\n",
    "page.txt": "<html>\n<script>let gate = 5</script>\nThe page says so.\n</html>\n",
    "entry.log": "BEGIN:VCALENDAR\nX-SEEN: gate five\nEND:VCALENDAR\n",
    "tree.log": "<?xml version='1.0'?>\n<open>\nthe tag is never closed\n",
    "form.txt": "The header of the file is %PDF-1.7 and it ends with EOF.\n",
    "name.md": "BZhang wrote this note.\n",
    "steps.log": "start\x00\x00\x00\x1b[31mred\x1b[0m\nstep two of three\nend of it\n" * 3,
    "signed.txt": "-5 degrees in the hall\n- first point\n\n* second point\n",
}


UNSEEN = {0: " ", 0x1B: " "}
"""Control characters, which nobody sees, become spaces."""


@pytest.mark.parametrize("name", TEXTS)
def test_no_line_is_lost(name, tmp_path):
    (tmp_path / name).write_text(TEXTS[name])
    parsed = parse(tmp_path / name)
    assert parsed.media_type in {"text/plain", "text/markdown"}
    shown = " ".join(text_of(parsed).split())
    for word in TEXTS[name].translate(UNSEEN).replace("*", " ").replace("- ", " ").split():
        assert word in shown


def test_a_mail_that_a_program_wrote_is_one_whatever_its_name(tmp_path):
    mail(tmp_path / "a.eml")
    content = (tmp_path / "a.eml").read_bytes()
    for name in ("saved.txt", "1741.M5P2.host", "message"):
        (tmp_path / name).write_bytes(content)
        assert parse(tmp_path / name).media_type == "message/rfc822"
