"""What the author of an article fills in, what an editor adds, and the reason of a rejection."""

from __future__ import annotations

from typing import Any

from flask_admin.form import BaseForm
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    Form,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import DataRequired, Length, Optional, Regexp
from wtforms.widgets import HiddenInput

from mailer.blog.draft import ArticleDraft, Release
from mailer.blog.fields import MomentField, PictureField, TagsField
from mailer.blog.slugs import PATTERN, taken_slugs
from mailer.form_refill import Refillable
from mailer.forms import LANGUAGE_NAMES, FlaskForm, TypedByPeople
from mailer.models.blog_post import PostStatus

CONTENT_LENGTH = 100_000
STATES = [
    (PostStatus.DRAFT, _l("draft")),
    (PostStatus.AWAITING, _l("awaiting approval")),
    (PostStatus.PUBLISHED, _l("published")),
]


class ArticleFields(Form):
    """One article."""

    title = StringField(_l("Title"), [DataRequired(), Length(max=200)])
    content = TextAreaField(
        _l("Text"),
        [DataRequired(), Length(max=CONTENT_LENGTH)],
        description=_l("In Markdown: ## heading, **bold**, [link](https://…), lists with hyphens."),
        id="article-text",  # `content` is the page's own
    )
    picture = PictureField(_l("Picture"), [Optional()], description=_l("JPEG, PNG or WebP, at most 5 MB."))
    drops_picture = BooleanField(_l("Remove the current picture"))
    image_alt = StringField(
        _l("What the picture shows"),
        [Optional(), Length(max=300)],
        description=_l("For people who cannot see it. Leave it empty if the picture is only decoration."),
    )
    tags = TagsField(_l("Tags"), [Optional()], description=_l("Up to five words or phrases, separated by commas."))
    language = SelectField(_l("Language of the article"), choices=[*LANGUAGE_NAMES.items()])
    version = IntegerField(validators=[Optional()], widget=HiddenInput())

    @property
    def draft(self) -> ArticleDraft:
        """What was typed."""
        return ArticleDraft(
            title=(self.title.data or "").strip(),
            content=self.content.data or "",
            language=self.language.data,
            tags=list(self.tags.data or ()),
            image_alt=(self.image_alt.data or "").strip(),
            picture=self.picture.encoded,
            drops_picture=bool(self.drops_picture.data),
        )

    def validate_title(self, field: StringField) -> None:
        """Refuse NUL, which PostgreSQL does not keep. Errors: ValidationError."""
        if "\0" in (field.data or ""):
            raise ValidationError(_("This contains a character that cannot be saved."))

    validate_content = validate_image_alt = validate_title


class ArticleForm(Refillable, FlaskForm, ArticleFields):
    """As users see it."""


class PostForm(Refillable, TypedByPeople, BaseForm, ArticleFields):  # type: ignore[misc]
    """As editors see it in Flask-Admin, which looks after the form token by itself."""

    slug = StringField(
        _l("Address"),
        [Optional(), Length(max=200), Regexp(PATTERN, message=_l("Use a–z, 0–9 and hyphens."))],
        description=_l(
            "The last part of the article’s address. If you leave it empty, it is made from the title. A former "
            "address keeps leading to the article."
        ),
    )
    status = SelectField(
        _l("State"),
        coerce=PostStatus,
        choices=STATES,
    )
    published_at = MomentField(
        _l("Appears on"),
        [Optional()],
        description=_l("In your time zone. A future date schedules the article; leave it empty to publish at once."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        present = getattr(self._obj, "status", None)
        if present is PostStatus.REJECTED:  # only with a reason, on the page for approvals; here it may stay so
            self.status.choices = [*STATES, (PostStatus.REJECTED, _("rejected"))]

    @property
    def release(self) -> Release:
        """Address, status and moment."""
        return Release(self.slug.data or "", self.status.data, self.published_at.moment)

    def validate_slug(self, field: StringField) -> None:
        """Refuse the address of another article. Errors: ValidationError."""
        if field.data and field.data in taken_slugs(getattr(self._obj, "id", None)):
            raise ValidationError(_("Another article has this address."))


class RejectionForm(FlaskForm):
    """Why an article is not published."""

    reason = TextAreaField(
        _l("Reason"),
        [DataRequired(), Length(max=1000)],
        description=_l("The author reads it word for word, on the site and in an email."),
    )
    version = HiddenField()
