"""What stands in the DNS is judged as receivers judge it; what cannot be known is never called missing."""

from __future__ import annotations

from functools import partial

import pytest

from mailer.domain_checks import hosts, records
from mailer.domain_checks.asking import DnsAsker, all_at_once
from mailer.domain_checks.findings import DnsFinding, RecordVerdict
from mailer.domain_checks.spf import spf
from tests.domains.name_server import NameServer

RIGHT, ADVICE, MISSING, WRONG, UNKNOWN = (
    RecordVerdict.RIGHT, RecordVerdict.ADVICE, RecordVerdict.MISSING, RecordVerdict.WRONG, RecordVerdict.UNKNOWN,
)  # fmt: skip
KEY = "v=DKIM1; k=rsa; p=" + "MIIB" * 90


def ask(dns: NameServer, seconds: float = 60) -> DnsAsker:
    return DnsAsker(("127.0.0.1", dns.port), seconds)


SPF = {
    "v=spf1 a mx ip4:192.0.2.0/24 -all": (RIGHT, [], 2),
    "V=SPF1 INCLUDE:good.test ~ALL": (RIGHT, [], 2),
    "v=spf1 include:good.test exists:%{i}.x.test -all": (RIGHT, [], 3),
    "v=spf1 redirect=good.test": (RIGHT, [], 2),
    "v=spf1 mx redirect=good.test -all": (RIGHT, [], 1),  # an "all" makes it void
    "v=spf1 unknown=x ra=postmaster -all": (RIGHT, [], 0),
    "v=spf1 +all": (WRONG, ["everybody"], 0),
    "v=spf1 all": (WRONG, ["everybody"], 0),
    "v=spf1 ipv4:192.0.2.1 -all": (WRONG, ["word"], 0),
    "v=spf1 include:loop.test -all": (WRONG, ["loop"], 2),
    "v=spf1 include:nowhere.test -all": (WRONG, ["included-none"], 1),
    "v=spf1 include:none1.test include:none2.test include:none3.test -all": (
        WRONG, ["included-none", "included-none", "included-none", "void"], 3),
    "v=spf1 include:..bad -all": (WRONG, ["bad-name"], 1),
    "v=spf1 include:long.test -all": (WRONG, ["lookups"], 12),
    "v=spf1 include: -all": (WRONG, ["included-none"], 1),
}  # fmt: skip


def test_spf_is_walked_as_receivers_walk_it(dns: NameServer) -> None:
    dns.put("good.test", "TXT", "v=spf1 a -all")
    dns.put("loop.test", "TXT", "v=spf1 include:loop.test -all")
    dns.put("long.test", "TXT", "v=spf1 " + "a " * 11 + "-all")
    for record, (verdict, problems, lookups) in SPF.items():
        dns.put("mine.test", "TXT", "google-site-verification=1", record)
        found = spf(ask(dns), "mine.test")
        named = [name for name, _detail in found.problems]
        assert (found.verdict, named, found.lookups) == (verdict, problems, lookups), record
    dns.put("mine.test", "TXT", "v=spf1 -all", "v=spf1 a -all")
    assert spf(ask(dns), "mine.test").problems == [("several", "mine.test")]
    dns.put("mine.test", "TXT", "v=spf10 -all", "hello")
    assert spf(ask(dns), "mine.test").verdict is MISSING
    assert spf(ask(dns), "nobody.test").verdict is MISSING
    dns.put("mine.test", "TXT", "v=spf1 include:good.test -all")
    dns.broken.add("good.test")
    assert spf(ask(dns), "mine.test").verdict is UNKNOWN


DKIM = {
    KEY: (RIGHT, []),
    KEY.replace("p=MIIB", "p= MI IB").replace("; ", ";"): (RIGHT, []),
    KEY + "; t=s; h=sha1:sha256; n=note": (RIGHT, []),
    KEY[:200]: (WRONG, ["cut"]),
    KEY.replace("MIIB", "MIIC"): (WRONG, ["another-key"]),
    "v=DKIM1; k=rsa; p=": (WRONG, ["revoked"]),
    KEY + "; t=y": (WRONG, ["test-mode"]),
    KEY.replace("k=rsa", "k=ed25519"): (WRONG, ["word"]),
    KEY + "; h=sha1": (WRONG, ["word"]),
    "hello": (WRONG, ["revoked"]),
}
DMARC = {
    "v=DMARC1; p=none": (RIGHT, []),
    "V=dmarc1 ;P=Reject; rua=mailto:a@b.test": (RIGHT, []),
    "v=DMARC1; p=nothing": (WRONG, ["word"]),
    "v=DMARC12; p=none": (MISSING, []),
}


