"""What an error page says of an HTTP status."""

from __future__ import annotations

from flask_babel import gettext as _


def explanation(code: int) -> tuple[str, str]:
    """Title and advice for an HTTP status, in the reader's language."""
    known = {
        400: (
            _("The request could not be understood"),
            _("The form may have expired or been opened in another session. Go back, reload the page and try again."),
        ),
        401: (_("Please log in"), _("Your session has ended. Log in and repeat what you were doing.")),
        403: (
            _("You are not allowed to do this"),
            _("Your role does not allow this. If you think it should, ask an administrator."),
        ),
        404: (_("Nothing here"), _("The address is wrong, or the page has been deleted.")),
        405: (_("This cannot be done here"), _("The page exists but does not accept this kind of request.")),
        409: (
            _("Somebody else changed this first"),
            _("The record has been changed or is in use. Reload the page, check the change and repeat yours."),
        ),
        413: (_("Too large"), _("The file or text is larger than we accept. Make it smaller and try again.")),
        422: (_("Something is wrong in the form"), _("Go back, look at the marked fields and try again.")),
        429: (_("Too many attempts"), _("Wait a little and try again.")),
        507: (
            _("There is no space to save this"),
            _(
                "The disk of this service is full or cannot be written to, so nothing you sent was saved. What "
                "was there before is safe. Tell the administrator and try again later."
            ),
        ),
        503: (
            _("Back in a moment"),
            _("A part of the service is restarting. Nothing is lost; try again in a few seconds."),
        ),
    }
    return known.get(
        code,
        (
            _("Something broke on our side"),
            _("It has been logged under the number below. Try again; if it happens again, tell us that number."),
        ),
    )
