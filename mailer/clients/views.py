"""Pages of this feature."""

from flask import Blueprint

bp = Blueprint("clients", __name__)
