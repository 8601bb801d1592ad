"""The house rules: who may import whom, one engine per file, what stays light."""

import ast
import subprocess
import sys
from collections import Counter
from graphlib import TopologicalSorter

import pytest

from tests.house.code import (
    FILES,
    ROOMS,
    ROOT,
    imports,
    module_of,
    name,
    part_of,
    room_of,
    room_of_file,
    tree,
)

WAY = ("parsers", "finding", "given", "reading", "recording", "running", "following", "folders")
"""The parts of ingestion, in the order in which a file goes through them; then what begins runs."""
ENGINES = {
    "sentence_transformers": {"kb/embedding/runtimes/lighter.py"},
    "torch": {"kb/embedding/runtimes/lighter.py"},
    "openvino": {"kb/embedding/runtimes/compiled.py"},
    "qdrant_client": {"kb/index/server.py"},
    "qdrant_edge": {"kb/index/edge.py", "kb/index/lexical.py"},
    "procrastinate": {"ingest/following/queued_jobs.py"},
    "markdown_it": {"kb/answers/forms.py"},
    "ollama": {"kb/llm/ollama.py"},
    "pypdfium2": {
        "kb/files/rendering.py",
        "ingest/parsers/pdf/__init__.py",
        "ingest/parsers/pdf/annotations.py",
        "ingest/parsers/pdf/attachments.py",
        "ingest/parsers/pdf/drawn.py",
        "ingest/parsers/pdf/lines.py",
        "ingest/parsers/pdf/many.py",
        "ingest/parsers/pdf/pictures.py",
        "ingest/parsers/pdf/places.py",
        "ingest/parsers/pdf/recognising.py",
        "ingest/parsers/pdf/ruled.py",
        "ingest/parsers/pdf/unseen.py",
    },
    "unstructured": {"ingest/parsers/partitioning.py"},
    "docx": {"kb/surface/word.py"},
    "py3langid": {"kb/index/lexical.py"},
    "bm25s": {"kb/evaluation/baselines.py"},
}


CONTRACTS = {
    # A room, and the rooms that it may import; each stands below all that it names.
    "kb.switches": "",
    "kb": "switches",
    "kb.errors": "",
    "kb.clock": "",
    "kb.failpoints": "",
    "kb.samples": "",
    "kb.signing": "errors",
    "kb.settings": "errors",
    "kb.bulk": "settings",
    "kb.shares": "errors",
    "kb.duties": "errors",
    "kb.text": "errors",
    "kb.types": "errors",
    "kb.posix": "text",
    "kb.llm": "errors settings",
    "kb.catalog": "errors failpoints posix settings shares text types",
    "kb.silence": "catalog llm settings",
    "kb.engines": "errors settings silence",
    "kb.embedding": "bulk engines errors settings",
    "kb.models": "embedding errors llm settings",
    "kb.bundle": "embedding errors models settings signing",
    "kb.index": "catalog embedding engines errors settings types",
    "kb.rights": "catalog errors posix text types",
    "kb.audit": "catalog errors rights settings types",
    "kb.metrics": "audit duties errors types",
    "kb.accounts": "audit catalog errors rights settings text types",
    "kb.files": "audit catalog errors failpoints rights settings shares silence types",
    "kb.search": "audit catalog embedding errors index metrics rights settings text types",
    "kb.tuning": "audit catalog embedding errors failpoints index models rights types",
    "kb.backup": "audit catalog clock errors failpoints files rights settings types",
    "kb.upkeep": "audit backup catalog embedding errors failpoints files index llm models rights settings tuning types",
    "kb.library": "audit catalog errors files rights samples text types upkeep",
    "kb.together": "catalog errors settings shares types",
    "kb.answers": "audit catalog embedding errors llm metrics rights search settings text types",
    "kb.leaving": "answers audit catalog embedding errors failpoints files posix rights text types"
    " upkeep",
    "kb.proof": "audit backup catalog clock errors failpoints files index rights settings signing text types"
    " upkeep",
    "kb.knowledge_base": "accounts answers audit backup catalog duties embedding files index leaving"
    " library llm metrics models proof rights search settings together tuning types upkeep",
    "kb.surface": "answers bulk duties embedding errors knowledge_base llm settings silence text types",
    "kb.doctor": "accounts backup bulk catalog clock embedding errors files index llm proof samples settings silence"
    " surface types",
    "kb.evaluation": "answers catalog embedding engines errors knowledge_base samples search settings"
    " surface text types",
    "kb.swapping": "answers catalog embedding errors evaluation failpoints index knowledge_base llm"
    " rights samples search settings surface tuning types upkeep",
    "ingest": "audit bulk catalog clock embedding errors failpoints files index library posix rights"
    " settings text types upkeep",
    "web": "accounts answers clock doctor duties errors evaluation files knowledge_base library rights"
    " settings shares surface text together types",
    "kb.cli": "backup bulk bundle clock doctor duties embedding errors evaluation files ingest knowledge_base metrics models proof rights samples"
    " search"
    " settings signing silence surface swapping types upkeep web",
    "kb.__main__": "cli",
}  # fmt: skip
OPEN_TO_ALL = {"kb"}
"""The package itself has the version, and sets the switches before anything is loaded."""
BENEATH_IT = {"kb.switches"}


