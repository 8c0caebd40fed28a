"""The loop that a Flask application usually has: one mail after another through Flask-Mail, no record of anything."""

from __future__ import annotations

import time

from flask import Flask
from flask_mail import Mail
from flask_mail import Message as Email

from bench import material


def rate(port: int, mail_count: int, *, keeps_connection: bool) -> float:
    """Mails per second over one connection, or over one for each mail."""
    app = Flask(__name__)
    app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=port, MAIL_DEFAULT_SENDER="news@golub.test")
    mail = Mail(app)
    with app.app_context():
        began = time.perf_counter()
        if keeps_connection:
            with mail.connect() as connection:
                for number in range(mail_count):
                    connection.send(_email(number))
        else:
            for number in range(mail_count):
                mail.send(_email(number))
        return mail_count / (time.perf_counter() - began)


def _email(number: int) -> Email:
    name = material.first_name(number)
    return Email(
        material.SUBJECT.replace("{{ имя }}", name),
        recipients=[material.email(number)],
        body=material.plain(name),
        html=material.HTML.replace("{{ имя }}", name),
    )
