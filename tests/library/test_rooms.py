"""What the rooms of the library give and refuse, whoever calls them."""

import pytest

from ingest.folders import Folders
from kb.errors import ForbiddenError, NotFoundError
from kb.types.library import Edited, LedgerFilter


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


@pytest.mark.parametrize("name", ["nina", "carl"])
async def test_who_reads_and_which_folders_are_followed_is_for_administrators(portal, rooms, name):
    """Refused in the room, whoever calls it, and whatever somebody may do to the source otherwise."""
    who, before = rooms.principal(name), rooms.sources.named("public")
    folders = Folders(rooms.catalog, rooms.publisher, rooms.settings.ingest)
    following = before.following
    refused = [
        lambda: folders.add(who, "new", str(portal.house.root), Edited(following, readers=("hr",))),
        lambda: folders.change_given(who, "public", {}, paused=True),
        lambda: rooms.sources.set_curators(who, "public", [name]),
    ]
    for call in refused:
        with pytest.raises(ForbiddenError):
            call()
    coming = [
        folders.change(who, before, Edited(following, readers=("hr",))),
        folders.change(who, before, Edited(following, curators=(name,))),
        folders.change(who, before, Edited(following, rule=("mirror", ()))),
        folders.set_rule(who, "public", "mirror", ()),
        rooms.sources.set_readers(who, "public", ["hr"]),
        rooms.sources.remove(who, before),
    ]
    for call in coming:
        with pytest.raises(ForbiddenError):
            await call
    assert rooms.sources.named("public") == before
    if name == "nina":
        with pytest.raises(ForbiddenError):
            await folders.change(who, before, Edited(following))


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
