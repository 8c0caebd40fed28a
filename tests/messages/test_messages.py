"""Writing, looking at, copying and deleting messages."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.attachment import FileContent
from mailer.models.client import Client
from mailer.models.client_field import ClientField
from mailer.models.message import Message, MessageKind
from mailer.models.user import Role, User
from tests.conftest import Browser
from tests.factories import make_client, make_mailing, make_message, make_user, save
from tests.narrowing import one

TYPED = {"subject": "Hello, {{ first_name }}", "html_body": "", "text_body": 'Dear {{ имя | "friend" }}!'}


def only_message() -> Message:
    db.session.expire_all()
    return db.session.query(Message).one()


class TestWriting:
    def test_a_message_is_stored_as_typed(self, as_owner: Browser) -> None:
        answer = as_owner.post("/messages/new", data=TYPED)
        message = only_message()
        assert (answer.status_code, answer.location) == (303, f"/messages/{message.id}")
        assert (message.subject, message.text_body, message.html_body) == (TYPED["subject"], TYPED["text_body"], "")

    def test_html_is_cleaned_and_what_was_taken_out_is_told(self, as_owner: Browser) -> None:
        html = '<p onclick="x()">Hi</p><script>alert(1)</script>'
        page = as_owner.post("/messages/new", data=TYPED | {"html_body": html}, follow_redirects=True).text
        stored = only_message().html_body
        assert "script" not in stored
        assert "onclick" not in stored
        assert "&lt;script&gt;" in page

    def test_a_text_left_empty_stays_empty_and_is_made_for_the_mail(self, as_owner: Browser) -> None:
        as_owner.post("/messages/new", data=TYPED | {"html_body": "<p>Only <b>this</b></p>", "text_body": ""})
        message = only_message()
        assert message.text_body == ""
        assert "Only this" in re.sub(r"[*_]", "", as_owner.get(f"/messages/{message.id}").text)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"subject": ""}, "subject"),
            ({"subject": "   "}, "subject"),
            ({"subject": "x" * 201}, "subject"),
            ({"subject": "two\nlines"}, "subject"),
            ({"subject": "tab\x0bulator"}, "subject"),
            ({"subject": "nul\0"}, "subject"),
            ({"subject": "{{ фамлия }}"}, "subject"),
            ({"text_body": ""}, "html_body"),
            ({"text_body": "nul\0"}, "text_body"),
            ({"text_body": "x" * (301 * 1024)}, "text_body"),
            ({"text_body": "{{ unknown }}"}, "text_body"),
            ({"text_body": "{{ first_name"}, "text_body"),
            ({"text_body": "{% for x in y %}{{ x.__class__ }}{% endfor %}"}, "text_body"),
            ({"html_body": "<p>{{ config }}</p>"}, "html_body"),
            ({"html_body": "<script>only()</script>", "text_body": ""}, "html_body"),
        ],
    )
    def test_what_no_mail_can_be_is_refused_beside_its_field(
        self, as_owner: Browser, changes: dict[str, Any], field: str
    ) -> None:
        answer = as_owner.post("/messages/new", data=TYPED | changes)
        assert answer.status_code == 422
        assert f'id="{field}-error"' in answer.text
        assert db.session.query(Message).count() == 0

    def test_a_misspelt_placeholder_is_answered_with_the_right_one(self, as_owner: Browser) -> None:
        answer = as_owner.post("/messages/new", data=TYPED | {"text_body": "{{ фамлия }}"})
        assert "фамилия" in answer.text.split('id="text_body-error"')[1].split("</ul>")[0]

    @pytest.mark.parametrize(
        ("field", "typed", "said"),
        [
            ("subject", "Привет, {{ имея }}", "Подстановки {{ имея }} нет. Вы имели в виду {{ имя }}?"),
            ("text_body", "Привет!\n\n{{ ФИО }}", "подстановки {{ ФИО }} нет. Вы имели в виду {{ полное_имя }}?"),
            ("html_body", "<style>p {\ncolor: red}</style>\n<p>{{ name }}</p>", "Строка 3: подстановки {{ name }} нет. "
             "Вы имели в виду {{ first_name }}?"),
            ("text_body", "{{ qqqqqqq }}", "Можно использовать: почта, имя, фамилия"),
        ],
    )  # fmt: skip
    def test_a_wrong_placeholder_is_told_with_its_place(
        self, as_owner: Browser, field: str, typed: str, said: str
    ) -> None:
        answer = as_owner.post("/messages/new", data=TYPED | {field: typed})
        assert said in answer.text.split(f'id="{field}-error"')[1].split("</div>")[0]
        preview = as_owner.post("/messages/preview", data=TYPED | {field: typed}).text
        label = {"subject": "Тема", "text_body": "Простой текст", "html_body": "Текст с оформлением (HTML)"}[field]
        assert f"{label}. " in preview
        assert said in preview

    def test_the_owners_own_attributes_are_placeholders(self, as_owner: Browser, owner: User, stranger: User) -> None:
        save(ClientField(owner_id=owner.id, key="город", label="Город"))
        save(ClientField(owner_id=stranger.id, key="secret", label="secret"))
        assert as_owner.post("/messages/new", data=TYPED | {"text_body": "{{ город }}"}).status_code == 303
        assert as_owner.post("/messages/new", data=TYPED | {"text_body": "{{ secret }}"}).status_code == 422

    def test_the_toolbar_offers_what_can_be_put_in(self, as_owner: Browser, owner: User) -> None:
        save(ClientField(owner_id=owner.id, key="город", label="Город"))
        page = as_owner.get("/messages/new").text
        assert 'data-insert="{{ имя }}"' in page
        assert 'data-insert="{{ город }}"' in page

    def test_a_stale_form_comes_back_with_what_was_typed(self, as_owner: Browser, owner: User) -> None:
        message = make_message(owner)
        as_owner.post(f"/messages/{message.id}/edit", data=TYPED | {"subject": "First", "version": 1})
        answer = as_owner.post(f"/messages/{message.id}/edit", data=TYPED | {"subject": "Second", "version": 1})
        assert answer.status_code == 409
        assert 'value="Second"' in answer.text
        assert only_message().subject == "First"
        again = as_owner.post(f"/messages/{message.id}/edit", data=TYPED | {"subject": "Second", "version": 2})
        assert again.status_code == 303

    def test_a_name_of_its_own_stands_in_lists_and_choices(self, as_owner: Browser, owner: User) -> None:
        as_owner.post("/messages/new", data=TYPED | {"subject": "Скидка!", "name": "Осень, письмо 2", "language": "be"})
        message = only_message()
        assert (message.name, message.language, message.title) == ("Осень, письмо 2", "be", "Осень, письмо 2")
        for path in ("/messages", "/mailings/new", f"/messages/{message.id}", "/messages?q=осень"):
            assert "Осень, письмо 2" in as_owner.get(path).text, path
        make_message(owner, subject="Без имени")
        assert "Без имени" in as_owner.get("/mailings/new").text

    @pytest.mark.parametrize("changes", [{"name": "x" * 151}, {"name": "a\0"}, {"language": "xx"}])
    def test_an_odd_name_or_language_is_refused(self, as_owner: Browser, changes: dict[str, Any]) -> None:
        answer = as_owner.post("/messages/new", data=TYPED | changes)
        assert answer.status_code == 422
        assert f'id="{next(iter(changes))}-error"' in answer.text

    def test_the_preview_shows_the_true_sender(self, as_owner: Browser, owner: User) -> None:
        message = make_message(owner)
        assert "news@golub.localhost" in as_owner.get(f"/messages/{message.id}").text

    def test_a_copy_is_a_form_that_saves_a_new_message(
        self, as_owner: Browser, as_stranger: Browser, owner: User
    ) -> None:
        html = TYPED | {"html_body": "<p>Сыр 100</p>", "text_body": "Сыр"}
        path = as_owner.post("/messages/new", data=html | {"subject": "Original"}).location
        as_owner.post(f"{path}/edit", data=html | {"html_body": "<p>Сыр 200</p>", "version": 1})  # now stale
        as_owner.post(f"{path}/files", data={"attachment": (io.BytesIO(b"%PDF-1"), "price.pdf")})
        page = as_owner.get(f"{path}/copy").text
        assert 'action="/messages/new"' in page
        assert "price.pdf" in page
        form = html | {"html_body": "<p>Сыр 200</p>", "copied_from": path.rpartition("/")[2], "takes_files": "y"}
        as_owner.post(f"{path}/delete")  # meanwhile
        copied = as_owner.get(as_owner.post("/messages/new", data=form).location).text
        assert "price.pdf" in copied
        assert "Письмо с тех пор изменилось" in copied, "it says of the text what the original's page says"
        for other in (form | {"takes_files": ""}, form | {"copied_from": "x"}):
            assert "price.pdf" not in as_owner.get(as_owner.post("/messages/new", data=other).location).text
        assert "price.pdf" not in as_stranger.get(as_stranger.post("/messages/new", data=form).location).text
        assert [each.size for each in db.session.query(FileContent)] == [6], "the content is there once"
        plain = make_message(owner, html_body="", text_body="Слова", kind=MessageKind.TEXT)
        assert 'id="html_body"' not in as_owner.get(f"/messages/{plain.id}/copy").text


class TestLooking:
    @pytest.fixture
    def anna(self, owner: User) -> Client:
        return make_client(owner, email="anna@example.test", first_name="Анна <b>", attributes={"city": "Tver"})

    @pytest.fixture
    def message(self, owner: User) -> Message:
        return make_message(owner, subject="To {{ имя }}", html_body="<p>{{ имя }} from {{ city }}</p>", text_body="")

    def test_the_mail_is_shown_as_the_chosen_client_gets_it(
        self, as_owner: Browser, message: Message, anna: Client
    ) -> None:
        page = as_owner.get(f"/messages/{message.id}?client={anna.id}").text
        assert "To Анна &lt;b&gt;" in page
        html = as_owner.get(f"/messages/{message.id}/html?client={anna.id}").text
        assert "Анна &lt;b&gt; from Tver" in html

    def test_the_html_stands_in_a_frame_where_nothing_runs(self, as_owner: Browser, message: Message) -> None:
        assert '<iframe class="mail-frame" sandbox=""' in as_owner.get(f"/messages/{message.id}").text
        policy = as_owner.get(f"/messages/{message.id}/html").headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "sandbox" in policy.split("; ")
        assert "script-src" not in policy

    def test_holes_are_named(self, as_owner: Browser, message: Message) -> None:
        assert "mail-holes" in as_owner.get(f"/messages/{message.id}").text

    def test_the_draft_is_shown_while_it_is_typed(self, as_owner: Browser, anna: Client) -> None:
        draft = {"subject": "S", "html_body": "<p>Hi {{ имя }}</p><script>x</script>", "client": anna.id}
        piece = as_owner.post("/messages/preview", data=draft).text
        address = one(re.search(r'src="(/messages/preview/[0-9a-f]{64})"', piece))[1]
        html = as_owner.get(address)
        assert "Hi Анна &lt;b&gt;" in html.text
        assert "<script" not in html.text
        assert "sandbox" in html.headers["Content-Security-Policy"]

    def test_a_draft_is_seen_by_its_writer_only(self, as_owner: Browser, as_stranger: Browser, anna: Client) -> None:
        piece = as_owner.post("/messages/preview", data={"subject": "S", "html_body": "<p>secret</p>"}).text
        address = one(re.search(r'src="(/messages/preview/[0-9a-f]{64})"', piece))[1]
        assert as_stranger.get(address).status_code == 404

    @pytest.mark.parametrize(
        "draft", [{}, {"subject": "", "text_body": "x"}, {"subject": "S", "text_body": "{{ nobody }}"}]
    )
    def test_a_draft_half_typed_gives_no_error_page(self, as_owner: Browser, draft: dict[str, str]) -> None:
        assert as_owner.post("/messages/preview", data=draft).status_code == 200

    @pytest.mark.parametrize("client", ["0", "-1", "x", str(2**63), "9" * 40])
    def test_looking_as_nobodys_client(self, as_owner: Browser, message: Message, client: str) -> None:
        assert as_owner.get(f"/messages/{message.id}?client={client}").status_code == 404

    def test_anothers_client_cannot_be_looked_through(
        self, as_owner: Browser, message: Message, stranger: User
    ) -> None:
        theirs = make_client(stranger)
        assert as_owner.get(f"/messages/{message.id}?client={theirs.id}").status_code == 404
        assert as_owner.get(f"/messages/{message.id}/html?client={theirs.id}").status_code == 404
        draft = {"subject": "S", "text_body": "x", "client": theirs.id}
        assert as_owner.post("/messages/preview", data=draft).status_code == 404

    def test_clients_to_look_as_are_searched_among_ones_own(
        self, as_owner: Browser, owner: User, stranger: User
    ) -> None:
        make_client(owner, first_name="Vera", email="mine@example.test")
        make_client(stranger, first_name="Vera", email="theirs@example.test")
        options = as_owner.get("/messages/clients?client_q=ver").text
        assert "mine@example.test" in options
        assert "theirs@example.test" not in options


class TestTrial:
    def test_it_goes_to_ones_own_address_only(self, as_owner: Browser, owner: User) -> None:
        client = make_client(owner, first_name="Anna")
        message = make_message(owner, subject="To {{ first_name }}")
        data = {"client": client.id, "to_email": "victim@example.test"}
        assert as_owner.post(f"/messages/{message.id}/test", data=data).status_code == 303
        mail = db.session.query(AccountEmail).one()
        assert (mail.to_email, mail.context["subject"]) == (owner.email, "To {{ first_name }}")
        assert mail.context["values"]["first_name"] == "Anna"

    def test_anothers_client_or_message_gives_no_mail(self, as_owner: Browser, owner: User, stranger: User) -> None:
        mine, theirs = make_message(owner), make_message(stranger)
        data = {"client": make_client(stranger).id}
        assert as_owner.post(f"/messages/{mine.id}/test", data=data).status_code == 404
        assert as_owner.post(f"/messages/{theirs.id}/test").status_code == 404
        assert db.session.query(AccountEmail).count() == 0


class TestList:
    def test_it_says_where_a_message_is_used(self, as_owner: Browser, owner: User) -> None:
        message = make_message(owner)
        make_mailing(owner, message=message)
        make_mailing(owner, message=message, deleted_at=utcnow())
        cell = as_owner.get("/messages").text.split('class="cell-number" data-label')[1]
        assert re.search(r">1\s", cell)

    def test_search_finds_words_and_takes_wildcards_literally(self, as_owner: Browser, owner: User) -> None:
        make_message(owner, subject="Summer sale 50%")
        make_message(owner, subject="Winter news")
        page = as_owner.get("/messages?q=50%25").text
        assert "Summer sale" in page
        assert "Winter news" not in page

    def test_pages_and_sorting(self, as_owner: Browser, owner: User) -> None:
        for number in range(27):
            make_message(owner, subject=f"Subject {number:02}")
        first = as_owner.get("/messages?sort=subject&order=asc").text
        assert "Subject 00" in first
        assert "Subject 26" not in first
        assert "Subject 26" in as_owner.get("/messages?sort=subject&order=asc&page=2").text

    @pytest.mark.parametrize(
        ("query", "code"),
        [("sort=owner", 400), ("order=x", 400), ("page=0", 404), ("page=2", 404), ("page=" + "9" * 30, 404),
         ("q=%00", 200)],
    )  # fmt: skip
    def test_addresses_typed_by_hand(self, as_owner: Browser, query: str, code: int) -> None:
        assert as_owner.get(f"/messages?{query}").status_code == code


class TestDeleting:
    def test_a_deleted_message_is_gone_and_can_be_brought_back(self, as_owner: Browser, owner: User) -> None:
        message = make_message(owner)
        as_owner.post(f"/messages/{message.id}/delete")
        assert as_owner.get(f"/messages/{message.id}").status_code == 404
        as_owner.post(f"/messages/{message.id}/restore")
        assert as_owner.get(f"/messages/{message.id}").status_code == 200

    def test_a_message_that_a_mailing_still_needs_stays(self, as_owner: Browser, owner: User) -> None:
        message = make_message(owner)
        make_mailing(owner, message=message, name="Weekly news")
        page = as_owner.post(f"/messages/{message.id}/delete", follow_redirects=True).text
        assert "Weekly news" in page
        assert only_message().deleted_at is None

    @pytest.mark.parametrize("over", [{"completed_at": utcnow()}, {"deleted_at": utcnow()}])
    def test_mailings_that_are_over_do_not_hold_it(self, as_owner: Browser, owner: User, over: dict[str, Any]) -> None:
        message = make_message(owner)
        make_mailing(owner, message=message, **over)
        as_owner.post(f"/messages/{message.id}/delete")
        assert only_message().deleted_at is not None


class TestGuards:
    LOOKING = ("/messages/{id}", "/messages/{id}/html")
    OWNERS = ("/messages/{id}/edit", "/messages/{id}/copy")
    ACTS = ("/messages/{id}/edit", "/messages/{id}/delete", "/messages/{id}/test")

    @pytest.mark.parametrize("path", LOOKING + OWNERS)
    def test_a_stranger_cannot_even_tell_that_it_exists(self, as_stranger: Browser, owner: User, path: str) -> None:
        assert as_stranger.get(path.format(id=make_message(owner).id)).status_code == 404

    @pytest.mark.parametrize("path", ACTS)
    def test_a_strangers_act_changes_nothing(self, as_stranger: Browser, owner: User, path: str) -> None:
        message = make_message(owner)
        assert as_stranger.post(path.format(id=message.id), data=TYPED | {"version": 1}).status_code == 404
        assert only_message().version == 1

    def test_anothers_deleted_message_cannot_be_brought_back(self, as_stranger: Browser, owner: User) -> None:
        message = make_message(owner, deleted_at=utcnow())
        assert as_stranger.post(f"/messages/{message.id}/restore").status_code == 404

    @pytest.mark.parametrize("path", LOOKING)
    def test_a_manager_may_look(self, as_manager: Browser, owner: User, path: str) -> None:
        assert as_manager.get(path.format(id=make_message(owner).id)).status_code == 200

    @pytest.mark.parametrize("path", OWNERS)
    def test_a_manager_may_not_work_on_it(self, as_manager: Browser, owner: User, path: str) -> None:
        assert as_manager.get(path.format(id=make_message(owner).id)).status_code == 403

    @pytest.mark.parametrize("path", ACTS)
    def test_a_managers_act_changes_nothing(self, as_manager: Browser, owner: User, path: str) -> None:
        message = make_message(owner)
        assert as_manager.post(path.format(id=message.id), data=TYPED | {"version": 1}).status_code == 403
        assert only_message().version == 1

    def test_a_manager_sees_everybodys(self, as_manager: Browser, owner: User, stranger: User) -> None:
        make_message(owner, subject="From the owner")
        make_message(stranger, subject="From the stranger")
        page = as_manager.get("/messages").text
        assert "From the owner" in page
        assert "From the stranger" in page
        assert "/messages/new" not in page

    def test_an_editor_has_no_messages(self, web: Browser, owner: User) -> None:
        message = make_message(owner)
        editor = web.login(make_user(role=Role.EDITOR))
        assert editor.get("/messages").status_code == 403
        for path in self.LOOKING + self.OWNERS:
            assert editor.get(path.format(id=message.id)).status_code == 404

    def test_somebody_not_signed_in_is_sent_to_sign_in(self, web: Browser, owner: User) -> None:
        message = make_message(owner)
        for path in ("/messages", "/messages/new", *self.LOOKING, *self.OWNERS):
            assert web.get(path.format(id=message.id)).status_code == 302
        for path in ("/messages/new", "/messages/preview", *self.ACTS):
            assert web.post(path.format(id=message.id)).status_code == 401
