"""A tuning as the register shows it: its parents, what it was learned from, its figures."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kb.catalog import tunings
from kb.models.registered import Registered
from kb.types.tunings import KeptTuning

STATES = {
    tunings.LEARNED: "learned, never in use",
    tunings.LIVE: "in use",
    tunings.REPLACED: "replaced by a later one",
    tunings.LEFT: "rolled back",
}
REMEMBERS = (
    "What it learned from documents that are gone stays in its numbers until it is removed: "
    "kb tune learns anew from what is there now; then kb models remove {name}."
)


def shown(kept: KeptTuning, hashes: Mapping[int, str | None], generation: str) -> Registered:
    """A tuning in the register.

    ``hashes`` are those of the documents that are still there; ``generation`` is the fingerprint of
    the index that is searched.
    """
    facts, live = kept.facts, kept.state == tunings.LIVE
    gone, changed = _lost(kept, hashes)
    parents = [one for one in facts["models"].values() if one["used"]]
    unused = live and facts["generation"] != generation
    return Registered(
        name=kept.name,
        title=f"{kept.name}, questions moved in {', '.join(one['name'] for one in parents)}",
        purpose="tuning",
        keeper="catalog",
        where="the catalog",
        digest=kept.digest,
        origin="kb tune",
        note=REMEMBERS.format(name=kept.name) if gone or changed else "",
        bytes=facts["bytes"],
        in_use=live,
        facts=tuple(_facts(kept, gone, changed)),
        problem="It was learned for other models than the index has now; kb tune learns anew."
        if unused
        else "",
    )


def _facts(kept: KeptTuning, gone: int, changed: int) -> list[tuple[str, str]]:
    facts = kept.facts
    learned = datetime.fromtimestamp(kept.made_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    by = ", ".join(f"{count} {origin}" for origin, count in facts["origins"].items())
    named = ", ".join(facts["sources"])
    told = [
        ("Learned", f"{learned}; {STATES[kept.state]}"),
        *(("Parent", _parent(one)) for one in facts["models"].values() if one["used"]),
        ("From", f"{facts['questions']} questions ({by}) in {len(facts['documents'])} documents"),
        ("Sources", f"also {named}, whoever may read them" if named else ""),
        ("Data SHA-256", facts["data"]),
        ("Gone", f"{gone} of these documents are erased or removed" if gone else ""),
        ("Changed", f"{changed} of these documents are others by now" if changed else ""),
        ("Lost", ", ".join(facts["lost"])),
    ]
    return [(name, said) for name, said in told if said]


def _parent(model: Mapping[str, Any]) -> str:
    return (
        f"{model['name']}, {model['digest'][:12]}: by it alone the reciprocal place of what is "
        f"right is {model['before']:.3f}, and {model['after']:.3f} on questions held out "
        f"(ridge {model['ridge']:g}, step {model['step']:g})"
    )


def _lost(kept: KeptTuning, hashes: Mapping[int, str | None]) -> tuple[int, int]:
    """How many of the documents are gone, and how many have other bytes by now."""
    learned: list[tuple[int, str]] = kept.facts["documents"]
    gone = sum(number not in hashes for number, _ in learned)
    changed = sum(hashes.get(number, content) != content for number, content in learned)
    return gone, changed
