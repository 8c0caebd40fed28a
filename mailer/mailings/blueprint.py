"""The blueprint that the view modules of this feature share; `views.py` offers it to the factory."""

from flask import Blueprint

bp = Blueprint("mailings", __name__, url_prefix="/mailings")