def allowed(room: str) -> set[str]:
    names = CONTRACTS[room].split()
    return {n if n in {"ingest", "web"} else f"kb.{n}" for n in names} | {room} | open_to(room)


def open_to(room: str) -> set[str]:
    return set() if room in BENEATH_IT else OPEN_TO_ALL


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_room_imports_what_its_contract_names(path):
    ours = {i for i in imports(path) if i.split(".")[0] in {*ROOMS, "tests", "bench"}}
    known = {room_of_file(p) for p in FILES}
    rooms = {room_of(i) for i in ours} & (known | {"tests", "bench"})
    assert rooms <= allowed(room_of_file(path))


def test_no_arrow_runs_back():
    """Every room stands below those that it may import, so there is no circle either."""
    order = list(CONTRACTS)
    for room in order:
        for other in allowed(room) - {room}:
            assert order.index(other) < order.index(room), f"{room} -> {other}"
    assert set(order) == {room_of_file(p) for p in FILES}


def test_no_contract_names_a_room_in_vain():
    used = {room: set() for room in CONTRACTS}
    for path in FILES:
        used[room_of_file(path)] |= {room_of(i) for i in imports(path)}
    for room in CONTRACTS:
        assert allowed(room) - used[room] <= {room} | OPEN_TO_ALL, room


@pytest.mark.parametrize("engine", ENGINES)
def test_one_file_knows_each_engine(engine):
    users = {name(p) for p in FILES if any(i.split(".")[0] == engine for i in imports(p))}
    assert users == ENGINES[engine]


SPEAKING = {"kb.surface", "kb.doctor", "web"}
"""Rooms that have words in the reader's language. Others give codes with parameters."""


@pytest.mark.parametrize("path", FILES, ids=name)
def test_words_of_a_language_are_found_at_the_edge(path):
    if room_of_file(path) not in SPEAKING:
        assert not {i.split(".")[0] for i in imports(path)} & {"gettext", "babel"}


def test_a_class_has_a_name_of_its_own():
    """One name is one thing, in every room, so that a reader never asks which of them is meant."""
    classes = [
        (n.name, name(p)) for p in FILES for n in ast.walk(tree(p)) if isinstance(n, ast.ClassDef)
    ]
    counts = Counter(called for called, _ in classes)
    assert {called: path for called, path in classes if counts[called] > 1} == {}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_file_is_read_in_one_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 310


def loaded_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(' '.join({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.split())


def test_the_parent_of_web_processes_is_lighter_still():
    """It holds a socket, and neither catalog nor pages."""
    mostly = {"sqlalchemy", "litestar", "uvicorn", "httpx", "prometheus_client"}
    assert not loaded_by("import kb.cli.serving, kb.cli.several") & mostly


def test_the_web_process_stays_light():
    heavy = {
        "torch",
        "sentence_transformers",
        "qdrant_edge",
        "qdrant_client",
        "unstructured",
        "numpy",
    }
    assert not loaded_by("import web.app, kb.knowledge_base, kb.cli.web_process") & heavy


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


def parts(folder: str) -> dict[str, set[str]]:
    """What each part of ``ingest`` or ``web`` imports of the others."""
    used: dict[str, set[str]] = {}
    for path in (ROOT / folder).rglob("*.py"):
        used.setdefault(part_of(module_of(path)), set()).update(map(part_of, imports(path)))
    return {one: (others & set(used)) - {one, folder} for one, others in used.items()}


def test_the_parts_of_web_form_no_circle():
    order = list(TopologicalSorter(parts("web")).static_order())  # raises CycleError
    assert order.index("web.auth") < order.index("web.api") < order.index("web.app")


def test_the_parts_of_ingest_go_on_and_never_back():
    inside = parts("ingest")
    assert {"ingest", *(f"ingest.{part}" for part in WAY)} == set(inside)
    for at, part in enumerate(WAY):
        later = {f"ingest.{one}" for one in WAY[at + 1 :]}
        assert not inside[f"ingest.{part}"] & later, part
    assert not inside["ingest"]
