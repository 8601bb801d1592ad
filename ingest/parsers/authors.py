"""Names of authors as people write them, whatever a program made of them."""

from ingest.parsers import headers

MISREAD = ("cp1252", "latin-1")
"""What UTF-8 is taken for by programs that do not look."""


def decoded(author: str) -> str:
    """Encoded words of mails decoded; UTF-8 that was read as something else read as UTF-8.

    A name that is no UTF-8 in the other coding stays as it is: hardly any other can be both.
    """
    text = headers.plain(author)
    if text.isascii():
        return text
    for coding in MISREAD:
        try:
            return text.encode(coding).decode()
        except UnicodeError:
            continue
    return text
