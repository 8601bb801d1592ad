"""The tables of an export, read without the program."""

import json
from pathlib import Path


def table(bag: Path, name: str) -> list[dict]:
    """Each line of ``data/NAME.jsonl``."""
    lines = (bag / "data" / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]
