"""Reading a list of codes that changes meanwhile: a pass says that it is complete only when it is."""

import pytest

from registercodes import paging
from registercodes.paging import Reader
from registercodes.tat.errors import NotSent, Refused, Unknown, reason_of
from registercodes.tat.records import Page, RegisterCodeInfo


def info(code_id: str) -> RegisterCodeInfo:
    return RegisterCodeInfo(code_id, "", "", 10, None, "", True, 0, None, None)


class Shelf:
    """A cloud's codes in their order; ``between[n]`` happens to them after the n-th page was given."""

    def __init__(self, count: int, **between) -> None:
        self.ids = [f"code-{number}" for number in range(count)]
        self.between = {int(when[1:]): act for when, act in between.items()}
        self.asked: list[int] = []
        self.kept: list[str] = []

    def ask(self, offset: int) -> Page[RegisterCodeInfo]:
        page = Page(self.total(), tuple(info(code_id) for code_id in self.page(offset)))
        self.asked.append(offset)
        self.between.get(len(self.asked), lambda shelf: None)(self)
        return page

    def total(self) -> int:
        return len(self.ids)

    def page(self, offset: int) -> list[str]:
        return self.ids[offset : offset + paging.PAGE]

    def read(self, *, go_on=lambda: True) -> tuple[str, Reader]:
        reader = Reader(self.ask, keep=lambda codes: self.kept.extend(code.code_id for code in codes), go_on=go_on)
        return reader.read(), reader


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch):
    monkeypatch.setattr(paging, "ASK_PAUSE", 0)


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 198, 199, 200, 1000])
def test_a_list_at_rest_is_read_once_and_whole(count):
    shelf = Shelf(count)
    why_not, reader = shelf.read()
    assert (why_not, reader.sweep.seen, reader.sweep.total) == ("", set(shelf.ids), count)
    assert len(shelf.asked) == max(1, -(-(count - 1) // (paging.PAGE - 1)))
    assert set(shelf.kept) == set(shelf.ids)


def test_codes_that_appear_in_front_are_read_from_the_first_page_again():
    shelf = Shelf(250, p1=lambda shelf: shelf.ids.insert(0, "new"))
    why_not, reader = shelf.read()
    assert (why_not, "new" in reader.sweep.seen, shelf.asked) == ("", True, [0, 99, 198, 0])


def test_codes_that_appear_at_the_end_are_met_on_the_way():
    shelf = Shelf(250, p2=lambda shelf: shelf.ids.append("new"))
    why_not, reader = shelf.read()
    assert (why_not, "new" in reader.sweep.seen, shelf.asked) == ("", True, [0, 99, 198])


def test_codes_that_vanish_shift_others_past_us_so_everything_is_read_again():
    def two_vanish(shelf):
        del shelf.ids[10:12]

    shelf = Shelf(250, p1=two_vanish)
    why_not, reader = shelf.read()
    assert (why_not, reader.sweep.seen) == ("", set(shelf.ids))
    assert shelf.asked[:4] == [0, 99, 198, 0]


def test_a_page_that_fails_on_the_way_is_asked_for_again():
    def fails_once(shelf):
        shelf.between.clear()
        raise Unknown("connection")

    assert Shelf(250, p2=fails_once).read()[0] == ""


def test_a_pass_that_may_not_go_on_stops_with_what_it_has():
    turns = iter([True, False])
    why_not, reader = Shelf(250).read(go_on=lambda: next(turns))
    assert (why_not, len(reader.sweep.seen), reader.pages) == ("busy", 100, 1)


# What must not happen.


def test_a_pass_that_missed_a_code_twice_never_says_that_it_is_complete():
    def two_vanish(shelf):
        del shelf.ids[10:12]

    shelf = Shelf(250, p1=two_vanish, p4=two_vanish)
    why_not, reader = shelf.read()
    assert set(shelf.ids) - reader.sweep.seen != set()
    assert (why_not, reader.sweep.gapless) == ("moved", False)


@pytest.mark.parametrize("said", [0, 1, 249, 251, 10**12])
def test_a_count_that_is_not_what_is_shown_is_never_complete(said):
    shelf = Shelf(250)
    shelf.total = lambda: said
    assert shelf.read()[0] == "moved"
    assert len(shelf.asked) < 20


def test_pages_that_shrink_end_the_pass():
    shelf = Shelf(1000)
    shelf.page = lambda offset: shelf.ids[offset : offset + max(0, 50 - 10 * len(shelf.asked))]
    assert shelf.read()[0] == "moved"


def test_a_list_that_repeats_its_first_page_for_ever_ends():
    shelf = Shelf(100)
    shelf.total = lambda: 1_000_000
    shelf.page = lambda offset: shelf.ids
    assert (shelf.read()[0], len(shelf.asked)) == ("moved", 6)


def test_an_endless_list_ends_and_memory_with_it(monkeypatch):
    monkeypatch.setattr(paging, "ROWS_MAX", 500)
    shelf = Shelf(0)
    shelf.total = lambda: 1_000_000
    shelf.page = lambda offset: [f"code-{number}" for number in range(offset, offset + 100)]
    why_not, reader = shelf.read()
    assert (why_not, len(reader.sweep.seen) <= 600) == ("too_many", True)


@pytest.mark.parametrize("failure", [NotSent("dns"), Unknown("deadline"), Refused("AuthFailure.SignatureFailure")])
def test_a_cloud_that_is_down_is_asked_once_and_no_more(failure):
    shelf = Shelf(10)

    def ask(offset):
        shelf.asked.append(offset)
        raise failure

    reader = Reader(ask, keep=shelf.kept.extend, go_on=lambda: True)
    assert reader.read() == reason_of(failure) != ""
    assert (shelf.asked, shelf.kept, reader.pages) == ([0], [], 0)
