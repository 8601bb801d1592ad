"""A question that is a file's name: as both databases tell it."""

import pytest

from kb.catalog import names
from kb.types.people import Principal
from tests.parts import catalogs as making

PATHS = (
    "hr/Urlaubsantrag-2026.docx",
    "hr/Urlaubsantrag 2026 alt.docx",
    "old/2026 Urlaubsantrag.docx",
    "post.zip › Urlaubsantrag_2026.pdf",
    "closed/Urlaubsantrag-2026.docx",
)


@pytest.mark.parametrize("kind", making.KINDS)
def test_a_question_that_is_a_files_name_names_those_files_alone(kind, request, tmp_path):
    catalog = making.opened(kind, request, tmp_path)
    reader = Principal("ann", frozenset({"group:a"}))
    with catalog.writing() as connection:
        one = making.source(connection, "one", ["group:a"])
        number = {}
        for path in PATHS:
            readers = ["group:b"] if path.startswith("closed") else None
            number[path], _ = making.published(connection, one.id, path, ["x"], readers=readers)
            names.index(connection, number[path], path)

        def called(question):
            found = names.called(connection, reader, question)
            return [path for path in PATHS if number[path] in found]

        assert called("urlaubsantrag 2026") == [PATHS[0], PATHS[3]]
        assert called("Urlaubsantrag-2026.docx") == [PATHS[0]]
        assert called("2026 Urlaubsantrag") == [PATHS[2]]
        assert called("Urlaubsantrag") == called("") == called("?") == []
    catalog.close()
