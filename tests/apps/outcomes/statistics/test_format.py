import pytest

from apps.outcomes.statistics import format as fmt


@pytest.mark.parametrize(
    ("value", "decimals", "signed", "text"),
    [
        (None, 1, False, "–"),
        (7.25, 1, False, "7.3"),  # half away from zero on the decimal text, not on the binary fraction
        (7.35, 1, False, "7.4"),
        (0.04, 1, True, "0.0"),
        (-0.04, 1, True, "0.0"),
        (-1.25, 1, True, "−1.3"),
        (1.0, 2, True, "+1.00"),
        (12, 0, False, "12"),
        (1e-9, 2, False, "0.00"),
    ],
)
def test_number(value, decimals, signed, text):
    assert fmt.number(value, decimals, signed=signed) == text


def test_pairs():
    assert fmt.mean_sd(7.61, None, 1) == "7.6 (–)"
    assert fmt.mean_sd(None, None, 1) == "–"
    assert fmt.median_quartiles(-1.0, -2.0, 0.5, 1, signed=True) == "−1.0 [−2.0, +0.5]"
    assert fmt.span(None, None, 1) == "–" and fmt.span(6.0, 9.0, 1) == "6.0 to 9.0"
