"""Links in a folder: the way to the target counts, its rights and its rule too."""

import errno
import os
from pathlib import Path

import pytest
from sqlalchemy import update

from ingest.finding import mirroring
from ingest.finding import sources as folder
from ingest.finding.selection import Selection
from ingest.reading.reader import Reader
from kb.catalog import groups
from kb.catalog import rights as rights_catalog
from kb.catalog.tables import documents
from kb.errors import EngineError, FileProblem
from kb.files.originals import leads_to
from kb.rights import access
from kb.types.library import PathRule
from tests.parts.files import zipped
from tests.parts.house import set_rule

pytestmark = pytest.mark.both_catalogs

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: files get other owners")
OWNER, WRITER = 71_100, 71_101


@pytest.fixture
async def share(house):
    """A share with a closed folder, and one in which anybody may write."""
    house.root.mkdir(exist_ok=True)
    with house.kb.catalog.writing() as connection:
        groups.add(connection, "hr")
    house.kb.accounts.add(access.owner(), "tim", ())
    house.kb.accounts.add(access.owner(), "lena", ("hr",))
    house.follow()
    house.write("secret/merger.md", "The merger with Tangerine is secret.")
    house.write("drop/plan.md", "The plan of the pier is open.")
    return house


def read_by(house, name: str) -> set[str]:
    from kb.types.library import LedgerFilter

    return {r.path for r in house.kb.ledger.rows(house.kb.principal(name), LedgerFilter())}


def link(house, path: str, target: str) -> Path:
    made = house.root / path
    made.parent.mkdir(parents=True, exist_ok=True)
    made.unlink(missing_ok=True)
    made.symlink_to(target)
    return made


def opens(path: Path, number: int) -> bool:
    """Whether the kernel lets this user open it; the folders above the share are not asked."""
    child = os.fork()
    if child == 0:
        os.chdir(path.parent.parent)
        os.setgroups([])
        os.setgid(65534)
        os.setuid(number)
        try:
            os.close(os.open(os.path.join(path.parent.name, path.name), os.O_RDONLY))
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


@pytest.mark.case("N08")
@ROOT_ONLY
@pytest.mark.parametrize(
    "target",
    ["../secret/merger.md", "../drop/../secret/merger.md", "again", "{root}/secret/merger.md"],
)
async def test_a_mirrored_link_opens_nothing_that_its_way_closes(share, monkeypatch, target):
    """As the kernel says, who is asked too."""
    monkeypatch.setattr(
        mirroring, "user_name", lambda n: {OWNER: "lena", WRITER: "tim"}.get(n, "root")
    )
    monkeypatch.setattr(mirroring, "group_name", lambda n: f"#{n}")
    monkeypatch.setattr(mirroring, "forget_names", lambda: None)
    os.chown(share.root / "secret", OWNER, 0)
    (share.root / "secret").chmod(0o750)
    made = link(share, "drop/harmless.md", target.format(root=share.root))
    link(share, "drop/again", "../secret/merger.md")
    assert not opens(made, WRITER)
    if not target.startswith("{"):
        assert opens(made, OWNER)
    await set_rule(share.kb, access.owner(), "files", "mirror", [])
    await share.ingest()
    assert read_by(share, "tim") == {"drop/plan.md"}
    assert {"drop/harmless.md", "secret/merger.md"} <= read_by(share, "lena")
    tim = share.kb.principal("tim")
    found = (await share.kb.search.passages("merger with Tangerine", tim)).passages
    assert not any("Tangerine" in p.text for p in found)


@pytest.mark.case("N08")
@pytest.mark.parametrize("rule", ["secret/", "*.md"])
async def test_a_link_needs_the_rule_of_its_target_too(share, rule):
    """Rules by path judge both places."""
    link(share, "drop/harmless.txt", "../secret/merger.md")
    lines = [PathRule(rule, ("hr",)), PathRule("drop/", ("everyone",))]
    await set_rule(share.kb, access.owner(), "files", "paths", lines)
    await share.ingest()
    assert read_by(share, "tim") == {"drop/plan.md"}
    assert len(read_by(share, "lena")) == 3


