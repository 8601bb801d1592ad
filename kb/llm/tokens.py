"""How many tokens a text has, as far as that can be told without the model. Pure."""

CHARACTERS_PER_TOKEN = 2.6
"""Cautious: English has about 4, German and Greek fewer. Budgeting too tightly is harmless."""


def tokens(text: str) -> int:
    """An upper estimate of a text's tokens."""
    return int(len(text) / CHARACTERS_PER_TOKEN) + 1
