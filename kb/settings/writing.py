"""Settings as a file has them: what is not a default, with secrets or without."""

import json
import re
from typing import Annotated, Any, get_origin, get_type_hints

import msgspec

from kb.settings.loading import SECTIONS
from kb.settings.sections import Settings

CREDENTIALS = re.compile(r"://[^/]*@")
HEAD = """# Commonplace: what was configured when this backup was made.
# data_dir was {data_dir}
"""


def is_secret(section: str, name: str, value: Any) -> bool:
    """Whether a setting is one that nobody should read, or has a password in its address."""
    if CREDENTIALS.search(str(value)):
        return True
    hint = get_type_hints(SECTIONS[section], include_extras=True)[name]
    said = hint.__metadata__ if get_origin(hint) is Annotated else ()
    return any("(secret)" in (getattr(m, "description", None) or "") for m in said)


def as_toml(settings: Settings, *, with_secrets: bool) -> str:
    """Everything that is not a default, as ``kb.toml`` has it; without secrets a line says so."""
    lines = [HEAD.format(data_dir=json.dumps(settings.data_dir, ensure_ascii=False))]
    top = {name: getattr(settings, name) for name in ("scratch_dir", "language")}
    lines += [f"{name} = {_written(value)}" for name, value in top.items() if value]
    for section in SECTIONS:
        inside = _lines(settings, section, with_secrets=with_secrets)
        lines += [f"\n[{section}]", *inside] if inside else []
    return "\n".join(lines) + "\n"


def _lines(settings: Settings, section: str, *, with_secrets: bool) -> list[str]:
    values, found = getattr(settings, section), []
    for field in msgspec.structs.fields(SECTIONS[section]):
        value = getattr(values, field.name)
        if value == field.default or _is_derived(settings, section, field.name, value):
            continue
        if not with_secrets and is_secret(section, field.name, value):
            found.append(f"# {field.name} is left out: it is a secret")
        else:
            found.append(f"{field.name} = {_written(value)}")
    return found


def _is_derived(settings: Settings, section: str, name: str, value: Any) -> bool:
    """Where models lie is said by where the data directory is, unless somebody says otherwise."""
    return (section, name) == ("embedding", "models_dir") and value == str(settings.data / "models")


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_written, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