@pytest.mark.case("N08")
async def test_both_ends_of_a_link_must_allow(share):
    """Readers of the link's own place are no readers of its target, and the reverse."""
    with share.kb.catalog.writing() as connection:
        groups.add(connection, "crew")
    share.kb.accounts.add(access.owner(), "both", ("hr", "crew"))
    share.kb.accounts.add(access.owner(), "crewman", ("crew",))
    link(share, "drop/harmless.txt", "../secret/merger.md")
    lines = [PathRule("secret/", ("hr",)), PathRule("drop/", ("crew",))]
    await set_rule(share.kb, access.owner(), "files", "paths", lines)
    await share.ingest()
    linked = "drop/harmless.txt"
    assert linked in read_by(share, "both")
    assert linked not in read_by(share, "lena") | read_by(share, "crewman") | read_by(share, "tim")
    link(share, linked, "plan.md")
    await share.ingest()
    assert linked in read_by(share, "crewman"), "it leads elsewhere now"
    assert linked not in read_by(share, "lena")


@pytest.mark.case("N08")
async def test_a_rule_that_is_set_later_knows_where_links_lead(share):
    """Without another run."""
    link(share, "drop/harmless.txt", "../secret/merger.md")
    await share.ingest()
    assert len(read_by(share, "tim")) == 3
    await set_rule(share.kb, access.owner(), "files", "paths", [PathRule("secret/", ("hr",))])
    assert read_by(share, "tim") == {"drop/plan.md"}


@pytest.mark.case("N08")
@pytest.mark.parametrize("what", ["link", "folder"])
def test_what_leads_elsewhere_between_look_and_read_is_not_read(tmp_path, what):
    """A link, or a link in a folder's place, that changes its target meanwhile."""
    root = tmp_path / "share"
    (root / "secret").mkdir(parents=True)
    (root / "open").mkdir()
    (root / "secret/a.md").write_text("secret")
    (root / "open/a.md").write_text("open as can be")
    (root / "link.md").symlink_to("open/a.md")
    looked = {f.path: f for f in folder.walk(str(root), Selection()).files}
    if what == "link":
        (root / "link.md").unlink()
        (root / "link.md").symlink_to("secret/a.md")
    else:
        (root / "open").rename(root / "away")
        (root / "open").symlink_to("secret")
    judged = looked["link.md" if what == "link" else "open/a.md"]
    with pytest.raises(FileProblem) as refused:
        folder.snapshot(str(root), judged, tmp_path / "copy", 1)
    assert refused.value.code == "changed_while_reading"
    copy = tmp_path / "copy"
    assert "secret" not in (copy.read_text() if copy.exists() else "")


@pytest.mark.case("N08")
@ROOT_ONLY
async def test_rights_that_change_between_look_and_read_are_looked_at_again(share, monkeypatch):
    """A file that is closed meanwhile is not published as open."""
    monkeypatch.setattr(mirroring, "user_name", lambda n: f"#{n}")
    monkeypatch.setattr(mirroring, "group_name", lambda n: f"#{n}")
    monkeypatch.setattr(mirroring, "forget_names", lambda: None)
    await set_rule(share.kb, access.owner(), "files", "mirror", [])
    plan, opened = share.root / "drop/plan.md", folder.open_beneath

    def closed_first(*arguments):
        plan.chmod(0o600)
        plan.write_text("The plan is a secret of the board now.")
        return opened(*arguments)

    monkeypatch.setattr(folder, "open_beneath", closed_first)
    await share.ingest()
    found = (
        await share.kb.search.passages("secret of the board", share.kb.principal("tim"))
    ).passages
    assert not any("board" in p.text for p in found)
    monkeypatch.setattr(folder, "open_beneath", opened)
    await share.ingest()
    assert "drop/plan.md" not in read_by(share, "tim")
    assert share.ledger()["drop/plan.md"].state == "indexed"


