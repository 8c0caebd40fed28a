"""Every class of outcome at every phase, with and without PIPELINING."""

import pytest

from mailer.smtp.results import Outcome, Phase
from mailer.smtp.source import Email
from mailer.smtp.testserver import Lab, Offer
from tests.narrowing import one
from tests.smtp.outbox import CONTENT, Outbox, email_to, transport_to

ACCEPTED, TRANSIENT, PERMANENT = Outcome.ACCEPTED, Outcome.TRANSIENT, Outcome.PERMANENT
IN_DOUBT, ABORTED, SERVER_FAULT = Outcome.IN_DOUBT, Outcome.ABORTED, Outcome.SERVER_FAULT

CASES = [
    # the server's words, what they mean, at which phase
    ("GREETING -> 554 5.3.2 No service", SERVER_FAULT, Phase.GREETING, 554),
    ("GREETING -> 421 4.7.0 Too busy", SERVER_FAULT, Phase.GREETING, 421),
    ("GREETING -> raw HTTP/1.1 400 Bad\\r\\n", SERVER_FAULT, Phase.GREETING, None),
    ("CONNECT -> drop", SERVER_FAULT, Phase.GREETING, None),
    ("EHLO -> 502 5.5.1 What?", SERVER_FAULT, Phase.EHLO, 502),
    ("EHLO -> flood 250-again", SERVER_FAULT, Phase.EHLO, None),
    ("EHLO -> drop", SERVER_FAULT, Phase.EHLO, None),
    ("MAIL -> 421 4.3.2 Closing; drop", SERVER_FAULT, Phase.MAIL, 421),
    ("MAIL -> 450 4.1.8 Sender unknown for now", SERVER_FAULT, Phase.MAIL, 450),
    ("MAIL -> 452 4.3.1 Disk full", SERVER_FAULT, Phase.MAIL, 452),
    ("MAIL -> 454 4.7.0 Throttled", SERVER_FAULT, Phase.MAIL, 454),
    ("MAIL -> 550 5.7.1 Sender refused", SERVER_FAULT, Phase.MAIL, 550),
    ("MAIL -> 530 5.7.0 Authentication required", SERVER_FAULT, Phase.MAIL, 530),
    ("MAIL -> 552 5.3.4 Too big", PERMANENT, Phase.MAIL, 552),
    ("MAIL -> drop", SERVER_FAULT, Phase.MAIL, None),
    ("MAIL -> raw 999 x\\r\\n", SERVER_FAULT, Phase.MAIL, None),
    ("MAIL -> 354 Already?", SERVER_FAULT, Phase.MAIL, 354),
    ("RCPT -> 450 4.2.0 Greylisted", TRANSIENT, Phase.RCPT, 450),
    ("RCPT -> 550 5.1.1 No such user", PERMANENT, Phase.RCPT, 550),
    ("RCPT -> 552 5.2.2 Full", TRANSIENT, Phase.RCPT, 552),
    ("RCPT -> 421 4.3.2 Closing; drop", SERVER_FAULT, Phase.RCPT, 421),
    ("RCPT -> drop", SERVER_FAULT, Phase.RCPT, None),
    ("RCPT -> 550 5.1.1 No such user; drop", PERMANENT, Phase.RCPT, 550),
    ("DATA -> 451 4.3.0 Local trouble", TRANSIENT, Phase.DATA, 451),
    ("DATA -> 554 5.7.1 No", PERMANENT, Phase.DATA, 554),
    ("DATA -> 503 5.5.1 Bad sequence", SERVER_FAULT, Phase.DATA, 503),
    ("DATA -> 250 What content?", SERVER_FAULT, Phase.DATA, 250),
    ("DATA -> 421 4.3.2 Closing; drop", SERVER_FAULT, Phase.DATA, 421),
    ("DATA -> reset", SERVER_FAULT, Phase.DATA, None),
    ("CONTENT -> drop", IN_DOUBT, Phase.CONTENT, None),
    ("CONTENT -> reset", IN_DOUBT, Phase.CONTENT, None),
    ("DOT -> accept; 251 2.0.0 Will forward", ACCEPTED, Phase.CONTENT, 251),
    ("DOT -> accept; 260 Fine", ACCEPTED, Phase.CONTENT, 260),
    ("DOT -> accept; raw 250-2.0.0 one\\r\\n250 two\\n", ACCEPTED, Phase.CONTENT, 250),
    ("DOT -> accept; 250 2.0.0 Ok; drop", ACCEPTED, Phase.CONTENT, 250),
    ("DOT -> accept; dribble 0.001 250 2.0.0 Ok", ACCEPTED, Phase.CONTENT, 250),
    ("DOT -> 452 4.3.1 Disk full", SERVER_FAULT, Phase.CONTENT, 452),
    ("DOT -> 421 4.3.2 Closing; drop", TRANSIENT, Phase.CONTENT, 421),
    ("DOT -> 552 5.3.4 Too big", PERMANENT, Phase.CONTENT, 552),
    ("DOT -> 554 5.7.1 Looks like spam", PERMANENT, Phase.CONTENT, 554),
    ("RCPT -> 550 5.4.5 Daily sending quota exceeded", SERVER_FAULT, Phase.RCPT, 550),
    ("RCPT -> 550 Daily limit exceeded", SERVER_FAULT, Phase.RCPT, 550),
    ("RCPT -> 554 5.7.1 Relay access denied", SERVER_FAULT, Phase.RCPT, 554),
    ("RCPT -> 530 5.7.0 Log in first", SERVER_FAULT, Phase.RCPT, 530),
    ("DATA -> 535 5.7.8 Bad credentials", SERVER_FAULT, Phase.DATA, 535),
    ("DOT -> 550 5.7.26 Unauthenticated email is not accepted", SERVER_FAULT, Phase.CONTENT, 550),
    ("DOT -> 450 4.7.28 Unusual rate of mail", SERVER_FAULT, Phase.CONTENT, 450),
    ("DOT -> 354 More?", IN_DOUBT, Phase.CONTENT, 354),
    ("DOT -> accept; raw noise\\r\\n", IN_DOUBT, Phase.CONTENT, None),
    ("DOT -> accept; drop", IN_DOUBT, Phase.CONTENT, None),
    ("DOT -> accept; reset", IN_DOUBT, Phase.CONTENT, None),
    ("DOT -> reset", IN_DOUBT, Phase.CONTENT, None),
    ("QUIT -> reset", ACCEPTED, Phase.CONTENT, 250),
]


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "step by step"])
@pytest.mark.parametrize(("rule", "outcome", "phase", "code"), CASES, ids=[case[0] for case in CASES])
def test_what_an_answer_means(rule: str, outcome: Outcome, phase: Phase, code: int | None, pipelining: bool) -> None:
    with Lab(rule, offer=Offer(pipelining=pipelining)) as lab:
        (result,) = Outbox([email_to("ann@x.test")]).send(transport_to(lab.port))
        assert (result.outcome, result.phase, result.code) == (outcome, phase, code)
        assert result.text and result.started_at <= result.finished_at
        if outcome is ACCEPTED:
            assert lab.count("ann@x.test") == 1
        elif outcome is not IN_DOUBT:
            assert lab.accepted == []


