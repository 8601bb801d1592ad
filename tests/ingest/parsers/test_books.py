"""Books whose lists and pages are written otherwise than most."""

from tests.parts.files import WORDS, epub, parse, with_part

SUBSET = (
    '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" '
    '"http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd" [\n'
    '<!ENTITY firm "Acme &gt; Sons"><!-- ]> --><!ENTITY hall "hall nine">\n]>\n'
)
"""What XML 1.0 (section 2.8) lets a page declare for itself: a reader follows it, and shows none."""


def texts(path):
    return [element.text for element in parse(path).elements]


def changed(tmp_path, name, change):
    epub(tmp_path / "as-made.epub")
    with_part(tmp_path / "as-made.epub", tmp_path / "book.epub", name, change)
    return tmp_path / "book.epub"


def test_what_a_page_declares_is_followed_and_not_shown(tmp_path):
    told = f"<p>{WORDS}</p><p>It stands in &hall; of &firm;: caf&eacute;, 3&nbsp;&lt;&nbsp;4.</p>".encode()
    path = changed(
        tmp_path, "a.xhtml",
        lambda page: SUBSET.encode() + page.replace(f"<p>{WORDS}</p>".encode(), told),
    )  # fmt: skip
    assert texts(path) == ["Pumps", WORDS, "It stands in hall nine of Acme > Sons: café, 3 < 4."]


def test_a_page_that_declares_ever_more_of_itself_is_read_as_it_stands(tmp_path):
    """Each entity is ten of the one before: a parser that follows them all runs out of memory."""
    laughs = "".join(f'<!ENTITY n{n} "{f"&n{n - 1};" * 10}">' for n in range(1, 12))
    subset = SUBSET.replace("<!ENTITY firm", f'<!ENTITY n0 "laugh">{laughs}<!ENTITY firm')
    path = changed(
        tmp_path, "a.xhtml",
        lambda page: subset.encode() + page.replace(b"</p>", b"</p><p>&n11;</p>"),
    )  # fmt: skip
    assert WORDS in texts(path)


def test_pages_that_nothing_lists_are_read(tmp_path):
    """The list of pages is another thing; the pages are there all the same."""
    path = changed(tmp_path, "c.opf", lambda _: b"<feed><entry/></feed>")
    assert texts(path) == ["Pumps", WORDS]
