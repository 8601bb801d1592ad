"""A knowledge base that is made up: words of real documents in new orders, and random vectors.

What is measured on it is time.
"""

import random

import numpy as np
from sqlalchemy import insert

from kb.catalog import groups, people, sources, versions
from kb.catalog.chunks import row, short_hash
from kb.catalog.tables import documents, vectors
from kb.rights import access
from kb.types.files import Stat
from kb.types.parsed import Chunk, Span
from kb.types.versions import Facts

PER_DOCUMENT = 50


def fill(base, words: list[str], size: int) -> None:
    chance, rng = random.Random(1), np.random.default_rng(1)
    models = [model.fingerprint for model in base.embeddings.models]
    with base.catalog.writing() as c:
        groups.add(c, "half")
        people.add_person(c, "ann", ())
        open_ = sources.add(c, "open", "/open", ("everyone", "owner"))
        closed = sources.add(c, "closed", "/closed", access.readers(c, ["half"]))
    for d in range(size // PER_DOCUMENT):
        with base.catalog.writing() as c:
            source = (open_, closed)[d % 2]
            [document] = c.execute(
                insert(documents).values(
                    source_id=source.id, raw_path=b"%d" % d, path=f"{d}.pdf", state="indexed",
                    bytes=1, chunks=PER_DOCUMENT, tries=0, held=False, added_at=0.0,
                    language="en", title=f"Document {d}",
                ).returning(documents.c.id)
            ).scalars()  # fmt: skip
            number = versions.begin(c, document, "bench:1:x", "h")
            made = []
            for n in range(PER_DOCUMENT):
                at = chance.randrange(len(words) - 150)
                text = " ".join(words[at : at + 130]) + f" {d} {n}"
                made.append(Chunk(ordinal=n, text=text, embedded_text=text, page=None, section=None,
                                  spans=(Span(0, len(text), n, 0),), lines=()))  # fmt: skip
            facts = Facts(
                stat=Stat(1, 0, 0), content_hash="h", language="en", title=f"Document {d}"
            )
            rows = [row(number, m) for m in made]
            versions.publish(c, document, number, rows, facts)
            for model in models:  # each knows English: what one lacked would be embedded
                unit = rng.standard_normal((PER_DOCUMENT, 384)).astype("<f4")
                unit /= np.linalg.norm(unit, axis=1, keepdims=True)
                c.execute(insert(vectors), [
                    {"model": model, "hash": short_hash(m.embedded_text), "vector": v.tobytes()}
                    for m, v in zip(made, unit, strict=True)
                ])  # fmt: skip
