"""Every part, in the order in which somebody would go through them."""

from kb.doctor import engines, machine, reading, storing, talking
from kb.doctor.asking import Asked, Part, everything
from kb.doctor.certificates import certificates
from kb.doctor.findings import Finding
from kb.settings import Settings

PARTS = (
    Part("program", machine.program),
    Part("service", talking.service),
    Part("data", storing.data_directory),
    Part("catalog", storing.catalog),
    Part("index", engines.index),
    Part("embedder", engines.embedder),
    Part("processor", machine.processor),
    Part("card", machine.card),
    Part("ocr", reading.recognising),
    Part("office", reading.office),
    Part("model", talking.language_model),
    Part("directory", talking.directory),
    Part("provider", talking.provider),
    Part("proxy", talking.proxies),
    Part("certificates", certificates),
    Part("destinations", talking.destinations),
    Part("clock", machine.clock),
    Part("sandbox", reading.confined),
    Part("watching", machine.watching),
    Part("backups", storing.backups),
    Part("erasings", storing.erasings),
)


async def examine(settings: Settings, *, probing: bool) -> list[Finding]:
    """How every part stands.

    ``probing``: the language model is asked for a word.
    """
    return await everything(Asked(settings, probing=probing), PARTS)
