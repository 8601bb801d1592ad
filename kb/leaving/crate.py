"""RO-Crate 1.1 metadata (researchobject.org): what each file is, for programs. Pure."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from mimetypes import guess_type
from typing import Any
from urllib.parse import quote

from kb.types.leaving import LeftDocument, LeftWhole

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
SPECIFICATION = "https://w3id.org/ro/crate/1.1"
DATA = "data/"
DESCRIPTIONS = {
    "documents.jsonl": "Every file of the knowledge base, a line each",
    "texts.jsonl": "The text of every document, a line each",
    "elements.jsonl": "Headings, paragraphs and tables with their pages, a line each",
    "chunks.jsonl": "The passages that were searched, a line each",
    "conversations.jsonl": "Conversations, a line each",
    "answers.jsonl": "Questions with their answers, a line each",
    "pins.jsonl": "Answers that were shown first for a question, a line each",
    "judged.jsonl": "Questions with the passages that people called right, a line each",
    "glossary.jsonl": "Abbreviations and what they stand for, a line each",
    "rights.json": "Who might read what",
    "export.json": "What this export is, in figures",
}
Entity = dict[str, Any]


def metadata(
    whole: LeftWhole, documents: Sequence[LeftDocument], sizes: Mapping[str, int]
) -> bytes:
    """``ro-crate-metadata.json``; ``sizes`` are those of the files by their path in the bag."""
    named = {d.file: d for d in reversed(documents) if d.file}
    files = [_file(path, sizes[path], named.get(path)) for path in sorted(sizes)]
    made = {"@id": "#export", "@type": "CreateAction", "name": "Export from Commonplace"}
    graph = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "conformsTo": {"@id": SPECIFICATION},
            "about": {"@id": "./"},
        },
        _root(whole, files),
        {
            "@id": "#terms",
            "@type": "CreativeWork",
            "name": "The terms of each document",
            "description": "The rights in a document are its holder's; this export grants none. "
            "rights.json says who might read what in the knowledge base.",
        },
        {
            **made,
            "endTime": _moment(whole.made_at),
            "instrument": {"@id": "#commonplace"},
            "result": {"@id": "./"},
        },
        {
            "@id": "#commonplace",
            "@type": "SoftwareApplication",
            "name": "Commonplace",
            "version": whole.made_by,
        },
        *files,
    ]
    text = json.dumps({"@context": CONTEXT, "@graph": graph}, ensure_ascii=False, indent=1)
    return text.encode()


def _root(whole: LeftWhole, files: Sequence[Entity]) -> Entity:
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Export of a knowledge base: {', '.join(whole.sources) or 'no source'}",
        "description": f"{whole.counts['documents']} documents with their texts, passages, "
        "vectors, answers and rights, as Commonplace had them.",
        "datePublished": _moment(whole.made_at),
        "license": {"@id": "#terms"},
        "hasPart": [{"@id": file["@id"]} for file in files],
    }


def _file(path: str, size: int, document: LeftDocument | None) -> Entity:
    within = path.removeprefix(DATA)
    entity: Entity = {
        "@id": quote(within),
        "@type": "File",
        "name": within,
        "contentSize": str(size),
        "encodingFormat": _format(within),
    }
    if document is not None:
        entity |= _of_document(document)
    elif within.startswith("vectors/"):
        entity["description"] = "Vectors of passages, or the hashes of their texts"
    elif within in DESCRIPTIONS:
        entity["description"] = DESCRIPTIONS[within]
    return entity


def _of_document(document: LeftDocument) -> Entity:
    found: Entity = {"name": document.path}
    if document.title:
        found["alternateName"] = document.title
    if document.media_type:
        found["encodingFormat"] = document.media_type
    if document.language:
        found["inLanguage"] = document.language
    if document.dated_ns:
        found["dateModified"] = _moment(document.dated_ns / 1e9)
    return found


def _format(name: str) -> str:
    if name.endswith(".jsonl"):
        return "application/jsonl"
    return guess_type(name)[0] or "application/octet-stream"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
