"""Vectors in NumPy's format, read by NumPy; and what is not of it is refused."""

import io

import numpy
import pytest

from kb.errors import UsageError
from kb.leaving.matrices import Matrix, header


@pytest.mark.parametrize("shape", [(0, 0), (1, 3), (12345, 384)])
def test_numpy_reads_what_is_written(shape):
    rows, numbers = shape
    content = header(rows, numbers) + bytes(rows * numbers * 4)
    assert numpy.load(io.BytesIO(content), allow_pickle=False).shape == shape
    assert len(header(rows, numbers)) % 64 == 0


def test_what_numpy_writes_is_read(tmp_path):
    table = numpy.arange(6, dtype="<f4").reshape(2, 3)
    numpy.save(tmp_path / "v.npy", table)
    matrix = Matrix(tmp_path / "v.npy", ["a", "b"], 3)
    assert numpy.frombuffer(matrix.row("b"), "<f4").tolist() == [3, 4, 5]
    assert "c" not in matrix
    matrix.close()


@pytest.mark.parametrize(
    ("table", "hashes", "numbers"),
    [
        (numpy.zeros((2, 3), "<f8"), ["a", "b"], 3),
        (numpy.zeros((2, 3), "<f4"), ["a"], 3),
        (numpy.zeros((2, 3), "<f4"), ["a", "a"], 3),
        (numpy.zeros((2, 3), "<f4"), ["a", "b"], 4),
        (numpy.asfortranarray(numpy.zeros((2, 3), "<f4")), ["a", "b"], 3),
    ],
)
def test_another_table_is_refused(tmp_path, table, hashes, numbers):
    numpy.save(tmp_path / "v.npy", table)
    with pytest.raises(UsageError, match="do not fit"):
        Matrix(tmp_path / "v.npy", hashes, numbers)


def test_a_table_that_is_cut_off_is_refused(tmp_path):
    (tmp_path / "v.npy").write_bytes(header(2, 3) + bytes(20))
    with pytest.raises(UsageError, match="do not fit"):
        Matrix(tmp_path / "v.npy", ["a", "b"], 3)
