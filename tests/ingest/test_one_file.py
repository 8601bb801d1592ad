"""One file or folder never stops a run, whatever it is, on both databases."""

import os
import struct
import subprocess
from datetime import UTC, datetime

import pytest

from tests.parts.house import House


@pytest.fixture(params=["sqlite", "postgresql"])
async def either(request, environment, tmp_path):
    """A house on each of the two databases."""
    from kb import settings as settings_module

    env = dict(environment)
    if request.param == "postgresql":
        env["KB_CATALOG__URL"] = request.getfixturevalue("postgres")
    else:
        env.pop("KB_CATALOG__URL", None)
    loaded = settings_module.load({}, {k: v for k, v in env.items() if k.startswith("KB_")})
    made = House(loaded, tmp_path / "files")
    yield made
    await made.kb.close()


@pytest.fixture(autouse=True)
def no_deep_folders_are_left(tmp_path):
    """pytest itself removes old folders by calling itself, too often for these."""
    yield
    subprocess.run(["rm", "-rf", str(tmp_path / "files")], check=True)


def nest(root, count: int) -> str:
    """Folders in folders; os.makedirs would call itself too often."""
    inside = ""
    for _ in range(count):
        inside = f"{inside}/d".lstrip("/")
        os.mkdir(root / inside)
    return inside


def with_title(title: bytes) -> bytes:
    """A one-page PDF with a text, and a title of these bytes (ISO 32000-1, 7.9.2 and 14.3.3)."""
    page = b"BT /F 12 Tf 72 700 Td (The lighthouse keeper retires in June.) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
        b"/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(page), page),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Title<%s>>>" % title.hex().encode(),
    ]
    written, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj%s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return written + (
        b"xref\n0 7\n0000000000 65535 f \n%strailer<</Size 7/Root 1 0 R/Info 6 0 R>>\n"
        b"startxref\n%d\n%%%%EOF\n" % (table, len(written))
    )


BROKEN_TITLES = {
    "half a pair": b"\xfe\xff" + struct.pack(">HH", 0xD800, 0x41),
    "odd": b"\xfe\xff\x00",
    "nul": b"\xfe\xff" + "a\0b".encode("utf-16-be"),
    "utf-8": b"\xef\xbb\xbf\xff\xfe\xff",
}