def test_records_of_tags_are_read_by_their_tags(dns: NameServer) -> None:
    for record, expected in DKIM.items():
        dns.put("s._domainkey.mine.test", "TXT", record)
        found = records.dkim(ask(dns), "s._domainkey.mine.test", KEY)
        assert (found.verdict, [name for name, _detail in found.problems]) == expected, record
    dns.put("s._domainkey.mine.test", "TXT", KEY, KEY + ";")
    assert records.dkim(ask(dns), "s._domainkey.mine.test", KEY).problems == [("several", "")]
    for record, expected in DMARC.items():
        dns.put("_dmarc.mine.test", "TXT", record)
        found = records.dmarc(ask(dns), "mine.test")
        assert (found.verdict, [name for name, _detail in found.problems]) == expected, record
    dns.put("_dmarc.mine.test", "TXT", "v=DMARC1; p=none; sp=oops")
    assert records.dmarc(ask(dns), "mail.news.mine.test").problems == [("word", "p=oops")], (
        "the parent's word for those below"
    )
    dns.put("_smtp._tls.mine.test", "TXT", "v=TLSRPTv1; rua=mailto:a@mine.test")
    dns.put("_mta-sts.mine.test", "TXT", "v=STSv1;")
    assert records.tls_reports(ask(dns), "mine.test").verdict is RIGHT
    assert records.mta_sts(ask(dns), "mine.test").problems == [("word", "id=")]
    assert records.mta_sts(ask(dns), "other.test").verdict is ADVICE
    dns.put("_golub.mine.test", "TXT", "hello", " golub=1 ")
    assert records.proof(ask(dns), "_golub.mine.test", "golub=1").verdict is RIGHT
    assert records.proof(ask(dns), "_golub.mine.test", "golub=2").verdict is WRONG


HOSTS = ("smtp.example.org", "8.8.8.8", "127.0.0.1", "10.1.2.3", "relay", "::1", "smtp.golub.localhost")


def test_hosts_lead_where_they_should(dns: NameServer) -> None:
    dns.put("mine.test", "MX", "mx.mine.test")
    assert hosts.mail_exchange(ask(dns), "mine.test").problems == [("no-address", "mx.mine.test")]
    dns.put("mx.mine.test", "A", "192.0.2.7")
    assert hosts.mail_exchange(ask(dns), "mine.test").verdict is RIGHT
    assert hosts.mail_exchange(ask(dns), "mx.mine.test").verdict is RIGHT, "the host itself, where no MX is named"
    dns.put("mine.test", "MX", ".")
    assert hosts.mail_exchange(ask(dns), "mine.test").problems == [("null-mx", "")]
    assert hosts.mail_exchange(ask(dns), "gone.test").verdict is MISSING
    assert hosts.reverse_name(ask(dns), "mx.mine.test").problems == [("no-name", "192.0.2.7")]
    dns.put("7.2.0.192.in-addr.arpa", "PTR", "other.test")
    assert hosts.reverse_name(ask(dns), "192.0.2.7").problems == [("not-back", "192.0.2.7")]
    dns.put("7.2.0.192.in-addr.arpa", "PTR", "other.test", "mx.mine.test")
    assert hosts.reverse_name(ask(dns), "mx.mine.test").verdict is RIGHT
    assert [host for host in HOSTS if hosts.is_public(host)] == ["smtp.example.org", "8.8.8.8"]


@pytest.mark.parametrize("fault", ["servfail", "silent", "nobody"])
def test_what_nobody_answers_is_unknown_within_one_span_of_time(dns: NameServer, fault: str) -> None:
    dns.broken.update({"*"} if fault == "servfail" else ())
    dns.is_silent = fault == "silent"
    asker = DnsAsker(("127.0.0.1", dns.port if fault != "nobody" else 9), 0.3)
    questions = [
        partial(spf, asker, "mine.test"), partial(records.dkim, asker, "s._domainkey.mine.test", KEY),
        partial(records.dmarc, asker, "a.b.mine.test"), partial(hosts.mail_exchange, asker, "mine.test"),
        partial(hosts.reverse_name, asker, "mx.mine.test"), partial(records.tls_reports, asker, "mine.test"),
        partial(records.mta_sts, asker, "mine.test"), partial(records.proof, asker, "_golub.mine.test", "x"),
    ]  # fmt: skip
    found: list[DnsFinding] = all_at_once(questions)
    assert {each.verdict for each in found} == {UNKNOWN}
    assert not any(each.problems for each in found)
    if fault == "silent":
        asked = len(dns.asked)
        assert spf(asker, "mine.test").verdict is UNKNOWN
        assert len(dns.asked) == asked, "one span for all: nothing is asked behind its end"


def test_what_is_found_is_kept_whole_and_bounded(dns: NameServer) -> None:
    dns.put("s._domainkey.mine.test", "TXT", *(f"{number}\x00" + "x" * 1000 for number in range(9)))
    found = records.dkim(ask(dns), "s._domainkey.mine.test", KEY)
    assert len(found.records) == 5
    assert max(map(len, found.records)) <= 600
    assert all(record.isprintable() for record in found.records)
    assert DnsFinding.from_json(found.as_json()) == found
