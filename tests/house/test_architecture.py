"""The house rules: who may import whom, one engine per file, what stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("kb", "ingest", "web")
WAY = ("parsers", "finding", "reading", "recording", "running")
"""The rooms of ingestion, in the order in which a file goes through them."""
FILES = [p for room in ROOMS for p in sorted((ROOT / room).rglob("*.py"))]
ENGINES = {
    "sentence_transformers": {"kb/embedding/lighter.py"},
    "torch": {"kb/embedding/lighter.py"},
    "qdrant_client": {"kb/index/server.py"},
    "qdrant_edge": {"kb/index/edge.py", "kb/index/lexical.py"},
    "procrastinate": {"ingest/queued_jobs.py"},
    "ollama": {"kb/llm/ollama.py"},
    "pypdfium2": {"ingest/parsers/pdf.py", "kb/files/rendering.py"},
    "unstructured": {"ingest/parsers/office.py"},
    "py3langid": {"kb/index/lexical.py"},
    "bm25s": {"kb/evaluation/baselines.py"},
}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
    return found


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name)
def test_arrows_point_down(path):
    room = name(path).split("/")[0]
    forbidden = {"kb": {"web", "ingest"}, "web": {"ingest"}, "ingest": {"web"}}[room]
    if name(path).startswith("kb/cli/"):
        forbidden = set()
    tops = {i.split(".")[0] for i in imports(path)}
    assert not tops & (forbidden | {"tests", "bench"})
    if not name(path).startswith("kb/cli/") and name(path) != "kb/__main__.py":
        assert not any(i == "kb.cli" or i.startswith("kb.cli.") for i in imports(path))


@pytest.mark.parametrize("engine", ENGINES)
def test_one_file_knows_each_engine(engine):
    users = {name(p) for p in FILES if any(i.split(".")[0] == engine for i in imports(p))}
    assert users == ENGINES[engine]


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_file_is_read_in_one_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 310


def loaded_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(' '.join({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.split())


def test_the_web_process_stays_light():
    heavy = {
        "torch",
        "sentence_transformers",
        "qdrant_edge",
        "qdrant_client",
        "unstructured",
        "numpy",
    }
    assert not loaded_by("import web.app, kb.knowledge_base, kb.cli.serving") & heavy


def test_help_loads_no_library_but_click():
    heavy = {"sqlalchemy", "litestar", "torch", "httpx", "numpy", "rich", "msgspec"}
    assert not loaded_by("import kb.cli") & heavy


def test_commands_on_folders_load_no_web_framework():
    heavy = {"torch", "litestar", "unstructured", "numpy", "uvicorn"}
    assert not loaded_by("import kb.cli.ingesting, kb.cli.sources, kb.cli.upkeep") & heavy


def test_parsers_load_neither_torch_nor_spacy():
    loaded = loaded_by("import ingest.parsers.office, ingest.parsers.pdf, ingest.parsers.mail")
    assert not loaded & {"torch", "spacy", "transformers", "torchvision"}


def test_every_command_is_listed_with_its_help():
    from kb.cli import COMMANDS, HELP

    assert list(COMMANDS) == list(HELP)


@pytest.mark.case("S54")
def test_nothing_is_unpickled():
    """Weights are safetensors, caches are msgpack and JSON."""
    for path in FILES:
        assert not {"pickle", "dill", "joblib", "shelve"} & {
            i.split(".")[0] for i in imports(path)
        }, path
        assert "torch.load" not in path.read_text(encoding="utf-8"), path


@pytest.mark.case("S54")
def test_a_model_without_safetensors_is_refused(tmp_path):
    import msgspec

    from kb.embedding import models
    from kb.errors import ConfigurationError
    from kb.settings import Embedding

    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ConfigurationError):
        models.find(msgspec.structs.replace(Embedding(), model=str(tmp_path)))


@pytest.mark.parametrize("at", range(len(WAY)))
def test_the_way_of_a_file_goes_on_and_never_back(at):
    later = {f"ingest.{room}" for room in WAY[at + 1 :]}
    for path in (ROOT / "ingest" / WAY[at]).rglob("*.py"):
        assert not {".".join(i.split(".")[:2]) for i in imports(path)} & later, path


WALLED = (
    "ingest/", "kb/answers/", "kb/embedding/", "kb/engines/", "kb/evaluation/", "kb/index/",
    "kb/rights/", "kb/search/", "kb/upkeep/",
)  # fmt: skip


@pytest.mark.parametrize("path", [p for p in FILES if name(p).startswith(WALLED)], ids=name)
def test_only_the_catalog_knows_sql(path):
    assert "sqlalchemy" not in {i.split(".")[0] for i in imports(path)}
