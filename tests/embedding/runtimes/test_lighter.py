"""What stands in for modules that embedding never calls: still needed, still enough, no difference."""

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.parsers import text_types
from kb.embedding.runtimes.lighter import STAND_INS

EMBED = """
import json, sys
from kb.embedding.runtimes import lighter
from kb.embedding import models
from kb.embedding.runtimes.reference import Reference
from kb.settings import Embedding
without = json.loads(sys.argv[1])
real = lighter.libraries
lighter.libraries = lambda: real(without)
runtime = Reference(models.find(Embedding()), "float32")
vectors = runtime.vectors(["The pump is oiled.", "Das Tor ist zu."])
loaded = [n for n in lighter.STAND_INS if getattr(sys.modules.get(n), "__file__", None)]
print(json.dumps({"vectors": [v.tobytes().hex() for v in vectors], "loaded": loaded}))
"""


def embedded(without) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", EMBED, json.dumps(without)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def bare():
    return embedded(list(STAND_INS))


@pytest.mark.slow
def test_each_keeps_something_out_that_is_imported_without_it(bare):
    """If one is missing here, its library is not imported any more: take the stand-in away."""
    assert bare["loaded"] == list(STAND_INS)


@pytest.mark.slow
def test_embedding_is_the_same_with_all_of_them_and_loads_none(bare):
    """A name that is asked for and not there, or called after all, ends the child."""
    ours = embedded([])
    assert ours["loaded"] == []
    assert ours["vectors"] == bare["vectors"]


BESIDE = """
import sys
from kb.embedding.runtimes import lighter
torch, _ = lighter.libraries()
from torch._dynamo.utils import counters
from sklearn.metrics import roc_curve
print(torch._dynamo.__file__, torch._dynamo.utils.__spec__.origin, torch._dynamo.utils.counters is counters)
"""


@pytest.mark.slow
def test_what_is_installed_beside_may_ask_for_more_of_them():
    """Torchvision, by its import, for a part of torch's compiler; some releases of transformers for
    another name of scikit-learn's."""
    done = subprocess.run([sys.executable, "-c", BESIDE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    whole, part, same = done.stdout.split()
    assert (Path(whole).parent, same) == (Path(part).parent, "True")


def imported_from(package: str, module: str) -> set[str]:
    """Names that a package's files import from a module."""
    return {
        alias.name
        for path in Path(importlib.util.find_spec(package).origin).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == module and node.level == 0
        for alias in node.names
    }


def test_unstructured_asks_for_no_more_of_its_text_tools_than_ours_has():
    assert imported_from("unstructured", "unstructured.nlp.tokenize") == {
        f.__name__ for f in (text_types.sent_tokenize, text_types.word_tokenize, text_types.pos_tag)
    }


def test_unstructureds_own_text_tools_still_load_spacy():
    """If not, ours may not be needed any more: measure, and take them away."""
    package = Path(importlib.util.find_spec("unstructured").origin).parent
    own = ast.parse((package / "nlp" / "tokenize.py").read_text(encoding="utf-8"))
    imported = [n.names[0].name for n in own.body if isinstance(n, ast.Import)]
    assert "spacy" in imported
