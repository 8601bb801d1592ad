"""The adapter for the language model that the configuration names."""

from kb.llm.base import LanguageModel
from kb.settings import Settings


def adapter(settings: Settings) -> LanguageModel | None:
    """The configured language model's adapter; its client library loads at the first question."""
    if settings.llm.provider == "none":
        return None
    if settings.llm.provider == "openai":
        from kb.llm.openai_compatible import OpenAICompatible

        return OpenAICompatible(settings.llm)
    from kb.llm.ollama import Ollama

    return Ollama(settings.llm)
