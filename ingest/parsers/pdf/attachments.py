"""Files that are attached to a PDF, or of which a portfolio is made."""

import pypdfium2 as pdfium

from ingest.parsers.names import safe_name
from ingest.parsers.options import Options
from kb.types.parsed import Member


def members(document: pdfium.PdfDocument, options: Options) -> tuple[list[Member], int]:
    """Files attached to the PDF, and how many were left out."""
    members: list[Member] = []
    left_out, room = 0, options.max_expanded
    for number in range(min(document.count_attachments(), options.max_members)):
        attachment = document.get_attachment(number)
        try:
            name, content = attachment.get_name(), bytes(attachment.get_data())
        except (pdfium.PdfiumError, ValueError):
            left_out += 1
            continue
        room -= len(content)
        if room < 0:
            left_out += 1
        elif content:
            members.append(Member(name=safe_name(name), content=content))
    return members, left_out
