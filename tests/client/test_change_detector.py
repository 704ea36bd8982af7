"""Answers that were heard before end a reading; anything else does not."""

import pytest

from exporter.client.change_detector import ChangeDetector, NotModifiedError


def observe_all(*answers: tuple[str, str, bytes]) -> tuple[int, ...]:
    detector = ChangeDetector()
    for answer in answers:
        detector.observe(*answer)
    return tuple(detector.seen)


ONE = ("/1", "", b'{"result":[1]}')
TWO = ("/2", "", b'{"result":[2]}')


def test_without_anything_before_no_reading_is_the_same() -> None:
    assert len(observe_all(ONE, TWO)) == 2


def test_it_ends_at_the_last_of_the_same_answers_and_not_before() -> None:
    detector = ChangeDetector(observe_all(ONE, TWO))
    detector.observe(*ONE)

    with pytest.raises(NotModifiedError):
        detector.observe(*TWO)


@pytest.mark.parametrize(
    "other",
    [("/1", "", b'{"result":[2]}'), ("/other", "", ONE[2]), ("/1", '</2>; rel="next"', ONE[2])],
    ids=["body", "address", "links"],
)
def test_one_difference_in_anything_that_is_read_and_it_goes_on(other: tuple[str, str, bytes]) -> None:
    detector = ChangeDetector(observe_all(ONE, TWO))
    detector.observe(*other)
    detector.observe(*TWO)


@pytest.mark.parametrize("form", [b'{"requestId":"%s","result":[1]}', b'{"result":[1],"requestId":"%s"}'])
def test_the_answers_own_id_does_not_count(form: bytes) -> None:
    detector = ChangeDetector(observe_all(("/1", "", form % b"a-1")))

    with pytest.raises(NotModifiedError):
        detector.observe("/1", "", form % b"b-2")


@pytest.mark.parametrize("form", [b'{"requestId":"x","result":[%s]}', b'{"result":[%s],"requestId":"x"}'])
def test_what_stands_beside_the_answers_own_id_does(form: bytes) -> None:
    detector = ChangeDetector(observe_all(("/1", "", form % b"1")))
    detector.observe("/1", "", form % b"2")


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [
        ("", None, True),
        ("", "", True),
        ('</2>; rel="next"', '</2>; rel="next"', True),
        ('</2>; rel="next"', None, True),
        ("", '</2>; rel="next"', False),
        ('</2>; rel="last"', '</3>; rel="last"', False),
        ('</2>; rel="next"', "", False),
    ],
)
def test_a_304_with_another_link_is_not_unchanged(before: str, now: str | None, same: bool) -> None:
    first = ChangeDetector()
    first.observe("/1", before, b"[]", '"a"')
    detector = ChangeDetector(tuple(first.seen), previous_etag=first.etag, previous_link=first.link)

    assert detector.conditional_headers == {"If-None-Match": '"a"'}
    if same:
        with pytest.raises(NotModifiedError):
            detector.observe_not_modified(now)
    else:
        detector.observe_not_modified(now)


def test_a_link_that_is_too_long_to_be_remembered_is_never_compared() -> None:
    detector = ChangeDetector()
    detector.observe("/1", "x" * 4097, b"[]", '"a"')

    assert (detector.etag, detector.link) == ("", "")
