"""What a page's own style sheets say of an element: the cascade, for simple selectors.

Tags, classes, ids, attributes (there, or equal to a value), descendants and children. States,
siblings, imported sheets and media other than screens of any size are not computed; such rules are
as good as not there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

COMPOUND = re.compile(
    r"(?P<tag>[a-z][\w-]*|\*)?(?P<rest>(?:[.#][\w-]+|\[[^\]]{1,80}\])*)$", re.IGNORECASE
)
CONDITION = re.compile(r"[.#][\w-]+|\[[^\]]{1,80}\]")
ATTRIBUTE = re.compile(r"\[([\w-]+)(?:=[\"']?([^\"'\]]*)[\"']?)?\]$")
IMPORTANT = re.compile(r"!\s*important", re.IGNORECASE)
SCREEN = re.compile(r"@media\s+(?:only\s+)?(?:screen|all)\s*$", re.IGNORECASE)
MOST_RULES, MOST_CHARACTERS, MOST_PARTS, LONGEST_SELECTOR = 3000, 500_000, 6, 500
"""What is read of the styles of a page at most: rules, characters, steps of one selector,
characters of one selector."""
MOST_LOOKS = 3_000_000
"""Steps of selectors that are compared with elements of one page."""
Declarations = dict[str, tuple[bool, str]]
"""Properties with their values, and whether they are important."""


@dataclass(frozen=True, slots=True)
class Compound:
    """One step of a selector; ``is_parent`` where it is the parent, not any ancestor."""

    tag: str | None
    names: frozenset[str]
    key: str | None
    attributes: tuple[tuple[str, str | None], ...] = ()
    is_parent: bool = False

    def fits(self, node: etree._Element) -> bool:
        """Whether an element is what it describes."""
        return (
            (self.tag is None or self.tag == node.tag)
            and (self.key is None or self.key == node.get("id"))
            and all(_has(node, name, value) for name, value in self.attributes)
            and (not self.names or self.names <= set((node.get("class") or "").split()))
        )


def _has(node: etree._Element, name: str, value: str | None) -> bool:
    """Whether an element has an attribute, with a value if one is named."""
    found = node.get(name)
    return found is not None and value in {None, found}


@dataclass(frozen=True, slots=True)
class Rule:
    """What is said of the elements that a selector describes, the last step first."""

    steps: tuple[Compound, ...]
    declarations: Declarations
    weight: tuple[int, int, int, int]


class Sheets:
    """The rules of a page, by what their last step names."""

    def __init__(self, tree: etree._Element) -> None:
        source = "\n".join(style.text or "" for style in tree.iter("style"))
        self.is_cut = len(source) > MOST_CHARACTERS
        """Whether there is more to compare than is compared."""
        self._left = MOST_LOOKS
        self._rules: dict[str, list[Rule]] = {}
        for number, rule in enumerate(_rules(_without_comments(source[:MOST_CHARACTERS]))):
            if number > MOST_RULES:
                self.is_cut = True
                break
            last = rule.steps[0]
            key = last.key or next(iter(last.names), None) or last.tag or "*"
            self._rules.setdefault(key, []).append(rule)

    def of(self, node: etree._Element) -> dict[str, str]:
        """Properties of an element, by its own style and the sheets."""
        keys = [str(node.tag), "*", node.get("id") or "", *(node.get("class") or "").split()[:20]]
        found = [r for key in dict.fromkeys(keys) for r in self._rules.get(key, ())]
        own = declarations(node.get("style") or "")
        said: Declarations = {}
        fitting = [rule for rule in found if self._left > 0 and self._fits(rule, node)]
        for rule in sorted(fitting, key=lambda r: r.weight):
            _lay_over(said, rule.declarations)
        _lay_over(said, own)
        return {name: value for name, (_, value) in said.items()}

    def _fits(self, rule: Rule, node: etree._Element) -> bool:
        self._left -= 1
        if self._left <= 0:
            self.is_cut = True
            return False
        if not rule.steps[0].fits(node):
            return False
        above = node.getparent()
        for step in rule.steps[1:]:
            self._left -= 1
            if step.is_parent and (above is None or not step.fits(above)):
                return False
            while above is not None and not step.fits(above):
                self._left -= 1
                above = above.getparent()
            if above is None:
                return False
            above = above.getparent()
        return True


def _without_comments(source: str) -> str:
    pieces, at = [], 0
    while (begin := source.find("/*", at)) >= 0:
        pieces.append(source[at:begin])
        end = source.find("*/", begin + 2)
        if end < 0:
            at = len(source)
            break
        at = end + 2
    pieces.append(source[at:])
    return "".join(pieces).replace("<!--", "").replace("-->", "")


def declarations(source: str) -> Declarations:
    """What stands between the braces of a rule, or in a ``style``."""
    found: Declarations = {}
    for part in source[:20_000].split(";"):
        name, colon, value = part.partition(":")
        if colon:
            plain, marks = IMPORTANT.subn("", value)
            _lay_over(found, {name.strip().lower(): (marks > 0, plain.strip().lower())})
    return found


def _lay_over(said: Declarations, later: Declarations) -> None:
    for name, value in later.items():
        if value[0] or not said.get(name, (False, ""))[0]:
            said[name] = value


def _rules(source: str) -> Iterator[Rule]:
    for number, (selectors, body) in enumerate(_blocks(source)):
        said = declarations(body)
        for selector in selectors.split(","):
            steps = _steps(selector.strip())
            if steps and said:
                ids = sum(s.key is not None for s in steps)
                names = sum(len(s.names) + len(s.attributes) for s in steps)
                tags = sum(s.tag is not None for s in steps)
                yield Rule(steps, said, (ids, names, tags, number))


def _blocks(source: str) -> Iterator[tuple[str, str]]:
    """Selectors with what is in their braces; of ``@`` blocks only those for every screen."""
    at = 0
    while (opened := source.find("{", at)) >= 0:
        head = source[at:opened].rpartition(";")[2].rpartition("}")[2].strip()
        if SCREEN.match(head):
            at = opened + 1
            continue
        closed = _end(source, opened) if head.startswith("@") else source.find("}", opened)
        if closed < 0:
            return
        if not head.startswith("@"):
            yield head, source[opened + 1 : closed]
        at = closed + 1


def _end(source: str, at: int) -> int:
    depth = 0
    for match in re.compile(r"[{}]").finditer(source, at):
        depth += 1 if match.group() == "{" else -1
        if depth == 0:
            return match.start()
    return -1


def _steps(selector: str) -> tuple[Compound, ...]:
    """The steps of a selector, the last first; none where one of them is not computed."""
    if len(selector) > LONGEST_SELECTOR:
        return ()
    steps: list[Compound] = []
    is_parent = False
    for word in reversed(selector.replace(">", " > ").split()):
        if word == ">":
            is_parent = True
            continue
        match = COMPOUND.match(word)
        if match is None or len(steps) >= MOST_PARTS:
            return ()
        rest = CONDITION.findall(match["rest"] or "")
        attributes = [ATTRIBUTE.match(r) for r in rest if r[0] == "["]
        if None in attributes:
            return ()
        tag = None if match["tag"] in {None, "*"} else match["tag"].lower()
        names = frozenset(r[1:] for r in rest if r[0] == ".")
        key = next((r[1:] for r in rest if r[0] == "#"), None)
        said = tuple((a[1].lower(), a[2]) for a in attributes if a)
        steps.append(Compound(tag, names, key, said, is_parent))
        is_parent = False
    return tuple(steps)
