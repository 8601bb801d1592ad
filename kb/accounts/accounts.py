"""The accounts of a catalog: coming in, being recognised, and what can be changed."""

from kb.accounts.base import SCOPES, Client
from kb.accounts.managing import Managing
from kb.accounts.recognising import Recognising

__all__ = ["SCOPES", "Accounts", "Client"]


class Accounts(Managing, Recognising):
    """What the commands and the web hold; see the parts for the verbs."""
