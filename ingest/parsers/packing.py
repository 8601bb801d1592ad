"""Office Open XML written anew: a package of the parts that are read, and of nothing else."""

import io
import zipfile
from collections.abc import Iterable, Mapping

from lxml import etree

from ingest.parsers.ooxml import R, Relation, rels_of

OFFICE_TYPE = "application/vnd.openxmlformats-officedocument"
TYPES = {
    "xml": "application/xml",
    "rels": "application/vnd.openxmlformats-package.relationships+xml",
}


def packed(
    kind: str, main: str, parts: dict[str, bytes], relations: dict[str, dict[str, Relation]]
) -> io.BytesIO:
    """A package of some parts and what they name; those who read it find nothing else.

    ``kind`` is the format, the last word of which names the main part's type.
    """
    file = io.BytesIO()
    all_relations = {"": {"rId1": Relation("officeDocument", main)}, **relations}
    kinds = {r.target: r.kind for of in relations.values() for r in of.values()}
    with zipfile.ZipFile(file, "w") as written:
        written.writestr("[Content_Types].xml", _types(kind, main, parts, kinds))
        for name, of_part in all_relations.items():
            written.writestr(rels_of(name), _relations(of_part))
        for name, content in parts.items():
            written.writestr(name, content)
    file.seek(0)
    return file


def _types(kind: str, main: str, parts: Iterable[str], kinds: Mapping[str, str]) -> bytes:
    """What each part is: its relation says so."""
    space = "http://schemas.openxmlformats.org/package/2006/content-types"
    root = etree.Element(f"{{{space}}}Types", nsmap={None: space})
    for ending in ("xml", "rels"):
        etree.SubElement(root, f"{{{space}}}Default", Extension=ending, ContentType=TYPES[ending])
    for name in parts:
        word = f"{kind.rpartition('.')[2]}.main" if name == main else kinds.get(name, "")
        said = f"{OFFICE_TYPE}.{kind.partition('.')[0]}.{word}+xml"
        etree.SubElement(root, f"{{{space}}}Override", PartName=f"/{name}", ContentType=said)
    content: bytes = etree.tostring(root)
    return content


def _relations(relations: dict[str, Relation]) -> bytes:
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    root = etree.Element(f"{{{space}}}Relationships", nsmap={None: space})
    for identity, relation in relations.items():
        kind = f"{R[1:-1]}/{relation.kind}"
        target = f"/{relation.target}"
        etree.SubElement(root, f"{{{space}}}Relationship", Id=identity, Target=target, Type=kind)
    content: bytes = etree.tostring(root)
    return content
