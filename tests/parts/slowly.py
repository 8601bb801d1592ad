"""Cases of a test that CI alone runs."""

import pytest


def slow(*cases):
    """Each case of a parametrisation, marked as slow; several values of one case are a tuple."""
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow)
        for case in cases
    ]
