"""What a parser is told beside the file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """Settings that change what comes out of a file; their text takes part in cache keys.

    ``languages`` are tesseract's (``eng+deu``). ``max_members`` and ``max_expanded`` (bytes) bound
    what comes out of one archive. Pages read with less than ``min_confidence`` (0 to 100) count as
    uncertain. ``seconds`` are those after which the parser is stopped.
    """

    languages: str = "eng"
    max_members: int = 5000
    max_expanded: int = 256 * 1024**2
    min_confidence: float = 60.0
    seconds: float = 120.0
