"""The list of everything in a bundle, as CycloneDX 1.6 has it."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from kb import __version__
from kb.bundle.licences import UNTOLD
from kb.bundle.parts import BundlePart, as_json
from kb.bundle.wheels import BUILT

NAMES = uuid.UUID("a2c7d1e0-5f0b-5c1e-9d55-6f4b3f8e2a10")
"""From which the number of a list is made, by what it lists."""


def sbom(label: str, parts: Sequence[BundlePart]) -> bytes:
    """The list; the same of the same parts."""
    listed = [_component(part) for part in parts]
    number = uuid.uuid5(NAMES, "\n".join([label, *(part.digest for part in parts)]))
    return as_json({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{number}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(BUILT, UTC).isoformat(),
            "component": {
                "type": "application", "bom-ref": "commonplace", "name": "commonplace-kb",
                "version": __version__, "description": label,
                "licenses": [{"expression": "Apache-2.0"}],
            },
        },
        "components": listed,
        "dependencies": [{"ref": "commonplace", "dependsOn": [one["bom-ref"] for one in listed]}],
    })  # fmt: skip


def _component(part: BundlePart) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": part.kind,
        "bom-ref": f"{part.kind}:{part.name}@{part.version}",
        "name": part.name,
        "hashes": [{"alg": "SHA-256", "content": part.digest}],
        "properties": [{"name": "commonplace:licence-texts", "value": part.folder_of_licences}],
    }
    if part.version:
        told |= {"version": part.version, "purl": f"pkg:pypi/{part.name}@{part.version}"}
    if part.licence.is_spdx:
        told["licenses"] = [{"expression": part.licence.word}]
    elif part.licence.word != UNTOLD:
        told["licenses"] = [{"license": {"name": part.licence.word}}]
    return told
