"""What the embedder does first and how much at once."""


def test_slices_for_the_model_are_of_like_length_and_bounded():
    from kb.embedding.process import cut

    lengths = [5, 200, 30, 198, 7, 256, 0, 31]
    slices = cut(lengths, 512)
    assert sorted(i for s in slices for i in s) == list(range(len(lengths)))
    for part in slices:
        longest = max(lengths[i] for i in part)
        assert len(part) == 1 or len(part) * longest <= 512
    assert slices[0] == [5, 1]
