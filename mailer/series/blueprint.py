"""The blueprint that the view modules of series share."""

from flask import Blueprint

bp = Blueprint("series", __name__, url_prefix="/series")