def test_a_reset_at_once_is_a_fault_whether_it_overtakes_the_connection_or_not() -> None:
    with Lab("CONNECT -> reset") as lab:
        (result,) = Outbox([email_to("ann@x.test")]).send(transport_to(lab.port))
        assert result.outcome is SERVER_FAULT and result.phase in (Phase.CONNECT, Phase.GREETING) and result.text


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "step by step"])
@pytest.mark.parametrize("opens_data", [True, False], ids=["354 for nobody", "503 for nobody"])
def test_a_refused_recipient_does_not_disturb_the_others(pipelining: bool, opens_data: bool) -> None:
    people = [f"{name}@x.test" for name in ("a", "no1", "b", "no2", "no3", "c")]
    outbox = Outbox(map(email_to, people))
    offer = Offer(pipelining=pipelining, opens_data_for_nobody=opens_data)
    with Lab("RCPT no* -> 550 5.1.1 No such user", offer=offer) as lab:
        outbox.send(transport_to(lab.port, connections=1))
        for name in people:
            assert outbox.outcome_of(name) is (PERMANENT if name.startswith("no") else ACCEPTED)
        assert [record.recipient for record in lab.accepted] == ["a@x.test", "b@x.test", "c@x.test"]
        assert lab.connection_count == 1


def test_a_server_without_a_working_rset_gets_a_new_connection() -> None:
    outbox = Outbox(email_to(name) for name in ("no@x.test", "a@x.test", "b@x.test"))
    with Lab("RCPT no@* -> 550 5.1.1 No\nRSET -> 502 5.5.1 What?") as lab:
        outbox.send(transport_to(lab.port, connections=1))
        assert outbox.outcomes == [PERMANENT, ACCEPTED, ACCEPTED]
        assert lab.connection_count == 2


