"""Django for django-post_office and django-mailer; addresses come from the environment."""

import os
from urllib.parse import urlsplit

_url = urlsplit(os.environ["DATABASE_URL"])
SECRET_KEY = "of a benchmark"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.contenttypes", "post_office", "mailer"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _url.path[1:],
        "USER": _url.username,
        "PASSWORD": _url.password,
        "HOST": _url.hostname,
        "PORT": _url.port,
        "CONN_MAX_AGE": None,
    }
}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
EMAIL_HOST, EMAIL_PORT = "127.0.0.1", int(os.environ["SMTP_PORT"])
EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
POST_OFFICE = {
    "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
    "BATCH_SIZE": 5000,
    "THREADS_PER_PROCESS": 10,
    "LOG_LEVEL": 2,  # keeps a record of every try, as Golub does
    "CELERY_ENABLED": False,
}
MAILER_EMAIL_MAX_BATCH = None
MAILER_USE_FILE_LOCK = False
LOGGING = {"version": 1, "disable_existing_loggers": True}
