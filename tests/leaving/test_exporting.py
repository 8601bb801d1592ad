"""An export is what it says it is, by readers that are not ours."""

import email
import hashlib
import json
import re
import subprocess
import sys
from datetime import datetime
from email import policy
from pathlib import Path
from urllib.parse import unquote

import numpy
import pytest

from kb import samples
from tests.leaving.tables_of import table
from tests.parts.processes import missing, program

pytestmark = pytest.mark.slow
DOCS = Path(__file__).parent.parent.parent / "docs"


def the_program(page: Path) -> str:
    [code] = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return code


def test_the_library_of_congress_takes_it_for_a_bag(sample_bag):
    try:
        import bagit
    except ImportError:
        missing("bagit (pip install bagit)")
    bag = bagit.Bag(str(sample_bag))
    assert bag.validate(completeness_only=False)
    assert bag.version == "1.0"
    assert bag.info["Export-Format"] == "commonplace-export 1"
    oxum = f"{sum(p.stat().st_size for p in (sample_bag / 'data').rglob('*') if p.is_file())}"
    assert bag.info["Payload-Oxum"].startswith(f"{oxum}.")
    assert not list(bag.tagfile_entries().keys() ^ {
        "bagit.txt", "bag-info.txt", "manifest-sha256.txt", "README.md"
    })  # fmt: skip


def test_coreutils_check_it(sample_bag):
    lists = ["manifest-sha256.txt", "tagmanifest-sha256.txt"]
    command = [program("sha256sum", "coreutils"), "-c", "--quiet", "--strict", *lists]
    done = subprocess.run(command, cwd=sample_bag, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_it_is_for_its_owner_alone(sample_bag):
    modes = {p.stat().st_mode & 0o077 for p in sample_bag.rglob("*")}
    assert modes == {0}


def test_every_file_is_there_byte_by_byte(sample_bag):
    for path in samples.documents().iterdir():
        there = sample_bag / "data" / "files" / "samples" / path.name
        assert there.read_bytes() == path.read_bytes(), path.name


def test_what_came_out_of_a_mail_is_there(sample_bag):
    mail = samples.documents() / "charging-points-offer.eml"
    message = email.message_from_bytes(mail.read_bytes(), policy=policy.default)
    rows = {row["path"]: row for row in table(sample_bag, "documents")}
    attachments = list(message.iter_attachments())
    assert attachments
    for part in attachments:
        row = rows[f"{mail.name} › {part.get_filename()}"]
        content = (sample_bag / row["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["content_hash"]
        assert rows[mail.name]["id"] == row["parent"]


def test_twenty_lines_read_every_document(sample_bag, tmp_path):
    """Those of the docs, which stand in the export too; without a package of ours."""
    code = the_program(DOCS / "leaving.md")
    assert len(code.splitlines()) == 20
    assert the_program(sample_bag / "README.md") == code
    (tmp_path / "read.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-I", "read.py", str(sample_bag), "1000000"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    said = done.stdout.decode()
    for path in samples.documents().iterdir():
        assert f"samples: {path.name}, " in said
    assert "data/files/samples/annual-report-2025.pdf" in said
    notes = (samples.documents() / "it-notes.md").read_text(encoding="utf-8")
    sentence = next(line for line in notes.splitlines() if line.endswith(".") and "`" not in line)
    assert " ".join(sentence.split())[-40:] in " ".join(said.split())


def test_elements_are_places_in_the_text(sample_bag):
    texts = {one["document"]: one for one in table(sample_bag, "texts")}
    by_path = {one["path"]: one for one in texts.values()}
    elements = table(sample_bag, "elements")
    for one in elements:
        text = texts[one["document"]]["text"]
        assert 0 <= one["start"] <= one["end"] <= len(text)
        if one["rows"] and one["kind"] == "Table":
            assert one["rows"][0][0] in text[one["start"] : one["end"]]
    report = by_path["annual-report-2025.pdf"]
    pages = {e["page"] for e in elements if e["document"] == report["document"]}
    assert pages == set(range(1, report["parsed"]["pages"] + 1))


def test_passages_and_vectors_fit(sample_bag):
    """Hashes by hashlib, vectors by NumPy: of length 1, and near for texts that share words."""
    [model] = json.loads((sample_bag / "data/export.json").read_text())["models"]
    matrix = numpy.load(sample_bag / model["file"], allow_pickle=False)
    names = (sample_bag / model["hashes"]).read_text().split()
    assert matrix.dtype == numpy.dtype("<f4")
    assert matrix.shape == (len(names), 384) == (model["count"], model["dimension"])
    assert numpy.allclose(numpy.linalg.norm(matrix, axis=1), 1, atol=1e-3)
    chunks = table(sample_bag, "chunks")
    for chunk in chunks:
        hashed = hashlib.sha256(chunk["embedded_text"].encode()).hexdigest()[:32]
        assert chunk["vector"] == hashed
        assert hashed in names
    assert {c["vector"] for c in chunks} == set(names)
    assert len(model["digest"]) == 64


async def test_a_vector_is_the_models_own(sample_bag, sample_server, opened):
    """The model, asked again, says the same of some passages."""
    [model] = json.loads((sample_bag / "data/export.json").read_text())["models"]
    matrix = numpy.load(sample_bag / model["file"], allow_pickle=False)
    names = (sample_bag / model["hashes"]).read_text().split()
    chunks = table(sample_bag, "chunks")[::20]
    base = opened(sample_server.environment)
    again = await base.embeddings.passages([c["embedded_text"] for c in chunks])
    for chunk, vector in zip(chunks, again, strict=True):
        row = matrix[names.index(chunk["vector"])]
        assert float(numpy.frombuffer(vector, "<f4") @ row) > 0.9999


def test_ro_crate_has_what_its_specification_asks_for(sample_bag):
    """RO-Crate 1.1: the descriptor, the root, every file as an entity, ids that lead somewhere."""
    data = sample_bag / "data"
    crate = json.loads((data / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    assert crate["@context"] == "https://w3id.org/ro/crate/1.1/context"
    entities = {one["@id"]: one for one in crate["@graph"]}
    assert len(entities) == len(crate["@graph"]), "no id is there twice"
    descriptor, root = entities["ro-crate-metadata.json"], entities["./"]
    assert descriptor["@type"] == "CreativeWork"
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert descriptor["about"] == {"@id": "./"}
    assert root["@type"] == "Dataset"
    assert all(root[name] for name in ("name", "description", "license"))
    assert datetime.fromisoformat(root["datePublished"]).tzinfo
    for one in entities.values():
        assert one["@type"]
        for value in one.values():
            for said in value if isinstance(value, list) else [value]:
                if isinstance(said, dict) and not said["@id"].startswith("https:"):
                    assert said["@id"] in entities
    files = {p.relative_to(data).as_posix() for p in data.rglob("*") if p.is_file()}
    named = {unquote(part["@id"]) for part in root["hasPart"]}
    assert named == files - {"ro-crate-metadata.json"}
    assert all(entities[part["@id"]]["@type"] == "File" for part in root["hasPart"])
    assert all(re.fullmatch(r"[A-Za-z0-9._~!$&'()*+,;=@/%-]+", p["@id"]) for p in root["hasPart"])
