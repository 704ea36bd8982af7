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
