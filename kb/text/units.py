"""Units and what they measure: «kg», «Kilogramm» and «kilos» are one. Data; en, de, fr, it, es."""

import re
from functools import lru_cache

UNITS: dict[str, tuple[str, str, str]] = {
    # what is measured: (how much of its base, symbols, names)
    "mass mg": ("0.001", "mg", "milligrams? milligramme?s? milligramm milligrammi miligramos?"),
    "mass g": ("1", "g gr", "grams? grammes? gramm grammi grammo gramos?"),
    "mass kg": (
        "1000", "kg",
        "kilos? kilograms? kilogrammes? kilogramm chilogramm[oi] chili kilogramos?",
    ),
    "mass t": ("1000000", "t", r"tonnes? tonnen metric\stons? tonnellat[ae] toneladas?"),
    "length mm": ("1", "mm", "millimet(?:er|re)s? millimètres? millimetr[oi] milímetros?"),
    "length cm": (
        "10", "cm",
        "centimet(?:er|re)s? zentimetern? centimètres? centimetr[oi] centímetros?",
    ),
    "length m": ("1000", "m", "met(?:er|re)s? metern mètres? metr[oi] metros?"),
    "length km": (
        "1000000", "km",
        "kilomet(?:er|re)s? kilometern kilomètres? chilometr[oi] kilómetros?",
    ),
    "volume ml": ("1", "ml", "millilit(?:er|re)s? millilitr[oi] mililitros?"),
    "volume l": ("1000", "l L", "lit(?:er|re)s? litern litr[oi] litros?"),
    "area m²": (
        "1", "m² m2 qm sqm",
        (
            r"quadratmetern? square\smet(?:er|re)s? mètres\scarrés metri\squadr(?:at)?i "
            r"metros\scuadrados"
        ),
    ),
    "speed km/h": (
        "1", "km/h kmh",
        (
            r"kilomet(?:er|re)s?\sper\shour kilometern?\spro\sstunde stundenkilometern? "
            r"kilomètres\sà\sl.heure chilometri\s(?:all.ora|orari) kilómetros\spor\shora"
        ),
    ),
    "time second": ("1", "s sec sek", "seconds? sekunden? secondes? second[oi] segundos?"),
    "time minute": ("60", "min", "minutes? minuten? minut[oi] minutos?"),
    "time hour": ("3600", "h hrs? std", "hours? stunden? stündige?[nrs]? heures? or[ae] horas?"),
    "time day": ("86400", "", "days? tage?n? tages tägige?[nrs]? jours? giorn[oi] días?"),
    "time week": ("604800", "", "weeks? wochen? wöchige?[nrs]? semaines? settiman[ae] semanas?"),
    "months month": ("1", "", "months? monate?n? monats monatige?[nrs]? mois mes[ei] mes(?:es)?"),
    "months year": ("12", "", "years? jahre?n? jahres jährige?[nrs]? ans? années? ann[oi] años?"),
    "currency eur": ("1", "€ EUR", "euros?"),
    "currency usd": ("1", "$ USD US$", r"(?:us[-\s])?dollars? dollari dólares"),
    "currency gbp": ("1", "£ GBP", r"pounds?(?:\ssterling)? pfund livres sterline libras"),
    "currency chf": (
        "1", "CHF SFr",
        (
            r"(?:schweizer\s)?franken (?:swiss\s)?francs? franchi(?:\ssvizzeri)? "
            r"francos?(?:\ssuizos)?"
        ),
    ),
    "share %": ("1", "%", r"per\s?cent prozent pour[-\s]?cent per\scento por\sciento"),
    "degrees °C": (
        "1", "°C ° º ºC",
        (
            r"degrees?(?:\sc(?:elsius)?)? grad(?:\scelsius)? degrés?(?:\scelsius)? "
            r"grad[oi]s?(?:\s(?:celsius|centígrados|centigradi))?"
        ),
    ),
    "degrees °F": ("1", "°F", r"degrees\sfahrenheit grad\sfahrenheit"),
    "energy Wh": ("1", "Wh", r"watt[-\s]?hours? wattstunden"),
    "energy kWh": (
        "1000", "kWh KWh",
        (
            r"kilowatt[-\s]?hours? kilowattstunden kilowattheures? kilowattor[ae] "
            r"kilovatios\shora"
        ),
    ),
    "power W": ("1", "W", "watts?"),
    "power kW": ("1000", "kW KW", "kilowatts? kilovatios?"),
    "power MW": ("1000000", "MW", "megawatts?"),
    "data KB": ("1", "KB kB", "kilobytes? kilo-octets?"),
    "data MB": ("1000", "MB Mo", "megabytes? mégaoctets?"),
    "data GB": ("1000000", "GB Go", "gigabytes? gigaoctets?"),
    "data TB": ("1000000000", "TB To", "terabytes? téraoctets?"),
}  # fmt: skip
APART = {"degrees °F": "fahrenheit"}
"""What has a dimension of its own: its base is another's."""
MAGNITUDES = (
    ("1000000000", r"billions?|milliarden?|mrd\.?|milliards?|miliard[oi]|miliardi|mil\s+millones"),
    ("1000000", r"millions?|millionen|mio\.?|mln\.?|milion[ei]|mill(?:ón|ones)"),
    ("1000", r"thousand|tausend|tsd\.?|mille|mila|mil"),
)
"""How many a word behind a number stands for, the largest first."""
SPELLED = {
    2: "two zwei deux dos",
    3: "three drei trois tre tres",
    4: "four vier quatre quattro cuatro",
    5: "five fünf cinq cinque cinco",
    6: "six sechs seis",
    7: "seven sieben sept sette siete",
    8: "eight acht huit otto ocho",
    9: "nine neun neuf nove nueve",
    10: "ten zehn dix dieci diez",
    11: "eleven elf onze undici",
    12: "twelve zwölf douze dodici doce",
    13: "thirteen dreizehn treize tredici trece",
    14: "fourteen vierzehn quatorze quattordici catorce",
    15: "fifteen fünfzehn quinze quindici quince",
    16: "sixteen sechzehn seize sedici dieciséis",
    17: "seventeen siebzehn diciassette diecisiete",
    18: "eighteen achtzehn diciotto dieciocho",
    19: "nineteen neunzehn diciannove diecinueve",
    20: "twenty zwanzig vingt venti veinte",
    30: "thirty dreißig trente trenta treinta",
    40: "forty vierzig quarante quaranta cuarenta",
    50: "fifty fünfzig cinquante cinquanta cincuenta",
    60: "sixty sechzig soixante sessanta sesenta",
    70: "seventy siebzig settanta setenta",
    80: "eighty achtzig ottanta ochenta",
    90: "ninety neunzig novanta noventa",
    100: "hundred hundert cento cien",
    1000: "thousand tausend",
}
WORDED = {word: n for n, spellings in SPELLED.items() for word in spellings.split()}
"""Spelled numbers; what means something else in another language (once, due, sei) is left out."""
_ENTRIES = [(unit, factor, symbols.split(), names.split()) for unit, (factor, symbols, names) in
            UNITS.items()]  # fmt: skip
