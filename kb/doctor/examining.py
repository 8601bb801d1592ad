"""Every part, in the order in which somebody would go through them."""

from kb.doctor import engines, machine, reading, storing, talking
from kb.doctor.asking import Examined, ExaminedPart, everything
from kb.doctor.certificates import certificates
from kb.doctor.findings import Finding
from kb.settings import Settings

PARTS = (
    ExaminedPart("program", machine.program),
    ExaminedPart("service", talking.service),
    ExaminedPart("data", storing.data_directory),
    ExaminedPart("catalog", storing.catalog),
    ExaminedPart("index", engines.index),
    ExaminedPart("embedder", engines.embedder),
    ExaminedPart("processor", machine.processor),
    ExaminedPart("card", machine.card),
    ExaminedPart("ocr", reading.recognising),
    ExaminedPart("office", reading.office),
    ExaminedPart("model", talking.language_model),
    ExaminedPart("directory", talking.directory),
    ExaminedPart("provider", talking.provider),
    ExaminedPart("proxy", talking.proxies),
    ExaminedPart("certificates", certificates),
    ExaminedPart("destinations", talking.destinations),
    ExaminedPart("clock", machine.clock),
    ExaminedPart("sandbox", reading.confined),
    ExaminedPart("watching", machine.watching),
    ExaminedPart("backups", storing.backups),
    ExaminedPart("erasings", storing.erasings),
)


async def examine(settings: Settings, *, probing: bool) -> list[Finding]:
    """How every part stands.

    ``probing``: the language model is asked for a word.
    """
    return await everything(Examined(settings, probing=probing), PARTS)
