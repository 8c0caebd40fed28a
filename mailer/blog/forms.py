"""What an editor fills in."""

from __future__ import annotations

from typing import Any

from flask_admin.form import BaseForm
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import FileField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Length, Optional, Regexp

from mailer.blog import images
from mailer.extensions import db
from mailer.models.blog_post import BlogPost, PostStatus


class PictureField(FileField):
    """An uploaded picture; what the article keeps is the name it is stored under."""

    encoded: bytes | None = None

    def pre_validate(self, form: Any) -> None:
        if getattr(self.data, "filename", ""):
            try:
                self.encoded = images.encode(self.data.stream)
            except images.BadImage as error:
                raise ValidationError(str(error)) from error

    def populate_obj(self, obj: Any, name: str) -> None:
        if self.encoded is not None:
            obj.image_file = images.store(self.encoded)


class PostForm(BaseForm):  # type: ignore[misc]
    """One article."""

    title = StringField(_l("Title"), [DataRequired(), Length(max=200)])
    slug = StringField(
        _l("Address"),
        [Optional(), Length(max=200), Regexp(r"[a-z0-9]+(-[a-z0-9]+)*\Z", message=_l("Use a–z, 0–9 and hyphens."))],
        description=_l("The last part of the article's address. Left empty, it is made from the title."),
    )
    content = TextAreaField(
        _l("Text"),
        [DataRequired(), Length(max=100_000)],
        description=_l("In Markdown: ## heading, **bold**, [link](https://…), lists with hyphens."),
    )
    picture = PictureField(_l("Picture"), [Optional()], description=_l("JPEG, PNG or WebP, at most 5 MB."))
    status = SelectField(
        _l("State"),
        coerce=PostStatus,
        choices=[(PostStatus.DRAFT, _l("draft")), (PostStatus.PUBLISHED, _l("published"))],
    )

    def validate_slug(self, field: StringField) -> None:
        other = db.session.scalar(select(BlogPost.id).where(BlogPost.slug == field.data))
        if other is not None and other != getattr(self._obj, "id", None):
            raise ValidationError(_("Another article has this address."))
