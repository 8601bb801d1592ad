"""What looks are given in these tests, and what they say."""

import msgspec

from kb.doctor.asking import Examined, Patience
from kb.settings import load

ENDLESS = Patience(connecting=600.0, answering=600.0, whole=600.0)
"""So that what is found does not depend on how busy the machine is."""


def asked(settings=None, *, probing=False, patience=ENDLESS, **flags) -> Examined:
    """What looks are given: settings of their own, or those of a test with some changed."""
    named = {key.replace("__", "."): value for key, value in flags.items()}
    named |= {"llm.connect_seconds": patience.connecting}
    made = load(named, {}) if settings is None else changed(settings, named)
    return Examined(made, probing=probing, patience=patience)


def changed(settings, named):
    for key, value in named.items():
        section, _, name = key.partition(".")
        inner = msgspec.structs.replace(getattr(settings, section), **{name: value})
        settings = msgspec.structs.replace(settings, **{section: inner})
    return settings


async def states(look, about: Examined) -> dict[str, tuple[str, str]]:
    """By part: its state, and what is said of it by a code."""
    found = await look(about)
    return {one.part: (one.state, one.error.code if one.error else one.code) for one in found}
