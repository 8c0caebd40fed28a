"""The providers that Golub knows."""

from __future__ import annotations

from mailer.bounces.providers import brevo, mailgun, postmark, sendgrid, ses, unisender_go

PROVIDERS = {
    provider.name: provider
    for provider in (
        ses.PROVIDER, mailgun.PROVIDER, sendgrid.PROVIDER, postmark.PROVIDER, brevo.PROVIDER, unisender_go.PROVIDER,
    )
}  # fmt: skip
