"""The paths (XPath) of python-docx and python-pptx, each compiled once.

They compile a path at every use, some 14 times for each paragraph: half of the time of a Word file.
"""

from functools import cache
from importlib import import_module
from typing import Any

from lxml import etree

LIBRARIES = {"docx": "docx.oxml", "odt": "docx.oxml", "pptx": "pptx.oxml"}
"""Where each has its elements (``xmlchemy``) and the prefixes of their names (``ns``);
pandoc makes Word files of OpenDocument's texts."""


@cache
def compile_once(kind: str) -> None:
    """From now on a path of the library that reads this kind is compiled at its first use."""
    if kind not in LIBRARIES:
        return
    spaces = import_module(f"{LIBRARIES[kind]}.ns")
    prefixes = spaces._nsmap if kind == "pptx" else spaces.nsmap  # noqa: SLF001 - its only name

    @cache
    def compiled(path: str) -> etree.XPath:
        return etree.XPath(path, namespaces=prefixes)

    def xpath(element: Any, path: str) -> Any:
        return compiled(path)(element)

    import_module(f"{LIBRARIES[kind]}.xmlchemy").BaseOxmlElement.xpath = xpath
