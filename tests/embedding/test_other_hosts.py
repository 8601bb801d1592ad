"""Another processor, other tools, another model: what holds of a document holds there too."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text, update

from ingest.parsers import libreoffice
from kb import samples
from kb.catalog.tables import documents
from kb.cli.ingesting import run_of
from kb.embedding import models
from kb.knowledge_base import KnowledgeBase
from kb.upkeep.rebuilding import Rebuilder
from tests.ingest.test_interruptions import zipped
from tests.parts.processes import missing, program

LETTER = "Dear neighbours, the well in Aurach is open again from Monday on.\n"


def called_before(house, dtype: str) -> str:
    """How vectors were named when their number format was a part of it (release of 2026-11-25)."""
    found = models.find(house.kb.settings.embedding)
    return hashlib.sha256("\0".join([found.digest, dtype, "", ""]).encode()).hexdigest()[:32]


def short(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:32]


def vectors(house) -> dict[str, int]:
    with house.kb.catalog.reading() as c:
        rows = c.execute(text("SELECT model, count(*) FROM vectors GROUP BY model"))
        return dict(rows.tuples().all())


@pytest.mark.case("N19")
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
async def test_an_index_of_another_processor_is_searched_and_kept(house, dtype):
    """A base made where the model computed in another number format is used as it is."""
    from kb.index.base import LEXICAL_VERSION

    house.follow()
    house.write("letter.txt", LETTER)
    await house.ingest()
    [(model, count)] = vectors(house).items()
    before = called_before(house, dtype)
    with house.kb.catalog.writing() as c:
        c.execute(text("UPDATE vectors SET model = :m"), {"m": before})
        c.execute(
            text("UPDATE generations SET fingerprint = :f"),
            {"f": short(f"{before}:{LEXICAL_VERSION}")},
        )
    assert await house.paths("well in Aurach") == ["letter.txt"]
    assert (await house.ingest()).unchanged == 1
    assert vectors(house) == {model: count}
    house.write("copy.txt", LETTER)
    await house.ingest()
    assert not any((await house.kb.upkeep.check()).values())
    assert (
        await Rebuilder(house.kb.settings, house.kb.catalog, house.kb.embeddings).rebuild()
    ).points == 2


@pytest.mark.case("N19")
def test_number_formats_of_one_model_are_one_generation(settings):
    """`embedding.dtype` is no part of what a vector depends on; the process that computes is."""
    from kb.embedding.models import engine_fingerprint, fingerprint

    one, other = (
        msgspec.structs.replace(settings.embedding, dtype=d) for d in ("float32", "bfloat16")
    )
    assert fingerprint(one) == fingerprint(other)
    assert engine_fingerprint(one) != engine_fingerprint(other)


# --- tools


@pytest.fixture
def tesseract_with(tmp_path):
    """A folder of tesseract's data with some of the languages that are here."""
    program("tesseract", "tesseract (apt-get install tesseract-ocr)")
    [data] = [p.parent for p in Path("/usr/share/tesseract-ocr").glob("*/tessdata/eng.traineddata")]
    if not (data / "deu.traineddata").exists():
        missing("tesseract's German (apt-get install tesseract-ocr-deu)")

    def make(*languages: str) -> dict[str, str]:
        folder = tmp_path / "-".join(languages)
        folder.mkdir()
        for item in data.iterdir():
            if item.suffix != ".traineddata" or item.stem in {"osd", *languages}:
                (folder / item.name).symlink_to(item)
        return {"TESSDATA_PREFIX": str(folder), "KB_INGEST__OCR_LANGUAGES": "eng+deu"}

    return make


@pytest.mark.slow
@pytest.mark.case("N19")
def test_hosts_with_other_languages_do_not_read_each_others_files_for_ever(
    command, tmp_path, tesseract_with
):
    """A scan is read again where more is installed than it was read with; a letter never."""
    folder = tmp_path / "scans"
    folder.mkdir()
    shutil.copy(samples.documents() / "depot-inspection-scan.pdf", folder)
    (folder / "letter.txt").write_text(LETTER)
    command("source", "add", "scans", str(folder))
    english, german = tesseract_with("eng"), tesseract_with("deu")
    both = tesseract_with("eng", "deu")
    none = {"PATH": "/nonexistent", "KB_INGEST__OCR_LANGUAGES": "eng+deu"}
    read = [command("ingest", env=env)["indexed"] for env in (none, english)]
    assert read == [2, 1]
    for _ in range(2):
        assert [command("ingest", env=env)["indexed"] for env in (german, english, none)] == [0] * 3
    assert command("ingest", env=both)["indexed"] == 1
    assert [command("ingest", env=env)["indexed"] for env in (english, german, both)] == [0] * 3
    otherwise = both | {"KB_INGEST__OCR_LANGUAGES": "eng"}
    assert command("ingest", env=otherwise)["indexed"] == 1


