"""Two knowledge bases on one Qdrant server keep apart by their prefixes."""

from kb.errors import ConfigurationError
from kb.settings import Settings


async def check_unused(settings: Settings) -> None:
    """Check that no other knowledge base has its index where one is to be restored.

    Raises:
        ConfigurationError: the Qdrant server has collections of this prefix.
        EngineError, ConfigurationError: it does not answer, or does not let us in.
    """
    if settings.index.backend != "server":
        return
    from kb.index.server import connect

    s = settings.index
    index = connect(s.url, s.api_key, s.prefix)
    try:
        held = await index.held()
    finally:
        await index.close()
    if held:
        raise ConfigurationError(
            "The Qdrant server at {url} has collections {prefix}-… of a knowledge base. Name "
            "another prefix for the restored one in KB_INDEX__PREFIX.",
            code="index_in_use",
            detail={"url": s.url, "prefix": s.prefix},
        )
