"""Where bars stand and how large they are: in proportion, inside the picture, never drawn for nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registercodes import charts
from registercodes.charts import Part, Row, columns, rows

AMOUNTS = st.integers(0, 10**12)
LABELS = [str(number) for number in range(30)]


def part(amount, tone="issued"):
    return Part(amount, tone, f"{amount} codes", f"/?{amount}")


def row(amount, label="Web"):
    return Row(label, str(amount), part(amount))


def box(bar):
    return float(bar.x), float(bar.y), float(bar.width), float(bar.height)


def test_a_columns_parts_stand_on_each_other_in_their_order():
    chart = columns(["1 Nov"], [[part(30), part(0), part(20, "refused")]])

    (_, low, _, high), (_, above, _, least) = map(box, chart.bars)
    assert [bar.tone for bar in chart.bars] == ["issued", "refused"]
    assert low + high == charts.TOP + charts.PLOT_HEIGHT
    assert above + least == pytest.approx(low)
    assert high / least == pytest.approx(30 / 20, rel=0.01)


def test_the_scale_is_written_beside_and_weeks_below():
    chart = columns(LABELS, [[part(7 * number)] for number in range(30)])

    assert [words.text for words in chart.words] == ["0", "250", "500", "8", "15", "22", "29"]
    assert len(chart.lines) == 3


def test_what_is_there_is_seen_beside_what_is_large():
    tiny, huge = columns(["a", "b"], [[part(1)], [part(10**9)]]).bars

    assert float(tiny.height) >= 1 and float(huge.height) == charts.PLOT_HEIGHT


def test_lines_are_shares_of_the_largest_or_of_what_is_full():
    assert [float(bar.width) for bar in rows([row(100), row(25)]).bars] == [charts.WIDTH, charts.WIDTH / 4]
    assert [float(bar.width) for bar in rows([row(8)], top=32).bars] == [charts.WIDTH / 4]


def test_a_bar_says_its_fact_and_leads_to_its_rows():
    (bar,) = rows([row(3)]).bars

    assert (bar.says, bar.href) == ("3 codes", "/?3")


@given(stacks=st.lists(st.lists(AMOUNTS, max_size=6), max_size=30))
def test_every_column_stays_inside_the_picture(stacks):
    chart = columns(LABELS[: len(stacks)], [[part(amount) for amount in stack] for stack in stacks])

    for bar in chart.bars:
        x, y, width, height = box(bar)
        assert x >= charts.AXIS - 0.01 and x + width <= chart.width + 0.01
        assert y >= -0.01 - charts.LEAST * 6 and y + height <= charts.TOP + charts.PLOT_HEIGHT + 0.01


@given(amounts=st.lists(AMOUNTS, max_size=12))
def test_every_line_stays_inside_the_picture(amounts):
    chart = rows([row(amount) for amount in amounts])

    for bar in chart.bars:
        x, y, width, height = box(bar)
        assert x == 0 and width <= chart.width and y + height <= chart.height


@given(number=st.integers(1, 10**15))
def test_a_scale_ends_at_a_round_number_above(number):
    top = charts.round_up(number)

    assert number <= top <= 10 * number and str(top).rstrip("0") in {"1", "2", "5"}


@pytest.mark.parametrize(
    ("number", "written"), [(0, "0"), (999, "999"), (1500, "1.5k"), (20_000, "20k"), (2_500_000, "2.5M")]
)
def test_numbers_beside_a_chart_are_short(number, written):
    assert charts.short(number) == written


def test_a_long_label_is_cut_and_says_so():
    (label, _) = rows([row(1, "x" * 200)]).words

    assert len(label.text) <= charts.LINE_MAX and label.text.endswith("…")


@pytest.mark.parametrize("chart", [columns([], []), columns(LABELS, [[] for _ in LABELS]), rows([])])
def test_nothing_is_drawn_for_nothing(chart):
    assert chart.bars == () and chart.height > 0


def test_no_number_has_a_decimal_comma_or_an_exponent():
    chart = columns(LABELS, [[part(number**7)] for number in range(30)])

    written = [value for bar in chart.bars for value in (bar.x, bar.y, bar.width, bar.height)] + list(chart.lines)
    assert not [value for value in written if "," in value or "e" in value]
