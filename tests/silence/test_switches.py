"""Libraries are told not to report, in one place, whatever the environment says."""

import ast
import os
import subprocess
import sys
from pathlib import Path

from kb.switches import SILENT

ROOT = Path(__file__).parent.parent.parent
ASKED_FOR = {
    "HF_HUB_DISABLE_TELEMETRY",
    "SCARF_NO_ANALYTICS",
    "DO_NOT_TRACK",
    "QDRANT__TELEMETRY_DISABLED",
}


def test_every_process_of_ours_has_them_before_it_loads_anything_else():
    against = dict.fromkeys(SILENT, "0")
    code = "import os, kb; print('\\n'.join(f'{k}={v}' for k, v in os.environ.items()))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | against, capture_output=True, text=True
    )
    found = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert {name: found[name] for name in SILENT} == SILENT
    assert SILENT.keys() >= ASKED_FOR


def test_the_libraries_take_them():
    """By their own word, where they have one to say."""
    code = (
        "import kb, huggingface_hub.constants as c; "
        "print(c.HF_HUB_DISABLE_TELEMETRY, c.HF_HUB_OFFLINE)"
    )
    env = {k: v for k, v in os.environ.items() if k not in SILENT}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout.split() == ["True", "True"], done.stderr


def test_no_other_place_sets_one():
    """But the one that takes two back, when somebody has typed that a model is to be fetched."""
    places = []
    for room in ("kb", "ingest", "web"):
        for path in (ROOT / room).rglob("*.py"):
            texts = {
                n.value for n in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(n, ast.Constant) and isinstance(n.value, str)
            }  # fmt: skip
            if texts & SILENT.keys():
                places.append(path.relative_to(ROOT).as_posix())
    assert sorted(places) == ["kb/models/hub.py", "kb/switches.py"]
