"""The switches by which libraries are told not to report to anybody: set here, and nowhere else.

Every process of ours imports ``kb`` first, so they are set before any library is loaded; children
inherit them. What is set in the environment does not count.
"""

import os

SILENT = {
    "DO_NOT_TRACK": "1",
    "SCARF_NO_ANALYTICS": "true",
    "UNSTRUCTURED_DISABLE_NOTICE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "DISABLE_TELEMETRY": "1",
    "QDRANT__TELEMETRY_DISABLED": "true",
    "OTEL_SDK_DISABLED": "true",
}
"""OpenVINO's package of this kind is not installed (``overrides.txt``), and not let in
(:mod:`kb.embedding.runtimes.compiled`)."""


def set_all() -> None:
    """Set every switch, for this process and its children."""
    os.environ.update(SILENT)
