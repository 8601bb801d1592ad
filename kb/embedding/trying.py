"""Whether a model in a folder can be computed here: tried in a process of its own.

What a folder says of itself can be whole and right, and the model still be none: a tensor is
missing, a shape is another, the numbers are no numbers. So the model is opened as the embedder
would open it, and embeds two texts. A library that ends by a signal takes nobody along.
"""

import subprocess
import sys
from pathlib import Path

import msgspec

from kb.embedding.opening import open_runtime
from kb.embedding.starting import SURE
from kb.errors import ConfigurationError, KbError, rebuilt, told
from kb.settings import Embedding

LONGEST_SECONDS = 600.0
NO_MODEL = {"model_damaged", "model_changed", "model_not_found"}
"""Codes of errors that another runtime would not mend."""


def check(folder: Path) -> None:
    """Try the model of a folder.

    Raises:
        KbError: it cannot be computed here; says why.
    """
    command = [sys.executable, "-m", __name__, str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=LONGEST_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise _failed(f"it said nothing for {LONGEST_SECONDS:g} s") from error
    if done.returncode == 0:
        return
    said = [line for line in done.stdout.splitlines() if line.startswith(b"{")]
    if said:
        raise rebuilt(msgspec.json.decode(said[-1], type=dict))
    last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
    raise _failed(" ".join([f"its trial ended with status {done.returncode}", *last]))


def _failed(why: str) -> ConfigurationError:
    return ConfigurationError(f"The model cannot be computed here: {why}.", code="runtime_failed")


def _open(folder: Path) -> None:
    """Open the model in the first runtime that can compute it, which embeds texts to see."""
    said = []
    for name, dtype in SURE:
        try:
            open_runtime(Embedding(model=str(folder), device="cpu"), name, dtype, folder)
        except KbError as error:
            if error.code in NO_MODEL:
                raise
            said.append(error.message.rstrip("."))
        else:
            return
    raise _failed("; ".join(said))


def main() -> None:
    """What :func:`check` starts: a folder as its argument, an error of ours as a line of JSON."""
    try:
        _open(Path(sys.argv[1]))
    except KbError as error:
        sys.stdout.buffer.write(msgspec.json.encode(told(error)) + b"\n")
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
