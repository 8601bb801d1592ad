"""The catalog in PostgreSQL: the whole way, with a server started here."""

import json
import subprocess
import sys

import pytest

from kb import samples


@pytest.mark.slow
@pytest.mark.real
def test_the_whole_way_on_postgresql(postgres, command):
    catalog = {"KB_CATALOG__URL": postgres}
    command("group", "add", "board", env=catalog)
    command("user", "add", "ann", "--groups", "board", env=catalog)
    command("user", "add", "bob", env=catalog)
    command("source", "add", "s", str(samples.documents()), "--readers", "board", env=catalog)
    assert command("ingest", env=catalog)["indexed"] == 14
    assert command("ingest", env=catalog)["unchanged"] == 13
    assert command("ask", "How many buses are electric?", "--as", "ann", env=catalog)["citations"]
    assert command("search", "buses", "--as", "bob", env=catalog) == {"hits": []}
    assert command("reindex", env=catalog)["points"] > 40
    zeros = {"lost": 0, "duplicate": 0, "orphan": 0, "wrong_access": 0}
    assert command("check", env=catalog) == zeros
    assert command("source", "remove", "s", env=catalog) == {"removed": 14}
    assert command("check", env=catalog) == zeros


@pytest.mark.slow
@pytest.mark.real
def test_an_empty_database_is_migrated_once_by_whoever_comes_first(postgres, environment):
    catalog = environment | {"KB_CATALOG__URL": postgres}
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "kb", "files", "--json"],
            env=catalog, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for _ in range(4)
    ]  # fmt: skip
    told = [w.communicate(timeout=300)[0].strip() for w in workers]
    assert [json.loads(said) for said in told] == [{"files": []}] * 4
