import logging
from logging.config import fileConfig

from alembic import context
from alembic.util import CommandError
from click import ClickException
from flask import current_app
from sqlalchemy import create_engine, text

from mailer.schema_changes import OutOfReach, hold_ledger, patiently, reach

# this is the Alembic Config object, which provides
# access to the values within the .ini file in use.
config = context.config

# Interpret the config file for Python logging.
# This line sets up loggers basically.
if config.attributes.get("configure_logger", True):
    fileConfig(config.config_file_name, disable_existing_loggers=False)
logger = logging.getLogger("alembic.env")


def get_engine():
    try:
        # this works with Flask-SQLAlchemy<3 and Alchemical
        return current_app.extensions["migrate"].db.get_engine()
    except (TypeError, AttributeError):
        # this works with Flask-SQLAlchemy>=3
        return current_app.extensions["migrate"].db.engine


def get_engine_url():
    try:
        return get_engine().url.render_as_string(hide_password=False).replace("%", "%%")
    except AttributeError:
        return str(get_engine().url).replace("%", "%%")


# add your model's MetaData object here
# for 'autogenerate' support
# from myapp import mymodel
# target_metadata = mymodel.Base.metadata
config.set_main_option("sqlalchemy.url", get_engine_url())
target_db = current_app.extensions["migrate"].db

# other values from the config, defined by the needs of env.py,
# can be acquired:
# my_important_option = config.get_main_option("my_important_option")
# ... etc.


def get_metadata():
    if hasattr(target_db, "metadatas"):
        return target_db.metadatas[None]
    return target_db.metadata


def run_migrations_offline():
    """Run migrations in 'offline' mode.

    This configures the context with just a URL
    and not an Engine, though an Engine is acceptable
    here as well.  By skipping the Engine creation
    we don't even need a DBAPI to be available.

    Calls to context.execute() here emit the given string to the
    script output.

    """
    url = config.get_main_option("sqlalchemy.url")
    context.configure(url=url, target_metadata=get_metadata(), literal_binds=True)

    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online():
    """Run migrations in 'online' mode.

    In this scenario we need to create an Engine
    and associate a connection with the context.

    """

    # this callback is used to prevent an auto-migration from being generated
    # when there are no changes to the schema
    # reference: http://alembic.zzzcomputing.com/en/latest/cookbook.html
    def process_revision_directives(context, revision, directives):
        if getattr(config.cmd_opts, "autogenerate", False):
            script = directives[0]
            if script.upgrade_ops.is_empty():
                directives[:] = []
                logger.info("No changes in schema detected.")

    conf_args = current_app.extensions["migrate"].configure_args
    if conf_args.get("process_revision_directives") is None:
        conf_args["process_revision_directives"] = process_revision_directives

    application_role = get_engine().url.username
    owner_url = current_app.config.get("DATABASE_OWNER_URL")
    connectable = create_engine(owner_url) if owner_url else get_engine()

    def change(connection):
        context.configure(connection=connection, target_metadata=get_metadata(), **conf_args)
        with context.begin_transaction():
            if is_a_change():
                hold_ledger(connection)
            context.run_migrations()
        if owner_url and connection.scalar(text("SELECT to_regprocedure('grant_to_application(text)')")):
            connection.execute(text("SELECT grant_to_application(:role)"), {"role": application_role})
            connection.commit()

    try:
        reach(connectable, "DATABASE_OWNER_URL" if owner_url else "DATABASE_URL")
    except OutOfReach as error:
        raise ClickException(str(error)) from error
    patiently(connectable, change)


def is_a_change():
    """Whether the command moves the schema, from where it is now."""
    try:
        wanted = context.get_revision_argument()
    except KeyError:  # a command that only looks
        return False
    except CommandError:  # relative to where the schema is
        return True
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    return set(filter(None, wanted)) != set(context.get_context().get_current_heads())


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
