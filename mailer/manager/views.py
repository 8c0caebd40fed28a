"""Pages of this feature."""

from flask import Blueprint

bp = Blueprint("manager", __name__)
