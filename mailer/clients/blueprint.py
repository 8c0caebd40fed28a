"""The blueprint that the pages of clients share."""

from flask import Blueprint

bp = Blueprint("clients", __name__, url_prefix="/clients")
