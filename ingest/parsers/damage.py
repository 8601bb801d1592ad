"""What is damaged in a file, in words for people: libraries also speak to programmers."""

from lxml import etree

from kb.errors import FileProblem

TOO_DEEP = "nested too deeply"
CONTRADICTING = "what it says of itself is not so"
OF_PROGRAMS = (AttributeError, IndexError, TypeError, AssertionError, UnicodeError, ArithmeticError)
"""What a reader raises that believed a file; its words are of the reader, not of the file."""


def damaged(what: str, error: Exception) -> FileProblem:
    """The reason that a reader's error gives; ``what`` is the file or the part of it."""
    return FileProblem("damaged", what=f"{what}: {words(error)}"[:300], error=repr(error)[:300])


def words(error: Exception) -> str:
    """An error in words, without names of Python's or of variables."""
    if isinstance(error, OF_PROGRAMS):
        return CONTRADICTING
    if isinstance(error, KeyError):
        said = str(error.args[0]) if error.args else ""
        return said if " " in said else CONTRADICTING
    if isinstance(error, etree.XMLSyntaxError):
        said = error.msg or "it is no XML"
        return TOO_DEEP if said.startswith("Excessive depth") else said
    said = getattr(error, "strerror", None) or str(error)
    return said or "it ends too early"
