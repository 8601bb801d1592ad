"""When a document is from: what is trusted before what, and what nobody believes."""

from datetime import UTC, datetime

import pytest

from ingest.parsers import dates
from ingest.reading import dating
from kb.types.parsed import HIDDEN, Element, Parsed

NOW = datetime(2026, 11, 27, tzinfo=UTC).timestamp()
SENT = "Tue, 14 Mar 2017 09:30:00 +0100"


def moment(written):
    return datetime.fromisoformat(written).replace(tzinfo=UTC).timestamp()


def parsed(*texts, media_type="m", **known):
    elements = tuple(t if isinstance(t, Element) else Element(kind="Text", text=t) for t in texts)
    return Parsed(parser="p", media_type=media_type, elements=elements, **known)


def dated(read, path="a.docx", mtime="2026-10-01", language="en"):
    mtime_ns = int(moment(mtime) * 1e9) if mtime else 0
    own = dating.of(read, path, mtime_ns, language, NOW)
    return own and (datetime.fromtimestamp(own.moment, UTC).date().isoformat(), own.source)


def test_the_order_of_trust():
    """Each who says it is taken away in turn; the next one counts."""
    known = {
        "sent": moment("2020-01-02"),
        "changed": moment("2020-05-06"),
        "created": moment("2020-06-07"),
    }
    head, path = ["Stand: 03/2020"], "2018/2020-04-05 Protokoll.docx"
    assert dated(parsed(*head, **known), path) == ("2020-01-02", "header")
    del known["sent"]
    assert dated(parsed(*head, **known), path) == ("2020-03-01", "text")
    assert dated(parsed("Words.", **known), path) == ("2020-04-05", "name")
    assert dated(parsed("Words.", **known), "2018/Protokoll.docx") == ("2018-01-01", "folder")
    assert dated(parsed("Words.", **known)) == ("2020-05-06", "changed")
    del known["changed"]
    assert dated(parsed("Words.", **known)) == ("2020-06-07", "created")
    assert dated(parsed("Words.")) == ("2026-10-01", "file")
    assert dated(parsed("Words."), mtime=None) is None


@pytest.mark.parametrize("media_type", ["application/pdf", "application/epub+zip"])
def test_what_is_made_from_another_file_is_from_when_it_was_made(media_type):
    read = parsed("W.", media_type=media_type, created=moment("2020-05-06"), changed=NOW)
    assert dated(read) == ("2020-05-06", "created")


def test_what_cannot_be_is_not_believed_and_the_next_one_counts():
    ahead, before = moment("2031-01-01"), moment("1969-07-20")
    assert dated(parsed("Stand: 03/2031", changed=ahead), "2031-01-02.docx") == (
        "2026-10-01", "file",
    )  # fmt: skip
    assert dated(parsed("Stand: 03/1965", changed=before, created=moment("1999-04-05"))) == (
        "1999-04-05", "created",
    )  # fmt: skip
    assert dated(parsed("Words."), mtime="2031-01-01") is None
    assert dated(parsed("Words."), "2031/2019/a.txt") == ("2019-01-01", "folder")
    assert dated(parsed("Words."), "2019/2031/a.txt") == ("2019-01-01", "folder")


@pytest.mark.parametrize(
    "written",
    ["1980-01-01", "2000-01-01", "2013-12-23T23:15:00", "2006-09-16", "2013-01-27T09:14:16"],
)
def test_what_programs_write_whenever_it_is_is_not_believed(written):
    assert dated(parsed("Words.", changed=moment(written))) == ("2026-10-01", "file")
    assert dated(parsed("Stand: Januar 2000"), language="de") == ("2000-01-01", "text")


def test_what_nobody_sees_says_nothing():
    hidden = Element(kind="Text", text="Stand: 03/2020", section=HIDDEN)
    assert dated(parsed("Words.", hidden)) == ("2026-10-01", "file")


def test_headers_and_last_lines_count_as_the_head_does_and_the_middle_does_not():
    body = ["Words that fill a page. " * 10] * 60
    assert dated(parsed("T", *body, Element(kind="Footer", text="Stand: 03/2020")))[1] == "text"
    assert dated(parsed("T", *body, "Last updated: 5 March 2020")) == ("2020-03-05", "text")
    long = "\n".join([*body, "Last updated: 5 March 2020"])
    assert dated(parsed("T", long)) == ("2020-03-05", "text")
    assert dated(parsed("T", *body, "Last updated: 5 March 2020", *body)) == ("2026-10-01", "file")


def test_a_names_day_and_month_are_read_in_the_order_of_the_text():
    assert dated(parsed("Due on 05/25/2020."), "03-05-2020.txt") == ("2020-03-05", "name")
    assert dated(parsed("Due on 25/05/2020."), "03-05-2020.txt") == ("2020-05-03", "name")
    assert dated(parsed("Words."), "03-05-2020.txt", language="de") == ("2020-05-03", "name")
    assert dated(parsed("Words."), "03-05-2020.txt") == ("2020-01-01", "name")


@pytest.mark.parametrize(
    ("header", "year"),
    [
        (SENT, "2017"), ("14 Mar 17 09:30 GMT", "2017"),
        ("Tue, 14 Mar 2017 09:30:00 -0000", "2017"),
        ("Mon, 1 Jan 1601 00:00:00 +0000", "2026"), ("Tue, 14 Mar 2117 09:30:00 +0100", "2026"),
        ("yesterday", "2026"), ("", "2026"), ("Tue, 99 Mar 2017 25:61:00 +9999", "2026"),
    ],
)  # fmt: skip
def test_a_header_that_cannot_be_a_date_is_none(header, year):
    assert dated(parsed("Words.", sent=dates.of_header(header)))[0].startswith(year)
