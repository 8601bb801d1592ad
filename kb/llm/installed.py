"""What Ollama says of the models that it has, as far as it is used here."""

from typing import Any

import msgspec

from kb.llm.choosing import is_elsewhere, only_embeds

LEVELS_ALONE = {"gptoss", "gpt-oss"}
"""Families that think in levels and cannot be told not to."""
LONGEST_LICENCE = 120
"""Characters of a licence's first line that are shown."""


class Details(msgspec.Struct):
    """What Ollama says of a model's making."""

    families: list[str] | None = None
    parameter_size: str | None = None


class Installed(msgspec.Struct):
    """A model as ``/api/tags`` lists it. The client's own type drops what says where it runs."""

    model: str = ""
    name: str = ""
    digest: str | None = None
    size: int | None = None
    remote_host: str | None = None
    remote_model: str | None = None
    details: Details | None = None

    @property
    def called(self) -> str:
        """The model's name."""
        return self.model or self.name

    @property
    def elsewhere(self) -> bool:
        """Whether it runs on somebody else's machines."""
        return is_elsewhere(self.called, self.remote_host or self.remote_model)

    @property
    def chats(self) -> bool:
        """Whether it may write sentences, as far as its name and families tell."""
        return not only_embeds(self.called, self.details.families if self.details else None)


class InstalledModels(msgspec.Struct):
    """The answer of ``/api/tags``."""

    models: list[Installed] | None = None


class ThinkValues(msgspec.Struct):
    """What may be sent as ``think``, and what holds where nothing is. Newer servers tell it."""

    values: list[bool | str] | None = None


class Shown(msgspec.Struct):
    """What is used of ``/api/show``."""

    license: str | None = None
    capabilities: list[str] | None = None
    details: Details | None = None
    thinking: ThinkValues | None = None
    remote_host: str | None = None
    remote_model: str | None = None
    model_info: dict[str, Any] | None = None

    @property
    def elsewhere(self) -> str | None:
        """The machines on which it runs, where it is not this one."""
        return self.remote_host or self.remote_model

    @property
    def licence(self) -> str | None:
        """The first line of its licence."""
        lines = [line.strip() for line in (self.license or "").splitlines() if line.strip()]
        return lines[0][:LONGEST_LICENCE] if lines else None

    @property
    def context(self) -> int | None:
        """The longest text in tokens."""
        told = self.model_info or {}
        found = told.get(f"{told.get('general.architecture')}.context_length")
        return found if isinstance(found, int) else None

    @property
    def thinks(self) -> bool:
        """Whether the model can think."""
        if self.thinking and self.thinking.values is not None:
            return any(value is not False for value in self.thinking.values)
        return "thinking" in (self.capabilities or [])

    def switch(self, *, has_thought: bool) -> bool | str | None:
        """What is sent as ``think``: off, where that can be; else as little as there is.

        ``has_thought``: it was told not to and did. Told to think, its thoughts come apart.
        """
        if not self.thinks:
            return None
        values = self.thinking.values if self.thinking else None
        if values is None:
            families = set((self.details.families if self.details else None) or [])
            values = ["low"] if families & LEVELS_ALONE else [True, False]
        if False in values and not has_thought:
            return False
        levels = [value for value in values if isinstance(value, str)]
        if levels:
            return "low" if "low" in levels else levels[0]
        return True
