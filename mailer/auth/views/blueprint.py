"""The blueprint that the pages of accounts hang on."""

from flask import Blueprint

bp = Blueprint("auth", __name__)
