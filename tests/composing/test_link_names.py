"""Which values decide where a link leads."""

import pytest

from mailer.composing.link_names import names_of_places
from mailer.composing.placeholders import parse
from mailer.composing.sieve import sieve


@pytest.mark.parametrize(
    ("link", "names"),
    [
        ("{{ a }}", {"a"}),
        ("https://{{ a }}/x", {"a"}),
        ("https://shop.test{{ a }}", {"a"}),
        ("https://shop.test{{ a }}/{{ b }}", {"a"}),
        ("mailto:{{ a }}", {"a"}),
        ("https://{{ a | 'shop.test' }}", {"a"}),
        ("https://shop.test/{{ a }}", set()),
        ("https://shop.test/?x={{ a }}&y={{ b }}", set()),
        ("https://shop.test?{{ a }}", set()),
        ("mailto:a@shop.test?subject={{ a }}", set()),
    ],
)
def test_a_value_before_the_path_is_the_place(link: str, names: set[str]) -> None:
    html = sieve(f'<p>{{{{ c }}}} <a href="{link}">x</a> {{{{ d }}}}</p>').html
    assert names_of_places(parse(html, None, markup=True), markup=True) == names
    if "mailto:{{" not in link and not link.startswith("{{"):
        assert names_of_places(parse(f"See {link} and {{{{ c }}}}", None), markup=False) == names
