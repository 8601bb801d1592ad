"""Whose the knowledge base is."""


async def test_the_service_leaves_the_knowledge_base_to_who_opened_it(portal, monkeypatch):
    closed = []
    monkeypatch.setattr(portal.kb, "close", lambda: closed.append(True))
    async with portal.litestar.lifespan():
        assert portal.kb.audit.health().is_ready
    assert not closed
