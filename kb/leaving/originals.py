"""The files themselves, as far as they are there: copied into an export under their names."""

import hashlib

import msgspec

from kb.errors import DamagedError, FileProblem
from kb.files.blobs import ORIGINAL, Blobs
from kb.files.originals import open_beneath
from kb.leaving.bag import Bag
from kb.leaving.naming import Places
from kb.types.leaving import LeftDocument
from kb.types.library import Source


class Originals:
    """Copies the bytes of the versions that were read, and of what was handed in."""

    def __init__(self, bag: Bag, blobs: Blobs) -> None:
        self._bag = bag
        self._blobs = blobs
        self._places = Places()

    def put(self, document: LeftDocument, source: Source) -> LeftDocument:
        """Copy a document's file; returns it with its place, if its bytes are there."""
        if document.parent is not None:
            return self._put_member(document)
        content = _content(document, source)
        if content is None:
            return document
        digest = hashlib.sha256(content).hexdigest()
        place = self._places.of_file(source.name, document.raw_path, digest)
        return self._at(document, place, content)

    def _put_member(self, document: LeftDocument) -> LeftDocument:
        key = document.content_hash or document.pending
        try:
            content = self._blobs.get(key, ORIGINAL) if key else None
        except DamagedError:  # it is in its container; how many are missing is said at the end
            content = None
        if key is None or content is None:
            return document
        return self._at(document, self._places.of_bytes(document.path, key), content)

    def _at(self, document: LeftDocument, place: str, content: bytes) -> LeftDocument:
        if not self._bag.holds(place):
            self._bag.put(place, content)
        return msgspec.structs.replace(document, file=place)


def _content(document: LeftDocument, source: Source) -> bytes | None:
    """The bytes of the version that was read; None where the file is another by now, or away.

    Of a file that was not read there is no version. It goes along where it was handed in: it lies
    nowhere else.
    """
    read = document.content_hash is not None
    if not read and not source.following.uploads:
        return None
    try:
        with open_beneath(source.root, document.raw_path) as file:
            content = file.read(document.bytes + 1)
    except FileProblem:
        return None
    if read and hashlib.sha256(content).hexdigest() != document.content_hash:
        return None
    return content if len(content) == document.bytes else None