@pytest.mark.slow
@pytest.mark.case("N19")
def test_a_tool_that_is_new_reads_only_files_that_lacked_it(command, tmp_path):
    """LibreOffice is installed, and taken away again; the others are not touched."""
    office = program("soffice", "LibreOffice (apt-get install libreoffice-writer-nogui)")
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "letter.txt").write_text(LETTER)
    subprocess.run(
        [office, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to",
         "doc", "--outdir", str(folder), str(folder / "letter.txt")],
        check=True, capture_output=True,
    )  # fmt: skip
    command("source", "add", "files", str(folder))
    without = {"PATH": "/nonexistent"}
    first = command("ingest", env=without)
    assert (first["indexed"], first["skipped"]) == (1, 1)
    assert command("ingest", env=without)["unchanged"] == 2
    second = command("ingest")
    assert (second["indexed"], second["unchanged"]) == (1, 1)
    for env in (without, {}):
        assert command("ingest", env=env)["unchanged"] == 2


# --- models


OPENED: list[str] = []
WATCHING: list[Path] = []


def _opening(event: str, arguments: tuple) -> None:
    if event == "open" and WATCHING:
        OPENED.append(os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes) else "")


sys.addaudithook(_opening)


@pytest.mark.case("N07")
async def test_passages_are_cut_anew_where_their_length_is_changed_and_nothing_is_read(
    house, tmp_path
):
    """Another tokenizer, or one that reads less, cuts nothing anew (docs/adr/0009); another length
    does, from what was parsed, and no file is opened."""
    text_of_it = " ".join(f"Sentence number {n} says that pump {n} runs." for n in range(60))
    house.follow()
    house.write("long.txt", text_of_it)
    await house.ingest()
    before = house.ledger()["long.txt"]
    folder = tmp_path / "model"
    shutil.copytree(models.find(house.kb.settings.embedding).folder, folder)
    config = folder / "sentence_bert_config.json"
    config.write_text('{"max_seq_length": 64, "do_lower_case": false}')
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, indent=1))
    replace = msgspec.structs.replace
    changed = replace(
        house.kb.settings,
        embedding=replace(house.kb.settings.embedding, model=str(folder)),
        engines=replace(house.kb.settings.engines, embedder_dir=str(tmp_path / "e")),
    )
    kb = KnowledgeBase(changed)
    shorter = KnowledgeBase(replace(changed, chunking=replace(changed.chunking, tokens=64)))
    try:
        WATCHING.append(house.root)
        assert (await run_of(kb, kb.sources.named("files")).run()).unchanged == 1
        source = shorter.sources.named("files")
        assert (await run_of(shorter, source).run()).indexed == 1
        WATCHING.clear()
        assert not [name for name in OPENED if name.endswith("long.txt")]
        after = house.ledger()["long.txt"]
        assert after.chunks > before.chunks
        assert after.content_hash == before.content_hash
        assert (await run_of(shorter, source).run()).unchanged == 1
    finally:
        WATCHING.clear()
        await kb.embeddings.engine.leave()
        await kb.close()
        await shorter.close()


@pytest.mark.case("N07")
async def test_another_model_makes_no_file_due(house):
    """What a version needs of a host has no model in it."""
    from ingest.reading.needs import Needs
    from kb.catalog.documents import of_source
    from kb.embedding.models import TokenCounter, fingerprint

    house.follow()
    house.write("letter.txt", LETTER)
    await house.ingest()
    s = house.kb.settings
    needs = Needs(s.ingest, s.chunking, TokenCounter(house.kb.embeddings.first.files))
    asked = msgspec.structs.replace(s.embedding, passage_prompt="passage: ")
    assert fingerprint(asked) != fingerprint(s.embedding)
    with house.kb.catalog.reading() as connection:
        [known] = of_source(connection, house.kb.sources.named("files").id).values()
    assert needs.is_current(known)


@pytest.mark.case("N19")
async def test_a_tool_that_is_new_reads_members_that_lacked_it(house, monkeypatch):
    """An attachment is read again though the mail that it came with needs nothing new."""
    house.follow()
    (house.root / "a.zip").write_bytes(zipped({"old.txt": b"Pump a is oiled.", "b.txt": b"B."}))
    await house.ingest()
    monkeypatch.setattr(libreoffice, "program", lambda: None)
    member = documents.c.path == "a.zip › old.txt"
    with house.kb.catalog.writing() as c:
        lacking = {"code": "needs_libreoffice", "state": "skipped", "version": None, "chunks": 0}
        c.execute(update(documents).where(member).values(**lacking))
    assert (await house.ingest()).indexed == 0
    monkeypatch.setattr(libreoffice, "program", lambda: "/usr/bin/soffice")
    await house.ingest()
    assert house.ledger()["a.zip › old.txt"].state == "indexed"
    assert (await house.ingest()).unchanged == 1


async def test_scans_are_read_again_where_there_is_more_time_for_them(house):
    from ingest.reading.needs import Needs
    from kb.embedding.models import TokenCounter
    from kb.types.files import KnownDocument
    from kb.types.parsed import Parsed

    s = house.kb.settings
    counter = TokenCounter(house.kb.embeddings.first.files)
    beyond = Parsed(parser="tesseract", media_type="image/tiff", elements=(), problem="scan_beyond")
    had = Needs(s.ingest, s.chunking, counter)
    known = KnownDocument(
        1, b"a.tiff", None, "partial", "scan_beyond", had.fingerprint,
        had.used(beyond, members=False), None, False, 1, None, None,
    )  # fmt: skip
    assert had.is_current(known)
    for seconds, is_current in ((s.ingest.parse_seconds * 2, False), (1.0, True)):
        longer = msgspec.structs.replace(s.ingest, parse_seconds=seconds)
        assert Needs(longer, s.chunking, counter).is_current(known) == is_current
