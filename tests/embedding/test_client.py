"""Vectors as their callers use them."""


def test_cosine_needs_no_numpy():
    from array import array

    from kb.embedding.client import cosine

    left, right = array("f", [0.6, 0.8]), array("f", [0.8, 0.6])
    assert abs(cosine(left.tobytes(), right.tobytes()) - 0.96) < 1e-6
