import pandas as pd
import pytest

from apps.outcomes.canonical import canonical_json, code_version, frame_sha256


def test_nan_has_no_json():
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"mean": float("nan")})


def test_keys_are_sorted_and_text_stays_text():
    assert canonical_json({"b": 1, "a": "é"}) == '{"a":"é","b":1}'.encode()


def test_order_of_rows_does_not_change_the_checksum_and_a_value_does():
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", None]})
    assert frame_sha256(frame) == frame_sha256(frame.iloc[::-1])
    assert frame_sha256(frame) != frame_sha256(frame.assign(a=[1.0, 2.1]))


def test_the_code_is_named():
    assert code_version().startswith("statistics-")
