"""An export that is written here by hand, by what docs/leaving.md and its README say of one."""

import hashlib
import json
from base64 import b64encode
from pathlib import Path

import numpy

from tests.leaving.bags import sealed

AT = 1_700_000_000.0
DATED = 1_600_000_000_123_456_700
NOTHING = {
    "code": None, "parameters": {}, "pending": None, "settings": None, "used": None,
    "media_type": "text/plain", "title": None, "author": None, "language": "en", "dated_ns": DATED,
    "date_source": "file", "date_precision": "day", "parser": "text", "pages": None, "confidence": None, "held": False,
    "rights": None, "added_at": AT, "indexed_at": AT, "mtime_ns": DATED, "parent": None,
}  # fmt: skip
PARSED = {
    "parser": "text", "media_type": "text/plain", "title": None, "author": None, "sent": None,
    "created": None, "changed": None, "pages": None, "page_sizes": [[600.0, 800.0]], "confidences": [[1, 91.5]],
    "problem": None, "problem_parameters": {}, "notices": [["cut_short", {"limit": 3}]],
}  # fmt: skip
HR, NOT_SALES = {"group": "hr"}, {"some_of": ["everyone"], "none_of": [{"group": "sales"}]}
TEXTS = {
    1: ("quay.txt", ["The quay is painted green.", "It was blue before."]),
    2: ("letters/annex.eml", ["The annex is attached."]),
    3: ("letters/annex.eml › beads.txt", ["There are forty amber beads in the annex."]),
    4: ("100%.txt", ["The brass lantern costs one hundred per cent."]),
    5: ("away.txt", ["The file of this text is away."]),
}
"""Documents by their ids: a path, and what stands in each element."""


def text_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def vector(text: str) -> numpy.ndarray:
    """A vector of length 1 that is this text's alone."""
    chance = numpy.random.default_rng(int(text_hash(text)[:8], 16))
    found = chance.standard_normal(384).astype("<f4")
    return found / numpy.linalg.norm(found)


def content(number: int) -> bytes:
    return "\n\n".join(TEXTS[number][1]).encode()


def put(folder: Path, name: str, rows: list[dict]) -> None:
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "data" / f"{name}.jsonl").write_text(lines, encoding="utf-8")


def documents(folder: Path) -> list[dict]:
    rows = []
    for number, (path, _) in TEXTS.items():
        digest = hashlib.sha256(content(number)).hexdigest()
        by_hash = f"data/files-by-hash/{digest[:2]}/{digest}.txt"
        file = {1: f"data/files/notes/{path}", 2: f"data/files/notes/{path}", 5: None}.get(
            number, by_hash
        )
        if file:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(content(number))
        raw = path.replace(" › ", "\0").encode()
        row = NOTHING | {
            "id": number, "source": "notes", "path": path, "raw_path": b64encode(raw).decode(),
            "file": file, "state": "indexed", "bytes": len(content(number)), "content_hash": digest,
            "chunks": 1, "version": 100 + number, "settings": "a.b",
        }  # fmt: skip
        rows.append(row)
    rows[1]["rights"], rows[2]["rights"], rows[2]["parent"] = "s1", "s1", 2
    rows[3]["rights"] = "s2"
    rows[2]["mtime_ns"] = 0
    rows[4]["held"], rows[4]["source"] = True, "more"
    failed = NOTHING | {
        "id": 6, "source": "notes", "path": "broken.pdf", "file": None, "state": "failed",
        "raw_path": b64encode(b"broken.pdf").decode(), "bytes": 9, "content_hash": None,
        "chunks": 0, "version": None, "code": "damaged", "parameters": {"what": "x"},
        "parser": None, "media_type": None, "language": None, "dated_ns": None,
        "date_source": None, "date_precision": None, "indexed_at": None,
    }  # fmt: skip
    return [*rows, failed]


def tables(folder: Path) -> None:
    texts, elements, chunks = [], [], []
    for number, (path, parts) in TEXTS.items():
        texts.append({
            "document": number, "source": "more" if number == 5 else "notes", "path": path,
            "title": None,
            "text": "\n\n".join(parts), "elements": len(parts), "parsed": PARSED,
        })  # fmt: skip
        at, spans = 0, []
        for n, part in enumerate(parts):
            elements.append({
                "document": number, "number": n, "kind": "NarrativeText", "page": 1, "start": at,
                "end": at + len(part), "level": 0, "section": None, "rows": None, "header_rows": 1,
                "lines": [[0, len(part), [0.1, 0.1, 0.9, 0.2]]],
            })  # fmt: skip
            spans.append([at - n, at - n + len(part), n, 0])
            at += len(part) + 2
        text = "\n".join(parts)
        chunks.append({
            "document": number, "ordinal": 0, "page": 1, "section": "Quays", "text": text,
            "embedded_text": f"notes\n{text}", "vector": text_hash(f"notes\n{text}"),
            "spans": spans, "lines": [[0, 9, [0.1, 0.1, 0.9, 0.2]]],
        })  # fmt: skip
    put(folder, "texts", texts)
    put(folder, "elements", elements)
    put(folder, "chunks", chunks)


