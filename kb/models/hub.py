"""A model from a model hub, where somebody has typed that it is to be fetched."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kb.errors import RetryableError, UsageError

WANTED = ("*.safetensors", "*.json", "*.txt", "*.model", "*.md", "LICENSE*", "NOTICE*")
"""Weights as numbers, the tokenizer, configuration, the card; what could hold code is not asked
for."""
UNWANTED = ("onnx/*", "openvino/*", ".*")
SECONDS = 30.0
"""For which the hub may be silent."""


def address() -> str:
    """The hub that is asked: the well-known one, or what ``HF_ENDPOINT`` says."""
    return str(_library().constants.ENDPOINT)


def revision(repository: str) -> str:
    """The newest state (a commit) of a model.

    Raises:
        UsageError: the hub has no such model, or does not show it.
        RetryableError: the hub does not answer.
    """
    with _translated(repository):
        return str(_library().HfApi().model_info(repository, timeout=SECONDS).sha)


def fetch(repository: str, commit: str, folder: Path) -> None:
    """Fetch what is wanted of a model into a folder.

    Raises:
        UsageError: the hub does not show it.
        RetryableError: the hub does not answer, or no longer.
        OSError: it cannot be written.
    """
    with _translated(repository):
        _library().snapshot_download(
            repository,
            revision=commit,
            local_dir=folder,
            allow_patterns=list(WANTED),
            ignore_patterns=list(UNWANTED),
        )


@contextmanager
def _translated(repository: str) -> Iterator[None]:
    import httpx2  # what the hub's library speaks with

    problems = _library().errors
    try:
        yield
    except (problems.RepositoryNotFoundError, problems.HFValidationError) as error:
        raise UsageError(
            f"The hub at {address()} has no model {repository}, or does not show it: {error}",
            code="model_not_found",
            detail={"model": repository, "hub": address()},
        ) from error
    except (problems.HfHubHTTPError, problems.LocalEntryNotFoundError, httpx2.HTTPError) as error:
        raise RetryableError(
            f"The hub at {address()} does not answer as it should: {error}",
            code="hub_unavailable",
            detail={"model": repository, "hub": address()},
        ) from error


def _library() -> Any:
    """The hub's library, which reads what it may do when it is loaded."""
    os.environ["HF_HUB_DISABLE_XET"] = "1"  # from the hub itself, by plain HTTP
    for offline in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        os.environ.pop(offline, None)  # somebody has typed that it is to be fetched
    import huggingface_hub
    import huggingface_hub.constants
    import huggingface_hub.errors

    return huggingface_hub
