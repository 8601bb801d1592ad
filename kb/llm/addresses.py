"""Where the language model's server is."""

import os

from kb.settings import Llm

OLLAMA = "http://127.0.0.1:11434"


def address_of(settings: Llm) -> str:
    """The server's address; empty where none is configured, and there is no usual one."""
    if settings.url or settings.provider != "ollama":
        return settings.url if settings.provider != "none" else ""
    return os.environ.get("OLLAMA_HOST") or OLLAMA
