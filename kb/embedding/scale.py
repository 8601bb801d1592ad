"""A model's scale: what its cosines are where nothing is alike, and which languages it knows.

Models differ in how much of the range they use: of unrelated texts one says .06, another .75. So no
cosine means anything by itself. What it is above what unrelated texts have, as a share of what is
left to 1, does: that is the same for a model and for one whose cosines are squeezed together.

It is measured once for a model (:mod:`kb.embedding.scaling`), and kept; those of the models that
this program knows come with it. This module loads no numpy.
"""

import hashlib
from pathlib import Path

import msgspec

from kb.embedding import models
from kb.settings import Embedding

PAIRS = Path(__file__).parent / "pairs.json"
SHIPPED = Path(__file__).parent / "scales.json"
RELEASE = "1"
"""Of how it is measured: raise it when the same texts give another scale."""


NO_DIFFERENCE = 1e-3
"""A model whose right pairs lie no farther above its unrelated ones tells them not apart."""


class Readings(msgspec.Struct, frozen=True, kw_only=True):
    """What evidence reads of questions and passages, in the mean (``kb/answers/evidence.py``).

    The cosine, how well the question's word pieces are met by the passage's, and how well the worst
    quarter of them is.
    """

    cosine: float
    met: float
    least: float


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """A model's scale. Without values: that of a model whose unrelated texts have cosine 0.

    ``floor`` and ``spread`` are mean and standard deviation of the cosines of unrelated questions
    and passages, in languages that the model knows; ``texts`` is the mean of unrelated passages.
    ``unrelated`` and ``related`` are the readings of unrelated pairs and of right ones.

    ``languages`` are those of the built-in pairs in which it finds what is right (ISO 639-1);
    ``multilingual``: in all of them. A text with ``fertility`` or more word pieces a word is in
    another language than these.
    """

    floor: float = 0.0
    spread: float = 0.0
    texts: float = 0.0
    unrelated: Readings = Readings(cosine=0.0, met=0.0, least=0.0)
    related: Readings = Readings(cosine=1.0, met=1.0, least=1.0)
    languages: tuple[str, ...] = ()
    multilingual: bool = False
    fertility: float = 0.0

    def knows(self, language: str | None) -> bool:
        """Whether the model knows a language (ISO 639-1; None: it is unknown)."""
        return self.multilingual or language in self.languages

    def alike(self, cosine: float) -> float:
        """How alike two passages are: 0 as unrelated ones, 1 the same."""
        return above(cosine, self.texts)

    def near(self, cosine: float) -> float:
        """How near a passage is to a question: 0 as an unrelated one."""
        return above(cosine, self.floor)

    def apart(self, difference: float) -> float:
        """A difference of cosines, of that of unrelated pairs and right ones."""
        return _between(difference, 0.0, self.related.cosine - self.unrelated.cosine)

    def read(self, cosine: float, met: float, least: float) -> Readings:
        """Readings of a question and a passage: 0 as of unrelated ones, 1 as of right ones.

        Both ends are measured, since models differ also in how far right pairs reach; where
        evidence ends is known only between the two.
        """
        return Readings(
            cosine=_between(cosine, self.unrelated.cosine, self.related.cosine),
            met=_between(met, self.unrelated.met, self.related.met),
            least=_between(least, self.unrelated.least, self.related.least),
        )


AS_IT_IS = Scale()
"""Cosines that are taken as they are."""


class KeptScale(msgspec.Struct, frozen=True, kw_only=True):
    """A scale in its file, and what it was measured of."""

    made_from: str
    scale: Scale


def above(value: float, floor: float) -> float:
    """A cosine as a share of what lies between ``floor`` and 1; negative where it is less."""
    return (value - floor) / (1 - floor) if floor < 1 else 0.0


def _between(value: float, none: float, right: float) -> float:
    return (value - none) / (right - none) if right - none > NO_DIFFERENCE else 0.0


def file_of(settings: Embedding, folder: Path) -> Path:
    """Where a model's scale is kept, among what is derived from models."""
    return folder / f"scale-{models.fingerprint(settings)[:16]}.json"


def made_from(settings: Embedding) -> str:
    """Fingerprint of everything that a scale depends on: the model, its prompts, the pairs."""
    pairs = hashlib.sha256(PAIRS.read_bytes()).hexdigest()
    return f"{RELEASE}:{models.fingerprint(settings)}:{pairs}"


def kept(settings: Embedding, folder: Path) -> Scale | None:
    """The scale that was measured; None where none was, or it is damaged, or of other texts."""
    try:
        found = msgspec.json.decode(file_of(settings, folder).read_bytes(), type=KeptScale)
    except (OSError, msgspec.MsgspecError):
        return None
    return found.scale if found.made_from == made_from(settings) else None


def shipped(settings: Embedding) -> Scale | None:
    """The scale of a model that this program knows, as it was measured in float32; None: of none.

    So the first start need not measure it.
    """
    wanted = made_from(settings)
    known = msgspec.json.decode(SHIPPED.read_bytes(), type=list[KeptScale])
    return next((one.scale for one in known if one.made_from == wanted), None)


def known(settings: Embedding, folder: Path) -> Scale | None:
    """A model's scale, as it came with the program or was measured here; None: nobody has yet."""
    return shipped(settings) or kept(settings, folder)


def keep(settings: Embedding, folder: Path, scale: Scale) -> None:
    """Keep a scale; whoever reads finds all of it, or what was there before.

    Raises:
        OSError: it cannot be written.
    """
    found = KeptScale(made_from=made_from(settings), scale=scale)
    content = msgspec.json.format(msgspec.json.encode(found))
    models.write_whole(file_of(settings, folder), content)
