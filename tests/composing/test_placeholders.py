"""Placeholders are found, checked and replaced, and nothing else in a text means anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.composing.placeholders import PlaceholderError, RenderError, parse

VALUES = {"first_name": "Иван", "last_name": "Петров", "patronymic": "", "email": "i@example.com", "Город": "Тверь"}


def problems(text: str, **options: object) -> list[tuple[str, str, str | None, int, int]]:
    with pytest.raises(PlaceholderError) as refusal:
        parse(text, **options)  # type: ignore[arg-type]
    return [(p.code, p.name, p.suggestion, p.line, p.column) for p in refusal.value.problems]


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("Привет, {{ имя }}!", "Привет, Иван!"),
        ("{{first_name}}{{ FIRST_NAME }}{{\tИмя\n}}", "ИванИванИван"),
        ("{{ полное_имя }}, {{ полное имя }}", "Петров Иван, Петров Иван"),
        ('{{ отчество | "друг" }} {{ имя | "друг" }}', "друг Иван"),
        ("{{ отчество | 'a' }}{{ отчество | «b» }}{{ отчество|“c” }}{{ отчество | „d“ }}", "abcd"),
        ("{{ город }} {{ ГОРОД }}", "Тверь Тверь"),
        ("{{ отчество }}", ""),
    ],
)
def test_values_take_the_places(text: str, rendered: str) -> None:
    assert parse(text, {"Город"}).render(VALUES) == rendered


@pytest.mark.parametrize(
    "text", ["{0.__class__}", "%(x)s", "${7*7}", "{% for x in y %}", "}} {", "#{x}", "<%= 1 %>", ""]
)
def test_foreign_template_languages_stay_literal(text: str) -> None:
    assert parse(text).render(VALUES) == text


@pytest.mark.parametrize("value", ["{{ email }}", "{{{{", "{{7*7}}", "\\1", "%s"])
def test_a_value_is_never_expanded_again(value: str) -> None:
    assert parse("<{{ имя }}>").render({"first_name": value}) == f"<{value}>"


def test_all_problems_are_listed_with_their_places() -> None:
    assert problems("{{ фамлия }}\n{{ frist_name }} {{}}\n  {{7*7}} {{{ имя }}} {{ имя | друг }}\n{{ имя") == [
        ("unknown", "фамлия", "фамилия", 1, 1),
        ("unknown", "frist_name", "first_name", 2, 1),
        ("empty", "", None, 2, 18),
        ("syntax", "7*7", None, 3, 3),
        ("syntax", "{{{", None, 3, 11),
        ("syntax", "имя | друг", None, 3, 23),
        ("unclosed", "имя", None, 4, 1),
    ]


@pytest.mark.parametrize("name", ["config", "env.SECRET_KEY", "self", "request"])
def test_names_of_secrets_are_unknown(name: str) -> None:
    assert problems(f"{{{{ {name} }}}}") == [("unknown", name, None, 1, 1)]


def test_nested_braces_are_unclosed() -> None:
    assert [problem[0] for problem in problems("{{ имя {{ фамилия }} }}")] == ["unclosed"]


def test_the_suggestion_keeps_the_alphabet_and_knows_the_owners_attributes() -> None:
    assert problems("{{ гороод }} {{ emial }}", attributes={"Город"}) == [
        ("unknown", "гороод", "Город", 1, 1),
        ("unknown", "emial", "email", 1, 14),
    ]


def test_an_unknown_name_is_listed_once_and_a_flood_of_problems_is_cut() -> None:
    assert len(problems("{{ нет }}" * 1000)) == 1
    assert len(problems("{{}}" * 1000)) <= 50


def test_holes_are_named() -> None:
    template = parse('{{ имя }} {{ отчество }} {{ comment | "–" }} {{ год_рождения }}')
    assert template.names == ("first_name", "patronymic", "comment", "birth_year")
    assert template.missing(VALUES) == ["patronymic", "birth_year"]
    with pytest.raises(RenderError) as refusal:
        template.render(VALUES, strict=True)
    assert refusal.value.names == ["patronymic", "birth_year"]


def test_a_default_in_html_is_html() -> None:
    template = parse("{{&nbsp;имя | &quot;a &amp; b&quot; }}", markup=True)
    assert template.render({}) == "a & b"


@given(st.text(st.sampled_from("{}| \"'«»имя_a7\n"), max_size=40))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        template = parse(text)
    except PlaceholderError as refusal:
        assert refusal.problems
    else:
        assert "{{" in text or template.render({}) == text