def test_the_next_email_is_not_blamed_when_the_one_before_is_in_doubt() -> None:
    outbox = Outbox(email_to(name) for name in ("a@x.test", "b@x.test"))
    outbox.requeues_faults = True
    with Lab("DOT a@* x1 -> accept; drop") as lab:
        outbox.send(transport_to(lab.port, connections=1))
        assert [(result.key, result.outcome) for result in outbox.results] == [
            ("a@x.test", IN_DOUBT),
            ("b@x.test", ABORTED),
            ("b@x.test", ACCEPTED),
        ]
        assert (lab.count("a@x.test"), lab.count("b@x.test")) == (1, 1)


def test_hostile_words_are_safe_to_keep() -> None:
    with Lab("RCPT -> raw 550 5.1.1 <script>\\x00\\x1b[2J " + "x" * 3000 + "\\r\\n") as lab:
        (result,) = Outbox([email_to("ann@x.test")]).send(transport_to(lab.port))
        assert result.enhanced == "5.1.1" and result.text.isprintable() and len(result.text) == 1000


@pytest.mark.parametrize(
    ("email", "enhanced"),
    [
        (email_to("a@x.test>\r\nRCPT TO:<b@y.test"), "5.1.3"),
        (email_to("иван@x.test"), "5.6.7"),
        (email_to("a@x.test", b"x" * 2000 + b"\r\n"), "5.3.4"),
    ],
    ids=["command injection", "no SMTPUTF8", "too big"],
)
def test_what_cannot_be_offered_is_refused_without_asking(email: Email, enhanced: str) -> None:
    with Lab(offer=Offer(size=1000), trace=True) as lab:
        (result,) = Outbox([email]).send(transport_to(lab.port))
        assert (result.outcome, result.enhanced, result.code) == (PERMANENT, enhanced, None)
        assert not [line for line in one(lab.trace) if line.startswith(("MAIL", "RCPT"))]


def test_what_the_server_offers_is_used() -> None:
    outbox = Outbox([email_to("иван@x.test", "Subject: Привет\r\n\r\n".encode())])
    with Lab(offer=Offer(smtputf8=True), trace=True) as lab:
        outbox.send(transport_to(lab.port))
        assert outbox.outcomes == [ACCEPTED]
        assert "MAIL FROM:<news@golub.test> SIZE=25 BODY=8BITMIME SMTPUTF8" in one(lab.trace)


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "step by step"])
@pytest.mark.parametrize("size", [0, 1, 1_000, 3_000_000], ids=str)
def test_content_arrives_byte_for_byte(size: int, pipelining: bool) -> None:
    written = b"Subject: dots\r\n\r\n.\r\n..\r\nx.\r\n.hidden\r\n" + b"0123456789abcdef" * (size // 16) + b"\r\n"
    stuffed = written.replace(b"\r\n.", b"\r\n..")
    with Lab(offer=Offer(pipelining=pipelining), keep_content=True) as lab:
        outbox = Outbox([email_to("a@x.test", stuffed), email_to("b@x.test", b"..\r\n"), email_to("c@x.test", CONTENT)])
        outbox.send(transport_to(lab.port, connections=1))
        assert [record.content for record in lab.accepted] == [written, b".\r\n", CONTENT.replace(b"\r\n..", b"\r\n.")]
