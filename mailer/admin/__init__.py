"""Flask-Admin, behind a guard: the blog for editors; for admins also looks at everything else, which change nothing."""

from flask import Flask
from flask_admin import Admin

from mailer.admin.index import Index
from mailer.admin.overviews import OVERVIEWS, rest
from mailer.admin.state import StateView
from mailer.blog.admin import PostView


def init_app(app: Flask) -> None:
    """Mount the panel at /admin."""
    panel = Admin(app, name="Golub", index_view=Index())
    panel.add_view(PostView())
    panel.add_view(StateView())
    for overview in (*OVERVIEWS, *rest()):
        panel.add_view(overview())