@pytest.mark.case("N05")
async def test_nothing_in_a_folder_stops_a_run(either):
    """Times of 2400, 1,100 folders, long paths, broken titles, NUL: all the rest is read."""
    house = either
    house.follow()
    house.write("plain.txt", "The plain matter is settled.")
    for year in (1601, 2400):
        path = house.write(f"year{year}.txt", f"The matter of the year {year} is settled.")
        stamp = (datetime(year, 1, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days * 86400
        os.utime(path, ns=(stamp * 10**9, stamp * 10**9))
    deep = nest(house.root, 1100)
    (house.root / deep / "deep.txt").write_text("The deep matter is settled.")
    folder, descriptor = os.fsencode(house.root), None
    for number in range(30):  # beyond what one path may have (PATH_MAX)
        name = f"{number:02}{'x' * 200}"
        os.mkdir(name, dir_fd=descriptor) if descriptor else os.mkdir(folder + b"/" + name.encode())
        inner = os.open(
            name if descriptor else folder + b"/" + name.encode(), os.O_RDONLY, dir_fd=descriptor
        )
        if descriptor:
            os.close(descriptor)
        descriptor = inner
    os.close(descriptor)
    for name, title in BROKEN_TITLES.items():
        (house.root / f"{name}.pdf").write_bytes(with_title(title))
    house.write("nul.txt", "Before the mark\0 and after the mark.")
    house.write("nul.csv", "name,place\nann\0a,Aurach\n")
    house.write(
        "nul.html", "<html><title>a\0b</title><body><p>The gate\0 is open.</p></body></html>"
    )
    try:
        for _ in range(2):
            counts = await house.ingest()
        ledger = house.ledger()
    finally:
        subprocess.run(["rm", "-rf", str(house.root)], check=False)
    assert counts.indexed == 0
    for path in ("plain.txt", "year1601.txt", "year2400.txt", f"{deep}/deep.txt"):
        assert ledger[path].state == "indexed", ledger[path].code
    for name in BROKEN_TITLES:
        assert ledger[f"{name}.pdf"].state == "indexed", ledger[f"{name}.pdf"].parameters
    [long] = [row for row in ledger.values() if row.code == "path_too_long"]
    assert long.path.startswith(f"00{'x' * 200}/")
    for name in ("nul.txt", "nul.csv", "nul.html"):
        row = ledger[name]
        if row.state != "indexed":
            assert row.code, name
    assert "year2400.txt" in await house.paths("The matter of the year 2400")


@pytest.mark.case("N05")
async def test_rights_of_a_deeply_nested_file_are_read(house):
    """What the file system says of 1,100 folders is asked for without recursion."""
    from ingest.finding import mirroring

    deep = nest(house.root, 1100)
    (house.root / deep / "deep.txt").write_text("x")
    [steps] = mirroring.steps_of(str(house.root), [f"{deep}/deep.txt".encode()]).values()
    assert len(steps) == 1 + 1100 + 1


@pytest.mark.case("N05")
async def test_what_the_database_refuses_is_that_files_reason(either):
    """The catalog refuses one document of a group; the others are published."""
    from sqlalchemy import text

    house = either
    house.follow()
    for n in range(4):
        house.write(f"{n}.txt", f"Matter number {n} is settled.")
    with house.kb.catalog.writing() as c:
        forbid(c, text)
    counts = await house.ingest()
    assert (counts.seen, counts.failed) == (4, 1)
    ledger = house.ledger()
    assert {p: row.state for p, row in ledger.items()} == {
        "0.txt": "indexed", "1.txt": "indexed", "2.txt": "failed", "3.txt": "indexed",
    }  # fmt: skip
    assert ledger["2.txt"].code == "unexpected"
    with house.kb.catalog.writing() as c:
        c.execute(text("DROP TRIGGER refuse" + (" ON chunks" if is_postgresql(c) else "")))
    assert (await house.ingest()).failed == 0
    assert house.ledger()["2.txt"].state == "indexed"
    await house.kb.publisher.sweep(grace_seconds=0)
    assert not any((await house.kb.upkeep.check()).values())


def is_postgresql(connection) -> bool:
    return connection.dialect.name == "postgresql"


def forbid(
    connection, text, table: str = "chunks", when: str = "NEW.text LIKE '%number 2%'"
) -> None:
    """Have the database itself refuse some rows, with an error that nobody foresaw."""
    if is_postgresql(connection):
        connection.execute(
            text(
                "CREATE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF "
                f"{when} THEN RAISE data_exception; END IF; RETURN NEW; END $$"
            )
        )
        connection.execute(
            text(
                f"CREATE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW "
                "EXECUTE FUNCTION refused()"
            )
        )
    else:
        connection.execute(
            text(
                f"CREATE TRIGGER refuse BEFORE INSERT ON {table} WHEN {when} "
                "BEGIN SELECT RAISE(ABORT, 'refused'); END"
            )
        )


@pytest.mark.case("N05")
async def test_a_run_that_ends_unforeseen_says_so(house):
    """The source shows the error, and no run stays under way."""
    from sqlalchemy import text

    from kb.catalog import runs
    from kb.errors import KbError

    house.follow()
    house.write("0.txt", "Matter number 0 is settled.")
    with house.kb.catalog.writing() as c:
        forbid(c, text, "documents", "NEW.path IS NOT NULL")
    with pytest.raises(KbError):
        await house.ingest()
    source = house.kb.sources.named("files")
    assert source.error is not None
    with house.kb.catalog.reading() as c:
        assert not runs.running(c)
