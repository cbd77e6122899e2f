"""Names are numbered from 2 on, before their suffix."""

import pytest

from utils.numbered_names import numbered_name


@pytest.mark.parametrize(
    ("used", "expected"),
    [((), "a/x.mov"), (("a/x.mov",), "a/x_2.mov"), (("a/x.mov", "a/x_2.mov"), "a/x_3.mov")],
)
def test_a_used_name_gets_the_least_number_before_its_suffix(
    used: tuple[str, ...], expected: str
) -> None:
    assert numbered_name("a/x", ".mov", used.__contains__) == expected
