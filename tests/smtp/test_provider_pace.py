"""What providers say of our pace, and what their words are not."""

from __future__ import annotations

from mailer.smtp.provider_pace import hands_on_too_fast, named_rate, says_too_fast

TOO_FAST = [
    (421, "4.7.28", "Gmail has detected an unusual rate of unsolicited mail originating from your IP address"),
    (451, "4.7.500", "Server busy. Please try again later"),
    (421, "4.7.0", "[TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume"),
    (451, "4.7.1", "No more than 600 messages per minute, slow down"),
    (450, "", "Слишком много писем от вас"),
]
OTHERS = [
    (450, "4.2.1", "The user you are trying to contact is receiving mail at a rate that prevents more"),
    (452, "4.2.2", "The email account that you tried to reach is over quota"),
    (451, "4.7.1", "Greylisting in action, please come back later"),
    (550, "5.7.28", "unusual rate"),
]


def test_words_about_our_pace_are_told_from_others() -> None:
    for code, status, text in TOO_FAST:
        assert says_too_fast(code, status, text), text
    for code, status, text in OTHERS:
        assert not says_too_fast(code, status, text), text


def test_a_relays_own_pace_is_not_a_providers() -> None:
    domains = ("gmail.com", "googlemail.com")
    assert hands_on_too_fast(421, "4.7.28", "unusual rate", domains)
    assert hands_on_too_fast(451, "4.7.1", "gmail.com: too many messages", domains)
    assert not hands_on_too_fast(451, "4.7.1", "Throttled, try again in 5 minutes", domains)
    assert not hands_on_too_fast(451, "4.7.1", "<anna@gmail.com>: too many messages of yours", domains)


def test_a_rate_is_read_in_mails_a_minute() -> None:
    said = {
        "at most 600 messages per minute": 600, "limit: 1 200 emails per hour": 20, "10 mails/second": 600,
        "не больше 60 писем в час": 1, "14,400 recipients a day": 10, "try again in 5 minutes": None,
        "0 messages per hour": None,
    }  # fmt: skip
    assert {text: named_rate(text) for text in said} == said
