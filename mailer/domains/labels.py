"""What the checks of a domain are called, and what is wrong, in the reader's language."""

from __future__ import annotations

from flask_babel import gettext as _

from mailer.domain_checks.findings import Check, RecordVerdict


def check_labels() -> dict[Check, str]:
    """What is looked at."""
    return {
        Check.PROOF: _("Proof that the domain is yours"),
        Check.DKIM: _("Signature (DKIM)"),
        Check.SPF: _("Servers that may send (SPF)"),
        Check.DMARC: _("Policy (DMARC)"),
        Check.MX: _("Who takes its mail (MX)"),
        Check.REVERSE: _("Reverse name of the mail server (PTR)"),
        Check.TLS_RPT: _("Reports about encryption (TLS-RPT)"),
        Check.MTA_STS: _("Encryption on the way in (MTA-STS)"),
    }


def verdict_labels() -> dict[RecordVerdict, tuple[str, str, str]]:
    """Word, tone and icon of a badge."""
    return {
        RecordVerdict.RIGHT: (_("in order"), "good", "check-circle"),
        RecordVerdict.ADVICE: (_("may be added"), "neutral", "info-circle"),
        RecordVerdict.MISSING: (_("missing"), "bad", "x-circle"),
        RecordVerdict.WRONG: (_("wrong"), "bad", "exclamation-triangle"),
        RecordVerdict.UNKNOWN: (_("unknown: the DNS did not answer"), "doubt", "question-circle"),
    }


def meanings() -> dict[Check, str]:
    """Why anybody should care."""
    return {
        Check.PROOF: _(
            "Only the person who manages the domain can add this record, so nobody else can write in your name."
        ),
        Check.DKIM: _("Receivers find the public key here and see that nobody has changed the email."),
        Check.SPF: _("Receivers check here whether the server may send such email."),
        Check.DMARC: _(
            "Says what to do with emails that only pretend to be from the domain. Gmail and Yahoo require one."
        ),
        Check.MX: _("Replies and reports about undeliverable emails arrive here."),
        Check.REVERSE: _("The address of the server must have a name, and the name must lead back to the address."),
        Check.TLS_RPT: _("Other servers tell you when encryption on the way to you fails."),
        Check.MTA_STS: _(
            "Other servers never send to you unencrypted. It also needs a file on a web server (RFC 8461)."
        ),
    }


def problem_text(check: Check, problem: str, detail: str) -> str:
    """One thing that is wrong, as a sentence."""
    texts = {
        "several": _("There are several such records, so receivers ignore them all. Keep one."),
        "included-none": _("%(name)s is included and has no SPF record.", name=detail),
        "loop": _("%(name)s includes itself.", name=detail),
        "lookups": _("Receivers would have to ask %(count)s times; after 10 they give up.", count=detail),
        "void": _("%(count)s of the names in it do not exist; after 2 receivers give up.", count=detail),
        "everybody": _("“+all” lets everybody send in the name of the domain."),
        "word": _("“%(word)s” is not understood here.", word=detail),
        "bad-name": _("“%(name)s” is not a name in DNS.", name=detail),
        "revoked": _("The key is revoked: “p=” is empty."),
        "cut": _("The key is cut off: the provider’s form took only a part. Split it into strings of 255 characters."),
        "another-key": _("There is another key here."),
        "test-mode": _("“t=y” says that the domain is only testing: receivers may ignore the signature. Remove it."),
        "null-mx": _("The domain says that it takes no mail."),
        "no-address": _("%(name)s has no address.", name=detail),
        "no-name": _("%(address)s has no name. Whoever rents you the address sets it.", address=detail),
        "not-back": _("The name of %(address)s does not lead back to it.", address=detail),
        "another-proof": _("There is other text here."),
    }  # fmt: skip
    return texts.get(problem, problem)
