"""Names that files give to other files: shown to people, never opened."""


def safe_name(name: str) -> str:
    """Only the last part of a name, without control characters: it is shown, never opened."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable())[:200].strip() or "attachment"
