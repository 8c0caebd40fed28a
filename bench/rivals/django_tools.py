"""django-post_office and django-mailer: queue so many personalised mails, send them, print the seconds it took.

    DATABASE_URL=… SMTP_PORT=… python bench/rivals/django_tools.py post_office 2000

Runs in an environment of its own (bench/requirements.txt), and by its path: `mailer` is django-mailer here.
"""

import logging
import os
import sys
import time
from pathlib import Path

import django

sys.path.append(str(Path(__file__).resolve().parents[2]))  # behind the environment's own packages

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.rivals.django_settings")


def main(tool: str, mail_count: int) -> None:
    """Migrate, warm up with a few mails, then measure."""
    if tool == "mailer":
        os.environ["EMAIL_BACKEND"] = "mailer.backend.DbBackend"
    django.setup()
    logging.disable(logging.INFO)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    send = {"post_office": send_with_post_office, "mailer": send_with_mailer}[tool]
    send(10)
    began = time.perf_counter()
    send(mail_count)
    print(time.perf_counter() - began)


def mails(mail_count: int):
    """Subject, text, HTML and address of everybody."""
    from bench import material

    for number in range(mail_count):
        name = material.first_name(number)
        subject = material.SUBJECT.replace("{{ имя }}", name)
        yield subject, material.plain(name), material.HTML.replace("{{ имя }}", name), material.email(number)


def send_with_post_office(mail_count: int) -> None:
    """One bulk insert, then its own command's function with two processes of ten threads."""
    from django.db import connections
    from post_office import mail
    from post_office.models import STATUS, Email

    mail.send_many(
        [
            {"recipients": [address], "sender": "news@golub.test", "subject": subject, "message": text,
             "html_message": html}
            for subject, text, html, address in mails(mail_count)
        ]
    )  # fmt: skip
    connections.close_all()  # its processes are forks, and leave the parent's connection unusable
    mail.send_queued(processes=2)
    connections.close_all()
    left = Email.objects.exclude(status=STATUS.sent).count()
    assert left == 0, left


def send_with_mailer(mail_count: int) -> None:
    """Its database backend in bulk, then one process: it lets only one send at a time."""
    from django.core.mail import EmailMultiAlternatives, get_connection

    from mailer import engine
    from mailer.models import Message

    emails = []
    for subject, text, html, address in mails(mail_count):
        email = EmailMultiAlternatives(subject, text, "news@golub.test", [address])
        email.attach_alternative(html, "text/html")
        emails.append(email)
    get_connection().send_messages(emails)
    from django.conf import settings

    settings.MAILER_EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    engine.send_all()
    left = Message.objects.count()
    assert left == 0, left


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
