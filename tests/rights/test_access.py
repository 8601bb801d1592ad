"""Who may read at all."""

import pytest

from kb.errors import UsageError
from kb.rights import access
from kb.types.people import Principal


@pytest.mark.case("S40")
def test_nobody_without_tokens_may_search():
    with pytest.raises(UsageError):
        access.tokens_or_raise(Principal("nobody", frozenset()))
