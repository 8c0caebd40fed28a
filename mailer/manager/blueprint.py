"""The blueprint that the pages of those who oversee hang on."""

from flask import Blueprint

bp = Blueprint("manager", __name__, url_prefix="/manager")