SYMBOLS = [(re.escape(s), unit) for unit, _, symbols, _ in _ENTRIES for s in symbols]
_BY_NAME = [(re.compile(rf"(?:{'|'.join(names)})", re.IGNORECASE), unit)
            for unit, _, _, names in _ENTRIES]  # fmt: skip
_BY_SYMBOL = [(re.compile(symbol), unit) for symbol, unit in SYMBOLS]
_SIGNS = "|".join(sorted((s for s, _ in SYMBOLS), key=len, reverse=True))
_WORDS = "|".join(sorted((n for *_, names in _ENTRIES for n in names), key=len, reverse=True))
UNIT = rf"(?:(?i:{_WORDS})\b|(?:{_SIGNS})(?![\w²]))"
"""A unit behind a number; symbols keep their case."""
MONEY = r"(?:US\$|EUR|USD|GBP|CHF|SFr\.?|Fr\.|[€$£])"
"""A currency before a number."""
FACTORS = {unit: factor for unit, factor, *_ in _ENTRIES}


@lru_cache(maxsize=1_000)
def unit_of(text: str) -> str | None:
    """The unit that a word or a symbol names: a key of ``UNITS``."""
    stripped = text.strip()
    plain = "CHF" if stripped == "Fr." else stripped.rstrip(".")
    for pattern, unit in (*_BY_SYMBOL, *_BY_NAME):
        if pattern.fullmatch(plain):
            return unit
    return None


def is_name(word: str) -> bool:
    """Whether a word is a unit's, or a number's: it names no one."""
    folded = word.casefold()
    return (
        unit_of(word) is not None
        or folded in WORDED
        or any(re.fullmatch(pattern, folded) for _, pattern in MAGNITUDES)
        or folded in ("uhr", "celsius", "fahrenheit", "schweizer", "swiss", "sterling")
    )
