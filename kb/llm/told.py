"""What Ollama tells of its models, as far as it is used here."""

from typing import Any

import msgspec

from kb.llm.choosing import is_elsewhere, only_embeds


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
        """Its name."""
        return self.model or self.name

    @property
    def elsewhere(self) -> bool:
        """Whether it runs on somebody else's machines."""
        return is_elsewhere(self.called, self.remote_host or self.remote_model)

    @property
    def chats(self) -> bool:
        """Whether it may write sentences, as far as its name and families tell."""
        return not only_embeds(self.called, self.details.families if self.details else None)


class Listed(msgspec.Struct):
    """The answer of ``/api/tags``."""

    models: list[Installed] | None = None


class Shown(msgspec.Struct):
    """What is used of ``/api/show``."""

    license: str | None = None
    capabilities: list[str] | None = None
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


LONGEST_LICENCE = 120
