"""The laboratory server keeps its own promises: nothing is answered 250 that is not in the ledger."""

import signal
import smtplib
import subprocess
import sys
from pathlib import Path

import pytest

from mailer.smtp.results import Outcome
from mailer.smtp.testserver import Lab, ReplyRule
from mailer.smtp.testserver.ledger import read_ledger
from tests.narrowing import one
from tests.smtp.outbox import CONTENT, Outbox, email_to, transport_to, until


def test_an_ordinary_client_can_talk_to_it(tmp_path: Path) -> None:
    with Lab(ledger=tmp_path / "ledger", keep_content=True) as lab:
        with smtplib.SMTP("127.0.0.1", lab.port) as client:
            client.sendmail("a@x.test", ["b@x.test"], b"Message-ID: <m@x>\r\n\r\n.dot\r\n")
        (record,) = read_ledger(tmp_path / "ledger")
        assert (record.recipient, record.message_id) == ("b@x.test", "<m@x>")
        assert lab.accepted[0].content == b"Message-ID: <m@x>\r\n\r\n.dot\r\n" and lab.count("b@x.test") == 1


def test_everything_accepted_is_on_disk(tmp_path: Path) -> None:
    people = [f"p{number}@x.test" for number in range(300)]
    outbox = Outbox(map(email_to, people))
    with Lab(ledger=tmp_path / "ledger") as lab:
        outbox.send(transport_to(lab.port))
        records = read_ledger(tmp_path / "ledger")
        assert sorted(record.recipient for record in records) == sorted(people)
        assert {record.message_id for record in records} == {"<one@golub.test>"}


def test_a_killed_server_has_written_down_what_it_accepted(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    command = [sys.executable, "-m", "mailer.smtp.testserver", "--ledger", str(ledger)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as server:
        port = int(one(server.stdout).readline())
        outbox = Outbox(email_to(f"p{number}@x.test") for number in range(2000))

        async def kill_amid_work() -> None:
            await until(lambda: len(outbox.results) > 100)
            server.send_signal(signal.SIGKILL)
            await until(lambda: Outcome.IN_DOUBT in outbox.outcomes or Outcome.SERVER_FAULT in outbox.outcomes)
            outbox.pool.drop()

        outbox.send(transport_to(port, connections=4), kill_amid_work)
    accepted = {result.key for result in outbox.results if result.outcome is Outcome.ACCEPTED}
    in_doubt = {result.key for result in outbox.results if result.outcome is Outcome.IN_DOUBT}
    written = [record.recipient for record in read_ledger(ledger)]
    assert accepted <= set(written) <= accepted | in_doubt and len(written) == len(set(written))
    assert len(in_doubt) <= 4


def test_rules_of_a_running_process_are_read_again(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.write_text("# nobody\nRCPT -> 550 5.1.1 No\n")
    command = [sys.executable, "-m", "mailer.smtp.testserver", "--rules", str(rules)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as server:
        port = int(one(server.stdout).readline())
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.ehlo()
            client.mail("a@x.test")
            assert client.rcpt("b@x.test") == (550, b"5.1.1 No")
            rules.write_text("")
            server.send_signal(signal.SIGHUP)
            while client.rcpt("b@x.test")[0] != 250:
                pass
        server.terminate()
        assert server.wait(60) == 0


@pytest.mark.parametrize(
    ("line", "pattern", "odds", "times", "verbs"),
    [
        ("RCPT no@* 30% x2 -> 550 5.1.1 No", "no@*", 0.3, 2, ["reply"]),
        ("DOT -> accept; delay 2; 250 Ok", "*", 1, None, ["accept", "delay", "reply"]),
        ("GREETING x3 -> silence", "*", 1, 3, ["silence"]),
    ],
)
def test_a_rule_is_one_line(line: str, pattern: str, odds: float | int, times: int | None, verbs: list[str]) -> None:
    rule = ReplyRule.parse(line)
    assert (rule.pattern, rule.odds, rule.times) == (pattern, odds, times)
    assert [step.verb for step in rule.steps] == verbs


@pytest.mark.parametrize("line", ["RCPT", "NOISE -> drop", "RCPT -> explode", "DOT -> delay soon"])
def test_what_is_no_rule_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ReplyRule.parse(line)


def test_odds_repeat_with_the_same_seed() -> None:
    def refused(seed: int) -> set[object]:
        outbox = Outbox(email_to(f"p{number}@x.test", CONTENT) for number in range(50))
        with Lab("RCPT 30% -> 550 5.1.1 No", seed=seed) as lab:
            outbox.send(transport_to(lab.port, connections=1))
        return {result.key for result in outbox.results if result.outcome is Outcome.PERMANENT}

    assert 0 < len(refused(1)) < 50 and refused(1) == refused(1) != refused(2)
