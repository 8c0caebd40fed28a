"""The mail with the link, in the owner's words; and what its placeholders are called."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from flask_babel import force_locale
from flask_babel import gettext as _

from mailer.account_mail import outbox
from mailer.composing.placeholders import PlaceholderError, Template, parse
from mailer.http import absolute_url
from mailer.models.account_email import AccountEmail, Allowance
from mailer.models.sign_up import SignUp, SignUpForm
from mailer.models.user import User
from mailer.signup import links

CONFIRM, ALREADY, NEWS = "sign-up-confirm", "sign-up-already", "sign-up-news"
# Nothing that a visitor types is among them: nobody sends words of theirs to a stranger by a form.
NAMES: Mapping[str, str] = MappingProxyType(
    {
        "link": "link", "sender": "sender", "form": "form",
        "ссылка": "link", "отправитель": "sender", "форма": "form",
    }
)  # fmt: skip


class UnknownPlaceholder(ValueError):
    """A text names what the mail knows nothing of; `str()` is the name, empty where the braces are broken."""


def parsed(text: str) -> Template:
    """The text taken apart; raises `UnknownPlaceholder`."""
    try:
        template = parse(text, NAMES)
    except PlaceholderError as error:
        first = error.problems[0]
        raise UnknownPlaceholder(first.name if first.code == "unknown" else "") from error
    for name in template.names:
        if name not in NAMES:
            raise UnknownPlaceholder(name)
    return template


def default_subject(language: str) -> str:
    """The subject that a new form begins with."""
    with force_locale(language):
        return str(_("Confirm your subscription: {{ sender }}"))


def default_text(language: str) -> str:
    """The text that a new form begins with."""
    with force_locale(language):
        return str(
            _(
                "Hello!\n\nThis address was given in the form “{{ form }}” of {{ sender }}. To get the emails, follow "
                "the link and press the button:\n\n{{ link }}\n\nThe link works for 7 days. If it was not you, do "
                "nothing: no emails will come."
            )
        )


def default_consent(language: str) -> str:
    """The text beside the box that a new form begins with."""
    with force_locale(language):
        return str(_("I agree to receive emails at this address. I can unsubscribe at any time."))


def add(sign_up: SignUp, form: SignUpForm, owner: User, *, is_subscribed: bool) -> AccountEmail:
    """Write the mail into the caller's transaction: the link, or that the address is on the list already."""
    link = absolute_url("sign_up.confirm_page", link=links.made_of(sign_up.token))
    values = {"link": link, "sender": owner.display_name, "form": form.title}
    filled = {name: values[key] for name, key in NAMES.items()}
    text = parsed(form.mail_text).render(filled)
    return outbox.add(
        ALREADY if is_subscribed else CONFIRM,
        sign_up.email,
        form.language,
        owner,
        Allowance.SIGN_UP,
        subject=" ".join(parsed(form.mail_subject).render(filled).split()),
        text=text if link in text else f"{text}\n\n{link}",
        from_name=owner.display_name,
        sender=owner.display_name,
        title=form.title,
        link=link,
    )
