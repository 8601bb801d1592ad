"""Whether a model in a folder can be computed here: tried in a process of its own.

What a folder says of itself can be whole and right, and the model still be none: a tensor is
missing, a shape is another, the numbers are no numbers. So the model is opened as the embedder
would open it, and embeds two texts.
"""

import sys
from pathlib import Path

import msgspec

from kb.embedding import trials
from kb.embedding.opening import open_runtime
from kb.embedding.starting import NO_MODEL, SURE
from kb.errors import ConfigurationError, KbError, rebuilt, told
from kb.settings import Embedding


def check(folder: Path) -> None:
    """Try the model of a folder.

    Raises:
        KbError: it cannot be computed here; says why.
    """
    ended = trials.run(__name__, str(folder))
    if ended.well:
        return
    if ended.said:
        raise rebuilt(msgspec.json.decode(ended.said[-1], type=dict))
    raise _failed(ended.how)


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
        trials.say(told(error))
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
