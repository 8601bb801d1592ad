"""A tuning as the register shows it: its parents, what it was learned from, its figures."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime

from kb.catalog import tunings
from kb.models.registered import Registered
from kb.types.tunings import Gain, KeptTuning

STATES = {
    tunings.LEARNED: "learned, never in use",
    tunings.LIVE: "in use",
    tunings.REPLACED: "replaced by a later one",
    tunings.LEFT: "rolled back",
}
LOST = {
    "Gone": "are erased or removed",
    "Changed": "are others by now",
    "Closed": "are not for everyone to read",
}
REMEMBERS = (
    "What it learned from these documents stays in its numbers until it is removed: "
    "kb tune learns anew from what is there now; then kb models remove {name}."
)


@dataclass(frozen=True, slots=True)
class Now:
    """What is so at this moment.

    ``hashes`` are the SHA-256 of those documents that are there, ``for_all`` those that everyone
    may read; ``generation`` is the fingerprint of the index that is searched.
    """

    hashes: Mapping[int, str | None]
    for_all: AbstractSet[int]
    generation: str


def shown(kept: KeptTuning, now: Now) -> Registered:
    """A tuning in the register."""
    facts, live = kept.facts, kept.state == tunings.LIVE
    lost = _lost(kept, now)
    unused = live and facts.generation != now.generation
    return Registered(
        name=kept.name,
        title=f"{kept.name}, questions moved in {', '.join(one.name for one in facts.used)}",
        purpose="tuning",
        keeper="catalog",
        where="the catalog",
        digest=kept.digest,
        origin="kb tune",
        note=REMEMBERS.format(name=kept.name) if any(lost.values()) else "",
        bytes=facts.bytes,
        in_use=live,
        facts=tuple(_facts(kept, lost)),
        problem="It was learned for other models than the index has now; kb tune learns anew."
        if unused
        else "",
    )


def _facts(kept: KeptTuning, lost: Mapping[str, int]) -> list[tuple[str, str]]:
    facts = kept.facts
    learned = datetime.fromtimestamp(kept.made_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    by = ", ".join(f"{count} {origin}" for origin, count in facts.origins.items())
    named = ", ".join(facts.sources)
    told = [
        ("Learned", f"{learned}; {STATES[kept.state]}"),
        *(("Parent", _parent(one)) for one in facts.used),
        ("From", f"{facts.questions} questions ({by}) in {len(facts.documents)} documents"),
        ("Sources", f"also {named}, whoever may read them" if named else ""),
        ("Data SHA-256", facts.data),
        *((name, f"{n} of these documents {LOST[name]}" if n else "") for name, n in lost.items()),
        ("Lost", ", ".join(facts.lost)),
    ]
    return [(name, said) for name, said in told if said]


def _parent(model: Gain) -> str:
    return (
        f"{model.name}, {model.digest[:12]}: by it alone the reciprocal place of what is "
        f"right is {model.before:.3f}, and {model.after:.3f} on questions held out "
        f"(ridge {model.ridge:g}, step {model.step:g})"
    )


def _lost(kept: KeptTuning, now: Now) -> dict[str, int]:
    """How many of the documents are gone, have other bytes by now, or are not everyone's."""
    learned = kept.facts.documents
    there = [(number, content) for number, content in learned if number in now.hashes]
    return {
        "Gone": len(learned) - len(there),
        "Changed": sum(now.hashes[number] != content for number, content in there),
        "Closed": sum(number not in now.for_all for number, _ in there),
    }
