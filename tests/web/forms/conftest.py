"""One service for every test that sends forms."""

from tests.parts.office import come_in, office

__all__ = ["come_in", "office"]
