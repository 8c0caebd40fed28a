"""Pages of this feature."""

from flask import Blueprint

bp = Blueprint("blog", __name__)
