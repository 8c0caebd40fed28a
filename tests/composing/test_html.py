"""The plain text of an HTML reads like the page."""

from mailer.composing.html import text_from_html


def test_the_text_reads_like_the_page() -> None:
    html = """
    <style>p{}</style><h1>Новости</h1><p>Привет,   {{ имя | "друг" }}!<br>Как &laquo;дела&raquo;?</p>
    <ul><li>раз</li><li>два<ol><li>а</li><li>б</li></ol></li></ul>
    <p><a href="https://example.com/?q={{ имя }}">сюда</a>, <a href="https://a.test">https://a.test</a>,
    <a href="mailto:{{ email }}">{{ email }}</a></p>
    <table><tr><th>Что</th><th>Почём</th></tr><tr><td>Хлеб</td><td>50</td></tr></table>
    <hr><pre>a\n   b</pre><img src="https://a.test/x.png" alt="Кот"><script>x</script>
    """
    assert text_from_html(html).splitlines() == [
        *("Новости", "", 'Привет, {{ имя | "друг" }}!', "Как «дела»?", ""),
        *("- раз", "- два", "  1. а", "  2. б", ""),
        *("сюда (https://example.com/?q={{ имя }}), https://a.test, {{ email }}", ""),
        *("Что | Почём", "Хлеб | 50", "", "-" * 20, "", "a", "   b", "", "Кот"),
    ]


def test_no_content_is_an_empty_text() -> None:
    assert text_from_html("<p> </p><script>x</script>") == ""
