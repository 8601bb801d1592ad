"""Torch and sentence_transformers, without what they load and embedding never calls.

Each stands-in is measured by ``python -m bench lighter`` (docs/benchmarks.md), and a test
(tests/embedding/runtimes/test_lighter.py) fails when a release of theirs no longer imports what it
replaces, imports more of it, or embeds otherwise with it than without.
"""

import contextlib
import importlib
import importlib.util
import logging
import sys
from collections.abc import Callable, Collection, Iterator
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from kb.embedding.folders import damaged
from kb.errors import ConfigurationError

MISSING = "MISSING"
"""In transformers' report on what it loaded this stands behind the name of a tensor."""
COMPILER = "torch._dynamo"
BY_ITSELF = f"{COMPILER}._trace_wrapped_higher_order_op"
"""A part of it that transformers imports, and that needs nothing of the rest."""
DECORATORS = ("allow_in_graph", "assume_constant_result", "disable")
"""What torch's own modules use of its compiler while they are imported."""


def libraries(without: Collection[str] = ()) -> tuple[Any, Any]:
    """Torch and sentence_transformers; for measuring, without some of ``STAND_INS``.

    Raises:
        ConfigurationError: they are not here, or cannot be loaded.
    """
    try:
        import torch

        for name, put in STAND_INS.items():
            if name not in sys.modules and name not in without:
                put(torch)
        import sentence_transformers
    except (ImportError, OSError) as error:
        raise ConfigurationError(
            f"Torch cannot be loaded: {error}. An installation by a bundle has it with kb bundle "
            "--torch; any other by: pip install sentence-transformers",
            code="runtime_missing",
        ) from error
    return torch, sentence_transformers


@contextlib.contextmanager
def complete(weights: Path) -> Iterator[None]:
    """While a model is loaded: that the file has all its weights.

    Transformers makes up what is missing by chance, and says so in its log alone.

    Raises:
        ConfigurationError: something is missing that a vector depends on.
    """
    logger, kept = logging.getLogger("transformers"), _MissingTensors()
    level = logger.level
    logger.setLevel(min(level or logging.WARNING, logging.WARNING))
    logger.addHandler(kept)
    try:
        yield
    finally:
        logger.removeHandler(kept)
        logger.setLevel(level)
    if kept.missing:
        raise damaged(weights, f"{', '.join(kept.missing[:3])} and others are missing in it")


class _Names(ModuleType):
    """A module of names without use: which ones are asked for differs between releases."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


class _MissingTensors(logging.Handler):
    """Keeps the names of the tensors that were missing; no vector depends on a pooler's."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.missing: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        rows = (line.split() for line in record.getMessage().splitlines() if MISSING in line)
        names = (row[0] for row in rows if row and row[0] != "-")
        self.missing += [name for name in names if "pooler." not in name]


def _no_triton(_: Any) -> None:
    """Kernels for GPUs: its absence is what torch expects on a machine without one."""
    sys.modules["triton"] = None  # type: ignore[assignment]


def _no_metrics(_: Any) -> None:
    """Scikit-learn, which brings SciPy, as names only: calling one of them is an error."""
    metrics = _module("sklearn.metrics", kind=_Names)
    sys.modules |= {"sklearn": _module("sklearn", []), "sklearn.metrics": metrics}


class _CompilerPutOff(ModuleType):
    """torch._dynamo until somebody really compiles, or imports a part of it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.real(), name)

    def real(self) -> ModuleType:
        """The real one, which takes the place of this; while it loads it may ask for itself."""
        if sys.modules[COMPILER] is not self:
            return sys.modules[COMPILER]
        del sys.modules[COMPILER]
        return importlib.import_module(COMPILER)


class _PartsOfCompiler(MetaPathFinder, Loader):
    """Finds ``torch._dynamo.…`` while the stand-in is in its place: the real one loads its parts.

    Torchvision asks for such a part, where it is installed, and transformers for torchvision.
    """

    def find_spec(self, name: str, *_: Any) -> ModuleSpec | None:
        """See :class:`importlib.abc.MetaPathFinder`."""
        whole = sys.modules.get(COMPILER)
        is_part = name.startswith(f"{COMPILER}.") and name != BY_ITSELF
        if not is_part or not isinstance(whole, _CompilerPutOff):
            return None
        whole.real()
        return ModuleSpec(name, self) if name in sys.modules else importlib.util.find_spec(name)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The part, which has been loaded."""
        module = sys.modules[spec.name]
        spec.origin, spec.loader_state = module.__file__, module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to do, but to let the part say again where it came from."""
        if module.__spec__ is not None:
            module.__spec__ = module.__spec__.loader_state


def _put_off_compiler(torch: Any) -> None:
    """Whoever asks for more of the compiler than its decorators gets the real one."""
    folder = str(Path(torch.__file__).parent / "_dynamo")
    module = _module(COMPILER, [folder], _CompilerPutOff)
    for decorator in DECORATORS:
        setattr(module, decorator, _unchanged)
    sys.modules[COMPILER] = torch._dynamo = module  # noqa: SLF001
    sys.meta_path.insert(0, _PartsOfCompiler())


STAND_INS: dict[str, Callable[[Any], None]] = {
    "triton": _no_triton,
    "sklearn": _no_metrics,
    COMPILER: _put_off_compiler,
}
"""By the module that each keeps out."""


def _unchanged(function: Any = None, *_: Any, **__: Any) -> Any:
    """A decorator, with or without arguments, that leaves a function as it is."""
    return function if callable(function) else _unchanged


def _module(
    name: str, path: list[str] | None = None, kind: type[ModuleType] = ModuleType
) -> ModuleType:
    module = kind(name)
    module.__spec__ = ModuleSpec(name, None, is_package=path is not None)
    if path is not None:
        module.__path__ = path
    return module