def vectors(folder: Path, model) -> dict:
    texts = {f"notes\n{chr(10).join(parts)}" for _, parts in TEXTS.values()}
    by_hash = {text_hash(text): vector(text) for text in texts}
    (folder / "data" / "vectors").mkdir(exist_ok=True)
    place = f"data/vectors/{model.fingerprint}"
    numpy.save(folder / f"{place}.npy", numpy.stack([by_hash[h] for h in sorted(by_hash)]))
    (folder / f"{place}.txt").write_text("".join(f"{h}\n" for h in sorted(by_hash)))
    return {
        "name": model.name, "fingerprint": model.fingerprint, "digest": model.files.digest,
        "dimension": 384, "count": len(by_hash), "file": f"{place}.npy", "hashes": f"{place}.txt",
    }  # fmt: skip


def point(version: int) -> int:
    return version << 20


def people(folder: Path) -> None:
    """Conversations, answers, opinions; of one answer a document has changed, of one it is gone."""
    put(folder, "conversations", [
        {"id": "c" * 32, "asker": "rita", "title": "Beads", "started_at": AT, "used_at": AT + 9,
         "shared_at": None},
    ])  # fmt: skip
    answers = []
    for n, (version, document) in enumerate({103: 3, 90: 1, 80: None}.items()):
        answers.append({
            "id": f"{n:032x}", "conversation": "c" * 32, "asker": "rita", "asked_at": AT + n,
            "question": f"How many beads, {n}?", "said": "Forty.", "cited": [],
            "opinions": [{"citation": 0, "verdict": "good", "comment": f"Yes {n}",
                          "given_at": AT}],
            "made_from": {str(version): document} if document else {},
            "kept": {
                "id": f"{n:032x}", "asker": "rita", "conversation_id": "c" * 32,
                "question": f"How many beads, {n}?", "asked_as": None, "text": "Forty.",
                "mode": "generated", "notice": None,
                "sentences": [{"text": "Forty.", "citations": [1], "supported": True,
                               "places": [0]}],
                "citations": [[1, [point(version)], 10, 15, True]],
                "passages": [[version, [point(version)], ""]], "model": "m", "model_digest": None,
                "prompt_hash": None, "settings": {}, "form": None, "asked_at": AT + n,
                "seconds": 1.0, "settled_at": None,
            },
        })  # fmt: skip
    put(folder, "answers", answers)
    put(folder, "pins", [{"question": "How many?", "answer": "Forty.", "author": "rita",
                          "pinned_at": AT, "document": 3, "passage": "103-0"}])  # fmt: skip
    put(folder, "judged", [{"question": "Beads?", "asker": "rita", "judged_at": AT, "document": 3,
                            "page": 1, "section": "Quays", "text": "forty"}])  # fmt: skip
    put(folder, "glossary", [{"short": "GK", "meaning": "green kettle"}])


def rights(folder: Path) -> None:
    following = {
        "schedule": None, "watch": False, "include": [], "exclude": ["*.bak"], "max_file_mb": 7,
        "languages": None, "shown_as": None, "uploads": False,
    }  # fmt: skip
    source = {
        "name": "notes", "about": "Notes of the quay", "folder": "/srv/notes",
        "following": following, "rule": "paths", "readers": ["everyone"],
        "paths": [["letters/", [HR]], ["*%*", ["everyone", {"not": {"group": "sales"}}]]],
        "curators": ["rita"],
    }  # fmt: skip
    more = {
        "name": "more", "about": None, "folder": "/srv/more", "following": following | {"uploads": True},
        "rule": "groups", "readers": ["everyone"], "paths": [], "curators": [],
    }  # fmt: skip
    value = {
        "sources": [more, source],
        "sets": {"s1": [HR], "s2": [NOT_SALES]},
        "groups": [{"name": "hr", "members": ["rita"]}, {"name": "sales", "members": ["otto"]}],
        "people": [{"name": "otto", "shown_name": None}, {"name": "rita", "shown_name": "Rita R."}],
    }
    (folder / "data" / "rights.json").write_text(json.dumps(value))


def handmade(folder: Path, *models) -> Path:
    """The whole of it; ``models`` are those that embed here."""
    (folder / "data").mkdir(parents=True)
    put(folder, "documents", documents(folder))
    tables(folder)
    people(folder)
    rights(folder)
    whole = {
        "format": "commonplace-export", "version": 1, "made_by": "by hand", "made_at": AT,
        "person": None, "sources": ["more", "notes"], "models": [vectors(folder, m) for m in models], "counts": {},
    }  # fmt: skip
    (folder / "data" / "export.json").write_text(json.dumps(whole))
    return sealed(folder)
