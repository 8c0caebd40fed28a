"""What people and the tick do to articles: each call is one commit."""

from mailer.blog.services.deciding import approve, reject
from mailer.blog.services.editing import edit_article, publish, withdraw
from mailer.blog.services.sweeping import forget_old_articles
from mailer.blog.services.views import flush_views
from mailer.blog.services.writing import delete_article, drop_change, restore_article, take_back, write_article

__all__ = [
    "approve",
    "delete_article",
    "drop_change",
    "edit_article",
    "flush_views",
    "forget_old_articles",
    "publish",
    "reject",
    "restore_article",
    "take_back",
    "withdraw",
    "write_article",
]
