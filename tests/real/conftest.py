"""The real servers, for every test of this folder."""

from tests.real.test_models import gguf, llama_cpp, ollama

__all__ = ["gguf", "llama_cpp", "ollama"]
