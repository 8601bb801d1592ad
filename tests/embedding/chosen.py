"""Settings as somebody has them who leaves the choice of a runtime, or makes it; and what was measured, as it is kept."""

import time

import msgspec

from kb.embedding import models, record
from kb.embedding.record import Agreement, Record, Tried


def with_embedding(settings, **changes):
    chosen = {"runtime": "auto", "dtype": "auto"} | changes
    return msgspec.structs.replace(
        settings, embedding=msgspec.structs.replace(settings.embedding, **chosen)
    )


def recorded(settings, *tried, **otherwise) -> Record:
    """What stands in the record's file, as if it had been measured."""
    found = Record(
        **{"host": "here", "processor": record.processor(), "libraries": record.libraries(settings.embedding),
           "measured": time.time(), "tried": tried} | otherwise
    )  # fmt: skip
    file = record.file_of(settings.embedding, models.derived_dir(settings))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.encode(found))
    return found


def kept(settings):
    return record.kept(settings.embedding, models.derived_dir(settings))


ALIKE = Agreement(cosine=0.999, dense_shared=1.0, fused_shared=1.0, dense_lost=0.0, fused_lost=0.0)
SLOW = Tried(runtime="torch", dtype="float32", rate=10.0, question_ms=9.0)
GOOD = Tried(runtime="openvino", dtype="float32", rate=20.0, question_ms=5.0)
FAST = Tried(runtime="openvino", dtype="int8", rate=50.0, question_ms=2.0, agreement=ALIKE)
