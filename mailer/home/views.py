"""The public front page, the dashboard, and the small pages that every site needs."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from mailer.access import Permission, requires
from mailer.clock import utcnow
from mailer.home import figures, health, queries, services
from mailer.http import absolute_url, own_path
from mailer.owner_filter import whose_asked
from mailer.public_pages import public_page

bp = Blueprint("home", __name__)

PRIVATE_PATHS = (
    "/admin", "/dashboard", "/manager", "/clients", "/messages", "/mailings", "/calendar", "/operations", "/articles",
    "/review", "/reports", "/u/", "/health",
)  # fmt: skip


@bp.get("/")
def index() -> ResponseReturnValue:
    """What Golub is, in figures and words."""

    def draw() -> str:
        return render_template("home/index.html", figures=figures.service_figures(), posts=figures.random_posts())

    return public_page(draw, topics=figures.TOPICS)


@bp.get("/dashboard")
@requires(*Permission)
def dashboard() -> ResponseReturnValue:
    """The state of one's own work; of everybody's for those who oversee."""
    return render_template(
        "home/dashboard.html",
        steps=queries.first_steps(current_user),
        going_series=queries.going_series(whose_asked(request.args, current_user)),
        **_live_parts(),
    )


@bp.get("/dashboard/live")
@requires(*Permission)
def live() -> ResponseReturnValue:
    """The parts of the dashboard that change by themselves."""
    return render_template("home/_live.html", **_live_parts())


def _live_parts() -> dict[str, object]:
    whose = whose_asked(request.args, current_user)
    return {
        "whose": whose,
        "totals": queries.totals(whose),
        "per_day": queries.attempts_per_day(whose, utcnow()),
        "upcoming": queries.upcoming_mailings(whose),
        "open_runs": queries.open_runs(whose),
        "recent_runs": queries.recent_runs(whose),
    }


@bp.post("/language")
def set_language() -> ResponseReturnValue:
    """Keep the language picked, in this browser and with the account; back to where the person was."""
    language = request.form.get("language", "")
    if language not in current_app.config["LANGUAGES"]:
        abort(400)
    session["language"] = language
    if current_user.is_authenticated:
        services.remember_language(current_user, language)
    return redirect(own_path(request.form.get("next")) or url_for("home.index"), 303)


@bp.get("/privacy")
def privacy() -> ResponseReturnValue:
    """What is kept about whom."""
    return public_page(lambda: render_template("home/privacy.html"), topics=())


@bp.get("/accessibility")
def accessibility() -> ResponseReturnValue:
    """How the pages can be used without a mouse, a screen or good eyes."""
    return public_page(lambda: render_template("home/accessibility.html"), topics=())


@bp.get("/health")
def show_health() -> ResponseReturnValue:
    """For supervisors: 200 as long as the database, the one thing nothing works without, answers."""
    parts = health.check()
    return jsonify(parts), 200 if parts["database"] == "ok" else 503


@bp.get("/robots.txt")
def robots() -> ResponseReturnValue:
    """What search engines should leave alone."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in PRIVATE_PATHS)]
    lines += ["", f"Sitemap: {absolute_url('blog.sitemap')}"]
    return "\n".join(lines) + "\n", {
        "Content-Type": "text/plain; charset=utf-8",
        "Cache-Control": "public, max-age=3600",
    }


@bp.get("/favicon.ico")
def favicon() -> ResponseReturnValue:
    """For programs that ask without reading the page."""
    response = current_app.send_static_file("img/favicon.svg")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


@bp.get("/styleguide")
def styleguide() -> ResponseReturnValue:
    """Every part of the design system on one page; not in production."""
    if not current_app.config["SHOW_STYLEGUIDE"]:
        abort(404)
    return render_template("styleguide.html", form=None)