@pytest.mark.case("N09")
def test_a_mount_point_with_letters_beyond_ascii_is_recognised(tmp_path, monkeypatch):
    """FAT and CIFS make their rights up, whatever the folder is called."""
    listed = tmp_path / "mountinfo"
    listed.write_text(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "40 22 8:17 / /srv/Gr\u00f6\u00dfe\\040x rw shared:2 - vfat /dev/sdb1 rw,uid=0,umask=022\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(mirroring, "MOUNTS", listed)
    from kb.errors import UsageError

    with pytest.raises(UsageError) as refused:
        mirroring.check("/srv/Gr\u00f6\u00dfe x")
    assert refused.value.code == "rights_made_up"


@pytest.mark.case("N09")
def test_whoever_has_no_number_here_is_nobody():
    """Files of foreign owners are shown as ``nobody``'s; a person of that name is not meant."""
    mirroring.forget_names()
    assert mirroring.user_name(65534) == "#65534"
    assert mirroring.group_name(65534) == "#65534"


def busy(monkeypatch, *names: str) -> None:
    """Files of these names are written to whenever they are read."""
    snapshot = folder.snapshot

    def never_still(root, found, target, limit_mb):
        if found.raw_path.rpartition(b"/")[2].decode() in names:
            raise FileProblem("changed_while_reading")
        return snapshot(root, found, target, limit_mb)

    monkeypatch.setattr(folder, "snapshot", never_still)


async def away(*_):
    raise EngineError("The embedder is away.")


async def finds(house, name: str, words: str) -> set[str]:
    found = await house.kb.search.passages(words, house.kb.principal(name))
    return {p.chunk.path for p in found.passages}


@pytest.mark.case("N08")
async def test_a_link_to_what_is_gone_opens_nothing(share):
    """The text that was read through it stays whom it was for."""
    link(share, "drop/harmless.txt", "../secret/merger.md")
    await set_rule(share.kb, access.owner(), "files", "paths", [PathRule("secret/", ("hr",))])
    await share.ingest()
    (share.root / "secret/merger.md").unlink()
    for _ in range(2):
        await share.ingest()
        assert "drop/harmless.txt" not in read_by(share, "tim")
        assert "drop/harmless.txt" not in await finds(share, "tim", "merger with Tangerine")
    assert "drop/harmless.txt" in read_by(share, "lena")


@pytest.mark.case("N08")
async def test_a_link_to_what_cannot_be_read_yet_opens_nothing(share, monkeypatch):
    """The old text waits under the old readers and the new ones; the new text does not."""
    linked = "drop/harmless.txt"
    link(share, linked, "../secret/merger.md")
    await set_rule(share.kb, access.owner(), "files", "paths", [PathRule("secret/", ("hr",))])
    await share.ingest()
    link(share, linked, "plan.md")
    with monkeypatch.context() as patch:
        busy(patch, "harmless.txt")
        for _ in range(2):
            await share.ingest()
            assert linked not in await finds(share, "tim", "merger with Tangerine")
            assert linked in read_by(share, "lena") - read_by(share, "tim")
    await share.ingest()
    assert linked in read_by(share, "tim")


@pytest.mark.case("N08")
async def test_an_archive_that_is_another_keeps_its_old_members_closed(share, monkeypatch):
    """Each member's text is for whom it was until the member itself has been read."""
    (share.root / "secret/a.zip").write_bytes(zipped({"m.txt": b"The merger with Tangerine."}))
    (share.root / "drop/b.zip").write_bytes(zipped({"m.txt": b"The plan of the quay."}))
    link(share, "drop/c.zip", "../secret/a.zip")
    await set_rule(share.kb, access.owner(), "files", "paths", [PathRule("secret/", ("hr",))])
    await share.ingest()
    member = "drop/c.zip › m.txt"
    assert member in read_by(share, "lena") - read_by(share, "tim")
    link(share, "drop/c.zip", "b.zip")
    with monkeypatch.context() as patch:
        patch.setattr("ingest.reading.preparing.Preparer.embed", away)
        for _ in range(2):
            await share.ingest()
            assert member not in read_by(share, "tim")
    await share.ingest()
    assert member in read_by(share, "tim")


@pytest.mark.case("N08")
async def test_what_is_in_a_member_waits_for_that_member(share, monkeypatch):
    """An archive in an archive that has not been read yet keeps what it held closed."""
    for place, text in (
        ("secret/a.zip", b"The merger with Tangerine."),
        ("drop/b.zip", b"A quay."),
    ):
        inner = zipped({"m.txt": text})
        (share.root / place).write_bytes(zipped({"n.zip": inner}))
    link(share, "drop/c.zip", "../secret/a.zip")
    await set_rule(share.kb, access.owner(), "files", "paths", [PathRule("secret/", ("hr",))])
    await share.ingest()
    member = "drop/c.zip › n.zip › m.txt"
    assert member in read_by(share, "lena") - read_by(share, "tim")
    link(share, "drop/c.zip", "b.zip")
    read = Reader.read

    async def only_the_outermost(reader, item):
        return await (away() if item.depth else read(reader, item))

    with monkeypatch.context() as patch:
        patch.setattr(Reader, "read", only_the_outermost)
        for again in ("changed", "as it was", "touched"):
            if again == "touched":
                os.utime(share.root / "drop/b.zip")
            await share.ingest()
            assert share.ledger()["drop/c.zip"].state == "indexed"
            assert member not in read_by(share, "tim"), again
    await share.ingest()
    assert member in read_by(share, "tim")


@pytest.mark.case("N08")
@ROOT_ONLY
async def test_rights_that_widen_are_for_the_new_text(share, monkeypatch):
    """A file is closed, then rewritten and opened: the text of before stays closed."""
    secret = share.root / "secret/merger.md"
    secret.chmod(0o600)
    await set_rule(share.kb, access.owner(), "files", "mirror", [])
    await share.ingest()
    path = "secret/merger.md"
    assert path not in read_by(share, "tim")
    secret.write_text("The lunch is at noon, says the new cook.")
    secret.chmod(0o644)
    with monkeypatch.context() as patch:
        busy(patch, "merger.md")
        for _ in range(2):
            await share.ingest()
            assert path not in read_by(share, "tim")
            assert path not in await finds(share, "tim", "merger with Tangerine")
    await share.ingest()
    assert path in await finds(share, "tim", "lunch at noon")


@pytest.mark.case("N08")
def test_a_step_that_cannot_be_looked_at_is_nobodys(tmp_path, monkeypatch):
    """Only where the kernel says that it is no link it is none."""
    (tmp_path / "closed").mkdir(mode=0o700)
    (tmp_path / "closed/x.txt").write_text("secret")
    (tmp_path / "y.txt").symlink_to("closed/x.txt")
    way = mirroring.steps_of(str(tmp_path), [b"y.txt"])
    assert len(way[b"y.txt"]) == 3

    def fails(path, **_):
        raise OSError(errno.EIO, "Input/output error", path)

    monkeypatch.setattr(os, "readlink", fails)
    assert mirroring.steps_of(str(tmp_path), [b"y.txt"]) == {}
    with pytest.raises(FileProblem) as told:
        leads_to(os.path.realpath(os.fsencode(tmp_path)), b"y.txt")
    assert told.value.code == "unreadable"


@pytest.mark.case("N08")
async def test_readers_that_a_run_left_behind_go_with_the_rule(share):
    """A source without a rule has no document with readers of its own after a run."""
    await share.ingest()
    with share.kb.catalog.writing() as connection:
        rights = rights_catalog.keep_set(connection, [access.OWNER])
        connection.execute(update(documents).values(rights=rights))
    assert read_by(share, "tim") == set()
    await share.ingest()
    assert read_by(share, "tim") == {"drop/plan.md", "secret/merger.md"}
