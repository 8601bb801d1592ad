"""What lets somebody in is kept as a hash: who reads the catalog cannot come in by it."""

import base64
import hashlib

import pytest
from sqlalchemy import select

from kb.catalog.tables import metadata
from kb.rights import access
from kb.types.accounts import Client

PASSWORD = "a lighthouse in the fog"  # noqa: S105
HERE = Client("127.0.0.1")

pytestmark = pytest.mark.both_catalogs


def everything(catalog) -> str:
    with catalog.reading() as connection:
        tables = metadata.tables.values()
        return repr([[tuple(row) for row in connection.execute(select(t))] for t in tables])


def test_passwords_sessions_tokens_and_links_are_kept_as_hashes(house, heavy_hashes):
    kb, owner = house.kb, access.owner()
    kb.accounts.add(owner, "rita", (), password=PASSWORD)
    session = kb.accounts.sign_in("rita", PASSWORD, "", HERE)
    token = kb.accounts.new_token(kb.principal("rita"), "script", "read", 5)
    link = kb.accounts.link_for(owner, "rita")
    kept = everything(kb.catalog)
    for secret in (session, token, link):
        plain = secret.removeprefix("kb_")
        assert len(base64.urlsafe_b64decode(plain + "=")) == 32  # 256 bits
        assert plain not in kept
        assert hashlib.sha256(secret.encode()).hexdigest() in kept
    assert PASSWORD not in kept
    assert "$argon2id$v=19$m=65536,t=3,p=4$" in kept
