"""Text that a reader does not see: taken out of the body, and kept apart under a name of its own.

It is found like other text, is never quoted or given to a language model, and the ledger says
that it is there. What hides instructions from people must not show them to a model.
"""

import re

from lxml import html

from ingest.parsers import characters, pages, unseen
from ingest.parsers.shallow import few_attributes, shallow
from kb.types.parsed import HIDDEN, Element

STYLED = re.compile(r"style|\shidden|color|background|\stext\s*=", re.IGNORECASE)


def elements(texts: list[str]) -> tuple[Element, ...]:
    """Hidden texts as elements, without repeats."""
    plain = dict.fromkeys(" ".join(text.split()) for text in texts)
    return tuple(Element(kind="NarrativeText", text=t, section=HIDDEN) for t in plain if t)


def in_html(source: str) -> tuple[str, list[str], bool]:
    """A page without its hidden parts, their texts, and whether its sheets were too long."""
    source = shallow(pages.with_frames(few_attributes(characters.html(source))))
    if not STYLED.search(source):
        return source, [], False
    tree = pages.tree_of(source)
    if tree is None:
        return source, [], False
    pages.flatten(tree, pages.DEEPEST)
    texts, is_cut = unseen.taken_out(tree)
    return (html.tostring(tree, encoding="unicode") if texts else source), texts, is_cut
