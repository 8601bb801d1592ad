"""Commonplace: a knowledge base that an organisation runs on its own machines."""

from kb import switches

__version__ = "0.1.0"

switches.set_all()
