"""The address of an account, in the one form that is kept and written to."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email

MAX_LENGTH = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets
_BELOW = ".test"


def normalise(raw: str) -> str:
    """The addr-spec in `raw`: local part as typed, domain in lower-case ASCII (IDNA); raises ValueError.

    Quoted local parts, address literals, display names and domains without a dot are refused; reserved names such as
    `.test` are not, since a company's own mail server may serve them. DNS is not asked.
    """
    try:
        # The library refuses reserved names except below `.test`, so it judges the address as if it stood there.
        found = validate_email(
            raw.strip() + _BELOW,
            check_deliverability=False,
            allow_smtputf8=False,
            test_environment=True,
            strict=True,
        )
    except EmailNotValidError as error:
        raise ValueError(str(error)) from error
    domain = (found.ascii_domain or "").lower().removesuffix(_BELOW)
    address = f"{found.local_part}@{domain}"
    has_top_level = "." in domain and not domain.rpartition(".")[2].isdecimal()
    if not has_top_level or len(address) > MAX_LENGTH:
        raise ValueError("not an address that mail can reach")
    return address
