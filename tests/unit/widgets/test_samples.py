"""Samples and their picture: what is said is what was measured."""

import io

import pytest
from PIL import Image

from pyminidocker.widgets.samples.model import Sample, say, table
from pyminidocker.widgets.samples.view import Distributions, distributions

QUICK = Sample("container", (0.004, 0.005, 0.006, 0.2))
SLOW = Sample("machine", (3.0, 3.5), note="recorded on a Sunday")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.00412, "s", "4.12 ms"),
        (0.0412, "s", "41.2 ms"),
        (0.412, "s", "412 ms"),
        (0.99999, "s", "1.00 s"),
        (12.34, "s", "12.3 s"),
        (0.00000042, "s", "0.42 µs"),
        (0, "B", "0 B"),
        (999, "B", "999 B"),
        (65_536, "B", "65.5 kB"),
        (2_000_000, "B", "2 MB"),
        (0.5, "", "0.5"),
        (3.14159, "times", "3.14 times"),
    ],
)
def test_numbers_have_three_digits_and_a_unit_that_fits(value: float, unit: str, text: str) -> None:
    assert say(value, unit) == text


def test_a_value_far_out_moves_neither_median_nor_middle_half() -> None:
    assert QUICK.median == pytest.approx(0.0055)
    low, high = QUICK.middle
    assert low == pytest.approx(0.00475)
    assert high < 0.06
    assert SLOW.times(QUICK) == pytest.approx(3.25 / 0.0055)


def test_a_sample_says_n_and_where_it_comes_from() -> None:
    assert repr(SLOW) == (
        "machine: median 3.25 s, the middle half from 3.12 s to 3.38 s, n 2 (recorded on a Sunday)"
    )
    assert Sample("once", (1.0,)).words() == "once: median 1 s, n 1"
    assert Sample("once", (1.0,)).middle == (1.0, 1.0)
    with pytest.raises(ValueError, match="nothing was measured for 'none'"):
        Sample("none", ())


def test_the_table_says_what_the_picture_says() -> None:
    text = table((QUICK, SLOW))
    assert "container  5.50 ms" in text
    assert text.endswith("machine: recorded on a Sunday")


def test_the_axis_is_logarithmic_when_medians_lie_far_apart() -> None:
    assert distributions(QUICK, SLOW).is_log
    assert not distributions(SLOW, Sample("other", (4.0, 5.0))).is_log
    assert not distributions(QUICK).is_log  # its one value far out is no reason
    assert not distributions(Sample("none", (0.0,)), SLOW).is_log


def test_the_saved_picture_has_its_words_beside_it() -> None:
    data, metadata = distributions(QUICK, SLOW, title="Start")._repr_mimebundle_()
    assert data["text/plain"].startswith("Start\nwhat")
    assert "n 4" in metadata["image/png"]["alt"]
    assert "recorded on a Sunday" in metadata["image/png"]["alt"]
    picture = Image.open(io.BytesIO(distributions(QUICK, SLOW).png))
    assert picture.width > 900
    assert picture.getpixel((0, 0))[:3] == (255, 255, 255)


def test_the_same_values_give_the_same_picture() -> None:
    assert distributions(QUICK, SLOW).png == distributions(QUICK, SLOW).png


def test_more_rows_make_a_taller_picture() -> None:
    one, two = (Image.open(io.BytesIO(d.png)).height for d in (distributions(QUICK), both()))
    assert two > one


def both() -> Distributions:
    return distributions(QUICK, SLOW)


def test_seconds_are_not_drawn_beside_bytes() -> None:
    with pytest.raises(ValueError, match="the same unit"):
        distributions(QUICK, Sample("size", (1.0,), "B"))
    with pytest.raises(ValueError, match="one or more"):
        distributions()
