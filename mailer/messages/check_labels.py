"""What was found in a message, each with what to do about it."""

from __future__ import annotations

from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _

from mailer.composing.inspection import LetterFinding


def said_of(finding: LetterFinding) -> tuple[str, str]:
    """A sentence for a finding, and what to do."""
    return _of_readers(finding) or _of_links(finding) or _of_programs(finding)


def _of_readers(finding: LetterFinding) -> tuple[str, str] | None:
    count = finding.count
    kilobytes = format_decimal(round(count / 1024))
    return {
        "contrast": (
            ngettext("Text is hard to read on its background", "Text is hard to read on its background", count),
            _("Make the text darker or its background lighter: the contrast should be at least 4.5."),
        ),
        "no_alt": (
            ngettext("%(num)s picture has no description", "%(num)s pictures have no description", count),
            _('Say in alt what each one shows; leave it empty (alt="") if it is only decoration.'),
        ),
        "lost_picture": (
            ngettext("%(num)s picture is not in the email", "%(num)s pictures are not in the email", count),
            _("The HTML comes from another email. Put the picture into your library and its address into src."),
        ),
        "only_pictures": (
            _("There are only pictures"),
            _(
                "Many people do not see pictures at first, and filters take such emails for spam. Write the main "
                "point as text."
            ),
        ),
        "http_picture": (
            ngettext("%(num)s picture is loaded without https", "%(num)s pictures are loaded without https", count),
            _("Some mail programs do not show such pictures. Put them into your library, or write https."),
        ),
        "clipped": (
            _("The email is %(size)s KB: Gmail hides everything beyond 102 KB", size=kilobytes),
            _(
                "The unsubscribe link at the end would be hidden too. Remove some content, or extra spaces and "
                "comments."
            ),
        ),
        "large": (
            _("The email is %(size)s KB, close to the 102 KB that Gmail shows", size=kilobytes),
            _("Remove something before you add more."),
        ),
    }.get(finding.code)


def _of_links(finding: LetterFinding) -> tuple[str, str] | None:
    count = finding.count
    return {
        "empty_link": (
            ngettext("%(num)s link leads nowhere", "%(num)s links lead nowhere", count),
            _("Give each an address, or remove the link."),
        ),
        "broken_link": (
            ngettext("%(num)s link is not valid", "%(num)s links are not valid", count),
            _("Look for a space or a missing part in the address."),
        ),
        "lost_anchor": (
            ngettext(
                "%(num)s link leads to a place that is not in the email",
                "%(num)s links lead to places that are not in the email",
                count,
            ),
            _("Give the place this id, or remove the link."),
        ),
        "no_unsubscribe": (
            _("There is no link to unsubscribe"),
            _("Without one people press “Spam” instead. Put {{ unsubscribe_url }} into a link."),
        ),
        "example": (
            _("Template text is still there"),
            _("Replace it with your own."),
        ),
        "shouting": (
            _("It sounds like spam"),
            _("Filters and people distrust such words. Say it more calmly."),
        ),
    }.get(finding.code)


def _of_programs(finding: LetterFinding) -> tuple[str, str]:
    return {
        "dark": (
            _("Dark mode is not declared"),
            _("Mail programs will choose dark colours by themselves. Check that your logo stays visible on black."),
        ),
        "rounded": (_("Outlook for Windows makes rounded corners square"), _("Nothing to do, if that looks fine too.")),
        "background": (
            _("Outlook for Windows shows no pictures behind text"),
            _("Give the same place a colour on which the text can be read."),
        ),
        "layout": (
            _("Outlook and Gmail do not know flex and grid"),
            _("Lay columns out with tables, or check that they look right one below the other."),
        ),
        "fonts": (
            _("Gmail, Outlook and Mail.ru do not load fonts"),
            _("Name a common font after yours: most people will see that one."),
        ),
        "inlined": (
            _("Gmail does not show pictures that are part of the HTML"),
            _("Put them into your picture library."),
        ),
    }[finding.code]
