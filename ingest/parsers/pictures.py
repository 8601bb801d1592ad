"""Pictures of text: photographs and scans; every frame of a TIFF is a page."""

import io
from pathlib import Path

import pillow_heif
from PIL import Image, UnidentifiedImageError

from ingest.parsers import in_pictures, ocr, scans
from ingest.parsers.damage import damaged
from ingest.parsers.in_pictures import on_paper
from ingest.parsers.options import Options
from kb.errors import FileProblem
from kb.types.parsed import Parsed

Image.MAX_IMAGE_PIXELS = 2 * ocr.MOST_PIXELS
MAX_FRAMES = 2000
"""Most pages of one picture (TIFF) that are read."""


def is_small(content: bytes) -> bool:
    """Whether a picture has too few pixels to hold text that is worth recognising."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return not in_pictures.is_large(picture.size)
    except (Image.DecompressionBombError, OSError, ValueError, SyntaxError, EOFError):
        return False


def parse(path: Path, _kind: str, options: Options) -> Parsed:
    """Read a picture.

    Raises:
        FileProblem: damaged, or of more pixels than any scan has.
    """
    pillow_heif.register_heif_opener()
    try:
        with Image.open(path) as picture:
            all_frames = getattr(picture, "n_frames", 1)
            frames = min(all_frames, MAX_FRAMES)
            sizes = [_size(picture, number) for number in range(frames)]
            media_type = Image.MIME.get(picture.format or "", "image/*")
            found = scans.recognise(
                range(frames),
                lambda number: _frame(picture, number),
                options,
                all_frames - frames,
            )
    except Image.DecompressionBombError as error:
        raise FileProblem("picture_too_large", limit=ocr.MOST_PIXELS // 1_000_000) from error
    except UnidentifiedImageError as error:
        raise FileProblem("damaged", what="picture: it ends or errs in its first bytes") from error
    except (OSError, ValueError, SyntaxError, TypeError, EOFError) as error:
        raise damaged("picture", error) from error
    return Parsed(
        parser="tesseract",
        media_type=media_type,
        elements=tuple(e for _, elements in sorted(found.pages.items()) for e in elements),
        pages=frames,
        page_sizes=tuple(sizes),
        confidences=tuple(found.confidences),
        problem=found.problem,
        problem_parameters=found.parameters,
    )


def _size(picture: Image.Image, number: int) -> tuple[float, float]:
    picture.seek(number)
    width, height = picture.size
    if width * height > ocr.MOST_PIXELS:
        raise FileProblem("picture_too_large", limit=ocr.MOST_PIXELS // 1_000_000)
    return float(width), float(height)


def _frame(picture: Image.Image, number: int) -> tuple[Image.Image, int]:
    picture.seek(number)
    dpi = picture.info.get("dpi", (0, 0))[0]
    known = ocr.LOWEST_DPI // 2 <= dpi <= 2 * ocr.HIGHEST_DPI
    return on_paper(picture), int(dpi) if known else ocr.USUAL_DPI
