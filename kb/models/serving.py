"""The models of the model server, as far as it tells of them while somebody waits."""

import asyncio
import time

from kb.errors import ModelError
from kb.llm.base import LanguageModel, Stock, Stocked
from kb.models.registered import Registered

SECONDS = 2.0
"""For which a list waits for the model server, in all."""
TO_NAME = 0.4
"""Seconds of these in which it is asked which model it uses."""


async def served(model: LanguageModel) -> list[Registered]:
    """What the model server has; of one that tells nothing, what answers.

    What it does not say in time of a model is not known.

    Raises:
        ModelError: it does not answer, or not in time.
    """
    until = time.monotonic() + SECONDS
    try:
        async with asyncio.timeout(SECONDS):
            if not isinstance(model, Stock):
                return [await _answering(model)]
            stocked = await model.stock(SECONDS - TO_NAME)
    except TimeoutError as error:
        raise ModelError(
            f"The model server did not answer within {SECONDS:g} seconds.",
            code="model_silent",
        ) from error
    name = await _used(model, until - time.monotonic())
    return [_of_server(one, name) for one in stocked]


async def _used(model: LanguageModel, seconds: float) -> str:
    """The name of the model that answers; empty: none does, or nobody says so in time."""
    try:
        async with asyncio.timeout(seconds):
            return (await model.identify()).name
    except (ModelError, TimeoutError):
        return ""


async def _answering(model: LanguageModel) -> Registered:
    used = await model.identify()
    licence = await model.licence(used.name)
    return _of_server(
        Stocked(
            name=used.name,
            digest=used.digest,
            bytes=None,
            licence=licence,
            context=None,
            capabilities=(),
            chats=True,
            elsewhere=False,
        ),
        used.name,
    )


def _of_server(stocked: Stocked, used: str) -> Registered:
    return Registered(
        name=stocked.name,
        title=stocked.name,
        purpose="language" if stocked.chats else "embedding",
        keeper="server",
        where="the model server",
        digest=stocked.digest,
        licence=stocked.licence,
        bytes=stocked.bytes,
        max_tokens=stocked.context,
        capabilities=stocked.capabilities,
        in_use=stocked.name in {used, f"{used}:latest"},
        elsewhere=stocked.elsewhere,
        note="It runs on other machines, and is used only where llm.cloud_models names it."
        if stocked.elsewhere
        else "",
    )
