"""Runs a test on each of many values as one test: hundreds of small ones cost more than what they test."""

from collections.abc import Callable, Iterable
from functools import wraps
from inspect import signature
from typing import Any

Test = Callable[..., None]


def on_each(argument: str, values: Iterable[Any], *, name: Callable[[Any], str] = str) -> Callable[[Test], Test]:
    """Return the decorator of a test whose `argument` is each value in turn; a failure says by `name` at which one."""
    kept = tuple(values)

    def decorate(test: Test) -> Test:
        @wraps(test)
        def run(**fixtures: Any) -> None:
            assert kept, f"there is no {argument} to test"
            for value in kept:
                try:
                    test(**{argument: value}, **fixtures)
                except AssertionError as error:
                    error.add_note(f"{argument}: {name(value)}")
                    raise

        own = signature(test)
        others = [one for key, one in own.parameters.items() if key != argument]
        run.__signature__ = own.replace(parameters=others)  # type: ignore[attr-defined]  # the fixtures it asks for
        return run

    return decorate
