"""What the rooms of the library give and refuse, whoever calls them."""

import pytest

from kb.errors import ForbiddenError, NotFoundError
from kb.types.library import LedgerFilter


@pytest.fixture
def rooms(portal):
    """«public» is for everybody, and carl answers for it; «staff» is for hr."""
    return portal.kb


def document(rooms, path: str) -> int:
    return rooms.ledger.rows(rooms.principal(None), LedgerFilter(path=path))[0].id


async def test_who_does_not_look_after_a_source_sees_its_name_alone(rooms):
    cards = {
        name: {card.name: card.standing for card in rooms.sources.cards(rooms.principal(name))}
        for name in ("nina", "carl", "anna")
    }
    assert cards["nina"] == {"public": None}
    assert cards["carl"]["public"].source.name == "public"
    assert "staff" not in cards["carl"]
    assert all(cards["anna"].values())
    assert set(cards["anna"]) == {"public", "staff"}


async def test_nobody_erases_what_is_not_theirs_to_look_after(rooms):
    nina, carl = rooms.principal("nina"), rooms.principal("carl")
    ferry, wages = document(rooms, "ferry.txt"), document(rooms, "wages.txt")
    with pytest.raises(ForbiddenError):
        await rooms.documents.erase(nina, [ferry])
    with pytest.raises(NotFoundError):
        await rooms.documents.erase(carl, [ferry, wages])
    assert document(rooms, "ferry.txt") == ferry


async def test_a_source_is_read_when_who_answers_for_it_asks(rooms):
    with pytest.raises(ForbiddenError):
        rooms.sources.ask_for_run(rooms.principal("nina"), "public")
    assert not rooms.sources.named("public").is_requested
    rooms.sources.ask_for_run(rooms.principal("carl"), "public")
    assert rooms.sources.named("public").is_requested


async def test_files_are_tried_again_where_one_answers_for_them(rooms):
    indexed = LedgerFilter(state="indexed")
    rooms.ledger.ask_again(rooms.principal("nina"), indexed)
    assert not any(source.is_requested for source in rooms.sources.all())
    rooms.ledger.ask_again(rooms.principal("carl"), indexed)
    assert [s.name for s in rooms.sources.all() if s.is_requested] == ["public"]
    with pytest.raises(ForbiddenError):
        rooms.ledger.ask_again(
            rooms.principal("nina"), LedgerFilter(), document(rooms, "ferry.txt")
        )


async def test_a_page_of_a_source_is_for_who_may_read_it(rooms):
    page = rooms.sources.page(rooms.principal("nina"), "public")
    assert ([row.path for row in page.latest], page.count, page.mine) == (["ferry.txt"], 1, False)
    with pytest.raises(NotFoundError):
        rooms.sources.page(rooms.principal("nina"), "staff")
