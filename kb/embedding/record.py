"""What was measured on this host: read by whoever shows it, without numpy."""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import platform
import time
from pathlib import Path

import msgspec

from kb import __version__, bulk
from kb.embedding import models
from kb.embedding.cards import card_of
from kb.embedding.naming import Dtype, Name
from kb.settings import Embedding

CANDIDATES: tuple[tuple[Name, Dtype], ...] = (
    ("torch", "float32"),
    ("torch", "bfloat16"),
    ("openvino", "float32"),
    ("openvino", "int8"),
)
"""The first is what all others are compared with."""
ON_A_CARD: tuple[Name, Dtype] = ("torch", "float16")
"""A candidate where there is a graphics card."""
LIGHTEST: tuple[tuple[Name, Dtype], ...] = (("openvino", "int8"), ("openvino", "float32"))
"""Those whose process needs least memory, the least first; torch needs some 600 MB more."""
AS_FAST = 0.9
"""What has this share of the fastest one's rate is as fast: turns of one candidate differ more."""
LIBRARIES = ("torch", "sentence-transformers", "openvino")
LEAST_SHARED = 0.9
"""The least share (0 to 1) of the first ten places that a format has in common with float32."""
MOST_LOST = 0.02
"""How much less the reciprocal place of the right passage may be (0 to 1)."""
LEAST_COSINE = 0.98
"""The least cosine (see :class:`Agreement`). These bounds are by what was measured of the formats
that rank alike: docs/adr/0007-runtimes.md."""
AGAIN_SECONDS = 3600.0
"""After which the embedder, when it starts, measures again where a reason may have passed."""
AGAIN = "kb models bench measures it again; so does the embedder, when it starts an hour later."


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How a format's vectors and rankings stand to float32's, on the built-in set.

    ``cosine`` is the least of all texts, above the mean of unrelated ones (see
    :func:`kb.embedding.scale.above`): models differ in how much of the range they use. ``shared``
    is how much of the first ten places both have in common, and ``lost`` how much less the
    reciprocal place of the right passage is (0 to 1, in the mean over the questions): ``dense`` by
    vectors alone, ``fused`` with words.
    """

    cosine: float
    dense_shared: float
    fused_shared: float
    dense_lost: float
    fused_lost: float

    def problem(self) -> str:
        """Why the format is not taken; empty: it ranks as float32 does."""
        if self.cosine < LEAST_COSINE:
            return f"its vectors differ from float32's (cosine {self.cosine:.3f})"
        if min(self.dense_shared, self.fused_shared) < LEAST_SHARED:
            return f"it shares {self.dense_shared:.2f} of the first ten places with float32"
        if max(self.dense_lost, self.fused_lost) > MOST_LOST:
            return f"it finds what is right later than float32 ({self.dense_lost:.3f})"
        return ""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What a candidate did here: passages a second, milliseconds for a question, its agreement.

    ``rate`` is that of the best turn, ``spread`` how much less the worst one had, as a share of
    it. ``refused`` says why it is not taken; empty: it may be. ``passing``: for a reason that may
    be gone tomorrow, such as a full disk.
    """

    runtime: Name
    dtype: Dtype
    rate: float = 0.0
    question_ms: float = 0.0
    spread: float = 0.0
    agreement: Agreement | None = None
    refused: str = ""
    passing: bool = False

    @property
    def named(self) -> str:
        """What it is, for people."""
        return f"{self.runtime} in {self.dtype}"

    def is_as_fast_as(self, fastest: "Tried | None") -> bool:
        """Whether what lies between them may be noise."""
        return fastest is not None and self.rate >= AS_FAST * fastest.rate


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, where, and by which release."""

    host: str
    processor: str
    libraries: dict[str, str]
    measured: float
    """Unix seconds."""
    tried: tuple[Tried, ...]

    def best(self, settings: Embedding) -> Tried | None:
        """The fastest of those that the settings leave; of those that are as fast, the lightest.

        Float32 needs no proof, and a format that somebody has set is theirs to answer for; any
        other has to have been compared.
        """
        fitting = [
            one
            for one in self._left(settings)
            if not one.refused and (one.agreement or one.dtype in {"float32", settings.dtype})
        ]
        fastest = max(fitting, key=lambda one: one.rate, default=None)
        as_fast = {(one.runtime, one.dtype): one for one in fitting if one.is_as_fast_as(fastest)}
        return next((as_fast[one] for one in LIGHTEST if one in as_fast), fastest)

    def problem(self, settings: Embedding) -> str:
        """Which runtime does not work here, or what could not be measured yet; empty: nothing."""
        for one in self._left(settings):
            if one.refused and one.passing:
                return f"{one.named} could not be measured: {one.refused}. {AGAIN}"
            if one.refused and one.dtype == "float32":
                return f"{one.named} cannot be used: {one.refused}"
        return ""

    def is_due(self, settings: Embedding) -> bool:
        """Whether it is time to try again what was refused for a reason that may pass."""
        passing = any(one.passing for one in self._left(settings))
        return passing and time.time() - self.measured > AGAIN_SECONDS

    def _left(self, settings: Embedding) -> list[Tried]:
        return [one for one in self.tried if (one.runtime, one.dtype) in left_by(settings)]

    def of(self, runtime: str, dtype: str) -> Tried | None:
        """What a candidate did."""
        found = (one for one in self.tried if (one.runtime, one.dtype) == (runtime, dtype))
        return next(found, None)


def candidates(settings: Embedding) -> tuple[tuple[Name, Dtype], ...]:
    """What may compute here.

    An installation without torch is whole: torch is one where it is here, or somebody wants it.
    """
    every = CANDIDATES if card_of(settings) is None else (*CANDIDATES, ON_A_CARD)
    with_torch = settings.runtime == "torch" or importlib.util.find_spec("torch") is not None
    return tuple(one for one in every if with_torch or one[0] != "torch")


def is_open(settings: Embedding) -> bool:
    """Whether the settings leave something to measure."""
    return len(left_by(settings)) > 1


def off_card(settings: Embedding) -> Embedding:
    """The settings for going on where the card cannot be used: the processor computes."""
    dtype = "auto" if settings.dtype == ON_A_CARD[1] else settings.dtype
    return msgspec.structs.replace(settings, device="cpu", dtype=dtype)


def left_by(settings: Embedding) -> list[tuple[Name, Dtype]]:
    """The candidates that the settings leave, whether or not they work here."""
    every = (*CANDIDATES, ON_A_CARD) if settings.dtype == ON_A_CARD[1] else candidates(settings)
    return [one for one in every if is_wanted(settings, *one)]


def contradiction(settings: Embedding) -> str:
    """Which settings do not go together; empty: all do."""
    if not left_by(settings):
        return f"There is no {settings.dtype} by embedding.runtime = {settings.runtime}."
    if settings.dtype == ON_A_CARD[1] and card_of(settings) is None:
        return f"embedding.dtype = {settings.dtype} is for a graphics card, and there is none here."
    if settings.device in {"cuda", "mps"} and not is_wanted(settings, *ON_A_CARD):
        return (
            f"embedding.device = {settings.device} is for torch in float16; the processor computes "
            f"what embedding.runtime = {settings.runtime}, embedding.dtype = {settings.dtype} want."
        )
    return ""


def is_wanted(settings: Embedding, runtime: Name, dtype: Dtype) -> bool:
    """Whether the settings leave a candidate open."""
    return settings.runtime in {"auto", runtime} and settings.dtype in {"auto", dtype}


def kept(settings: Embedding, folder: Path) -> Record | None:
    """The record of this model on this host; None: what the settings leave was not measured."""
    try:
        found = msgspec.json.decode(file_of(settings, folder).read_bytes(), type=Record)
    except (OSError, msgspec.MsgspecError):
        return None
    if (found.processor, found.libraries) != (processor(), libraries(settings)):
        return None
    tried = {(one.runtime, one.dtype) for one in found.tried}
    return found if tried.issuperset(left_by(settings)) else None


def processor() -> str:
    """The processor's name and instructions, and how many cores of it are for us, in short."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else [platform.processor()]
    told = [line for line in lines if line.startswith(("model name", "flags", "Features"))]
    digest = hashlib.sha256("\n".join(sorted(set(told or lines))).encode()).hexdigest()[:12]
    name = next((line.partition(":")[2].strip() for line in told if "model name" in line), "")
    return f"{name or platform.machine()} ({bulk.usable_cores()} cores, {digest})"


def libraries(settings: Embedding) -> dict[str, str]:
    """The versions of what computes, and of this program; and the card, where there is one."""
    found = {"commonplace": __version__, "card": card_of(settings) or "none"}
    for name in LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def file_of(settings: Embedding, folder: Path) -> Path:
    """The record's file: one a model, a host (hosts may share the folder) and a number of cores.

    Models that share their weights are two if they have other prompts or put their word pieces
    together in another way: how a format's vectors stand to float32's depends on it.
    """
    where = f"{platform.node()}-{bulk.usable_cores()}"
    return folder / f"measured-{models.fingerprint(settings)[:16]}-{where}.json"
