"""Imports every model once, so that the metadata is whole wherever an app is made."""

from mailer.models import (  # noqa: F401
    account_email,
    account_token,
    approval,
    attempt,
    blog_post,
    calendar_feed,
    client,
    client_import,
    delivery,
    holiday_change,
    instance,
    journal_entry,
    mail_server,
    mailing,
    message,
    run,
    second_factor,
    slice,
    user,
    user_session,
)
