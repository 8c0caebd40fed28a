"""First schema

Revision ID: 0001
Revises:
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

# revision identifiers, used by Alembic.
revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "user",
                "manager",
                "editor",
                "admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=150), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("avatar_file", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("block_reason", sa.String(length=500), nullable=True),
        sa.Column("blocked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("session_number", sa.Integer(), nullable=False),
        sa.CheckConstraint("(blocked_at IS NULL) = (block_reason IS NULL)", name=op.f("ck_users_block_has_a_reason")),
        sa.ForeignKeyConstraint(["blocked_by_id"], ["users.id"], name=op.f("fk_users_blocked_by_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.create_index("uq_users_email_key", [sa.literal_column("lower(email)")], unique=True)

    op.create_table(
        "account_emails",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("template", sa.String(length=64), nullable=False),
        sa.Column("to_email", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("context", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("try_count", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=1000), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_account_emails_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_emails")),
    )
    with op.batch_alter_table("account_emails", schema=None) as batch_op:
        batch_op.create_index(
            "ix_account_emails_unsent",
            ["next_try_at"],
            unique=False,
            postgresql_where=sa.text("sent_at IS NULL AND given_up_at IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_account_emails_user_id"), ["user_id"], unique=False)

    op.create_table(
        "account_tokens",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "confirm-email",
                "reset-password",
                "change-email",
                name="purpose",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_account_tokens_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_account_tokens_token_hash")),
    )
    with op.batch_alter_table("account_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_tokens_user_id"), ["user_id"], unique=False)

    op.create_table(
        "blog_posts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("slug", sa.String(length=220), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("image_file", sa.String(length=64), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "awaiting",
                "published",
                "rejected",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("view_count", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status <> 'published' OR published_at IS NOT NULL",
            name=op.f("ck_blog_posts_published_has_a_date"),
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_blog_posts_author_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blog_posts")),
        sa.UniqueConstraint("slug", name=op.f("uq_blog_posts_slug")),
    )
    with op.batch_alter_table("blog_posts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_blog_posts_author_id"), ["author_id"], unique=False)
        batch_op.create_index(
            "ix_blog_posts_published", ["published_at"], unique=False, postgresql_where="status = 'published'"
        )

    op.create_table(
        "client_filters",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=150), nullable=False),
        sa.Column("criteria", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_client_filters_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_filters")),
        sa.UniqueConstraint("owner_id", "id", name=op.f("uq_client_filters_owner_id_id")),
        sa.UniqueConstraint("owner_id", "name", name=op.f("uq_client_filters_owner_id_name")),
    )
    op.create_table(
        "client_imports",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("stored_file", sa.String(length=64), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "uploaded",
                "queued",
                "running",
                "done",
                "failed",
                "undone",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("done_count", sa.Integer(), nullable=False),
        sa.Column("created_count", sa.Integer(), nullable=False),
        sa.Column("updated_count", sa.Integer(), nullable=False),
        sa.Column("unchanged_count", sa.Integer(), nullable=False),
        sa.Column("rejected_count", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=1000), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state IN ('done','failed','undone')) = (finished_at IS NOT NULL)",
            name=op.f("ck_client_imports_final_has_an_end"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_client_imports_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_imports")),
    )
    with op.batch_alter_table("client_imports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_client_imports_owner_id"), ["owner_id"], unique=False)

    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("text_body", sa.Text(), nullable=False),
        sa.Column("html_body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("text_body <> '' OR html_body <> ''", name=op.f("ck_messages_has_a_body")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_messages_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("owner_id", "id", name=op.f("uq_messages_owner_id_id")),
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.create_index("ix_messages_owner_updated", ["owner_id", "updated_at"], unique=False)

    op.create_table(
        "suppressions",
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "unsubscribed",
                "manual",
                "bad-address",
                name="reason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_suppressions_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("owner_id", "email_key", name=op.f("pk_suppressions")),
    )
    op.create_table(
        "clients",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("last_name", sa.String(length=150), nullable=False),
        sa.Column("first_name", sa.String(length=150), nullable=False),
        sa.Column("patronymic", sa.String(length=150), nullable=False),
        sa.Column("comment", sa.String(length=2000), nullable=False),
        sa.Column("birth_year", sa.SmallInteger(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.String(length=50)), server_default="{}", nullable=False),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("token", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("birth_year BETWEEN 1900 AND 2100", name=op.f("ck_clients_birth_year_is_sane")),
        sa.CheckConstraint("email_key = lower(email_key)", name=op.f("ck_clients_email_key_is_lower")),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["client_imports.id"],
            name=op.f("fk_clients_import_id_client_imports"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_clients_owner_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
        sa.UniqueConstraint("owner_id", "id", name=op.f("uq_clients_owner_id_id")),
        sa.UniqueConstraint("token", name=op.f("uq_clients_token")),
    )
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_clients_import_id"), ["import_id"], unique=False)
        batch_op.create_index("ix_clients_owner_created", ["owner_id", "created_at", "id"], unique=False)
        batch_op.create_index("ix_clients_owner_name", ["owner_id", "last_name", "first_name", "id"], unique=False)
        batch_op.create_index("ix_clients_tags", ["tags"], unique=False, postgresql_using="gin")
        batch_op.create_index(
            "uq_clients_owner_email",
            ["owner_id", "email_key"],
            unique=True,
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "mailings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=150), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "audience",
            sa.Enum(
                "everyone",
                "clients",
                "tags",
                "filter",
                name="audience",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("tags", postgresql.ARRAY(sa.String(length=50)), server_default="{}", nullable=False),
        sa.Column("filter_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "period",
            sa.Enum(
                "once",
                "daily",
                "weekly",
                "monthly",
                name="period",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("starts_local", sa.DateTime(), nullable=False),
        sa.Column("ends_local", sa.DateTime(), nullable=True),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column(
            "in_doubt_rule",
            sa.Enum("hold", "resend", name="in_doubt_rule", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_run_local", sa.DateTime(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_by_id", sa.BigInteger(), nullable=True),
        sa.Column("disabled_reason", sa.String(length=500), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(audience = 'filter') = (filter_id IS NOT NULL)", name=op.f("ck_mailings_filter_when_filtered")
        ),
        sa.CheckConstraint("audience <> 'tags' OR cardinality(tags) > 0", name=op.f("ck_mailings_tags_when_tagged")),
        sa.CheckConstraint(
            "(disabled_at IS NULL) = (disabled_reason IS NULL)",
            name=op.f("ck_mailings_disabled_has_a_reason"),
        ),
        sa.CheckConstraint(
            "completed_at IS NULL OR next_run_at IS NULL", name=op.f("ck_mailings_completed_has_no_next_run")
        ),
        sa.CheckConstraint(
            "ends_local IS NULL OR ends_local > starts_local", name=op.f("ck_mailings_ends_after_it_starts")
        ),
        sa.ForeignKeyConstraint(["disabled_by_id"], ["users.id"], name=op.f("fk_mailings_disabled_by_id_users")),
        sa.ForeignKeyConstraint(
            ["owner_id", "filter_id"],
            ["client_filters.owner_id", "client_filters.id"],
            name=op.f("fk_mailings_owner_id_filter_id_client_filters"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id", "message_id"],
            ["messages.owner_id", "messages.id"],
            name=op.f("fk_mailings_owner_id_message_id_messages"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_mailings_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailings")),
        sa.UniqueConstraint("owner_id", "id", name=op.f("uq_mailings_owner_id_id")),
    )
    with op.batch_alter_table("mailings", schema=None) as batch_op:
        batch_op.create_index(
            "ix_mailings_due",
            ["next_run_at"],
            unique=False,
            postgresql_where=sa.text(
                "next_run_at IS NOT NULL AND paused_at IS NULL AND disabled_at IS NULL AND deleted_at IS NULL"
            ),
        )
        batch_op.create_index("ix_mailings_owner_created", ["owner_id", "created_at"], unique=False)

    op.create_table(
        "mailing_clients",
        sa.Column("mailing_id", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id", "client_id"],
            ["clients.owner_id", "clients.id"],
            name=op.f("fk_mailing_clients_owner_id_client_id_clients"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id", "mailing_id"],
            ["mailings.owner_id", "mailings.id"],
            name=op.f("fk_mailing_clients_owner_id_mailing_id_mailings"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("mailing_id", "client_id", name=op.f("pk_mailing_clients")),
    )
    with op.batch_alter_table("mailing_clients", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mailing_clients_client_id"), ["client_id"], unique=False)

    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("mailing_id", sa.BigInteger(), nullable=False),
        sa.Column("occurrence", sa.String(length=64), nullable=False),
        sa.Column("token", sa.UUID(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "sending",
                "waiting_for_server",
                "waiting_for_window",
                "paused",
                "complete",
                "complete_with_refusals",
                "incomplete",
                "stopped",
                "expired",
                "skipped",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "stop_reason",
            sa.Enum(
                "owner",
                "disabled",
                "blocked",
                "deleted",
                "ended",
                "overlap",
                "nobody",
                name="stop_reason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("snapshot", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_fault", sa.String(length=1000), nullable=True),
        sa.Column("last_fault_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("planned_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("waiting_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("accepted_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refused_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("excluded_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("stopped_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("uncertain_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("successful_attempt_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed_attempt_count", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "(state IN ('complete', 'complete_with_refusals', 'expired', 'incomplete', 'skipped', 'stopped')) = (closed_at IS NOT NULL)",
            name=op.f("ck_runs_final_is_closed"),
        ),
        sa.CheckConstraint(
            "state <> 'complete' OR refused_count + stopped_count + uncertain_count = 0",
            name=op.f("ck_runs_complete_hides_nothing"),
        ),
        sa.CheckConstraint(
            "state <> 'complete_with_refusals' OR stopped_count + uncertain_count = 0",
            name=op.f("ck_runs_refusals_hide_nothing"),
        ),
        sa.CheckConstraint(
            "accepted_count >= 0 AND refused_count >= 0 AND excluded_count >= 0 AND stopped_count >= 0 AND uncertain_count >= 0 AND waiting_count >= 0",
            name=op.f("ck_runs_counts_are_not_negative"),
        ),
        sa.CheckConstraint("closed_at IS NULL OR waiting_count = 0", name=op.f("ck_runs_closed_leaves_nobody_waiting")),
        sa.CheckConstraint(
            "planned_count = accepted_count + refused_count + excluded_count + stopped_count + uncertain_count + waiting_count",
            name=op.f("ck_runs_it_adds_up"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id", "mailing_id"],
            ["mailings.owner_id", "mailings.id"],
            name=op.f("fk_runs_owner_id_mailing_id_mailings"),
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_runs_owner_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("mailing_id", "occurrence", name=op.f("uq_runs_mailing_id_occurrence")),
    )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.create_index("ix_runs_mailing_planned", ["mailing_id", "planned_at"], unique=False)
        batch_op.create_index("ix_runs_open", ["id"], unique=False, postgresql_where=sa.text("closed_at IS NULL"))
        batch_op.create_index("ix_runs_owner_planned", ["owner_id", "planned_at"], unique=False)

    op.create_table(
        "deliveries",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "deferred",
                "in_doubt",
                "accepted",
                "refused",
                "uncertain",
                "excluded",
                "stopped",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="waiting",
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.Enum(
                "unsubscribed",
                "suppressed",
                "deleted",
                "invalid_address",
                "render_error",
                "retries_ran_out",
                "counted_as_accepted",
                "owner",
                "disabled",
                "blocked",
                "mailing_deleted",
                "ended",
                name="reason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("attempt_count", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("transient_count", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state <> 'deferred' OR retry_at IS NOT NULL", name=op.f("ck_deliveries_deferred_has_a_time")
        ),
        sa.CheckConstraint(
            "state NOT IN ('excluded','stopped') OR reason IS NOT NULL",
            name=op.f("ck_deliveries_left_out_has_a_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_deliveries_client_id_clients"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_deliveries_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "position", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("run_id", "email_key", name=op.f("uq_deliveries_run_id_email_key")),
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index("ix_deliveries_client", ["client_id", "run_id"], unique=False)

    op.create_table(
        "mail_servers",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("fault_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("probe_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_fault", sa.String(length=1000), nullable=True),
        sa.Column("last_fault_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(fault_count = 0) = (probe_at IS NULL)", name=op.f("ck_mail_servers_open_has_a_probe")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mail_servers")),
    )
    op.create_table(
        "slices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("first_position", sa.Integer(), nullable=False),
        sa.Column("last_position", sa.Integer(), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.UUID(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_by", sa.String(length=64), nullable=True),
        sa.Column("marked", sa.String(length=5000), nullable=True),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(lease_token IS NULL) = (leased_until IS NULL)", name=op.f("ck_slices_lease_is_whole")),
        sa.CheckConstraint("last_position >= first_position", name=op.f("ck_slices_is_not_empty")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_slices_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slices")),
    )
    with op.batch_alter_table("slices", schema=None) as batch_op:
        batch_op.create_index(
            "ix_slices_ready",
            ["run_id", "ready_at"],
            unique=False,
            postgresql_where=sa.text("ready_at IS NOT NULL"),
        )

    op.create_table(
        "attempts",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "accepted",
                "transient",
                "permanent",
                "in_doubt",
                "aborted",
                "server_fault",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "phase",
            sa.Enum(
                "connect",
                "greeting",
                "ehlo",
                "starttls",
                "auth",
                "mail",
                "rcpt",
                "data",
                "mark",
                "content",
                "rset",
                "idle",
                "quit",
                name="phase",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("smtp_code", sa.SmallInteger(), nullable=True),
        sa.Column("enhanced_code", sa.String(length=16), nullable=True),
        sa.Column("response", sa.String(length=1000), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tls", sa.String(length=64), nullable=True),
        sa.Column("worker", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "outcome <> 'accepted' OR smtp_code BETWEEN 200 AND 299",
            name=op.f("ck_attempts_accepted_by_a_2yz"),
        ),
        sa.CheckConstraint("smtp_code BETWEEN 200 AND 599", name=op.f("ck_attempts_smtp_code_is_a_reply")),
        sa.ForeignKeyConstraint(
            ["run_id", "position"],
            ["deliveries.run_id", "deliveries.position"],
            name=op.f("fk_attempts_run_id_position_deliveries"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", "position", "number", name=op.f("pk_attempts")),
    )


def downgrade():
    op.drop_table("attempts")
    with op.batch_alter_table("slices", schema=None) as batch_op:
        batch_op.drop_index("ix_slices_ready", postgresql_where=sa.text("ready_at IS NOT NULL"))

    op.drop_table("slices")
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_index("ix_deliveries_client")

    op.drop_table("mail_servers")
    op.drop_table("deliveries")
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_index("ix_runs_owner_planned")
        batch_op.drop_index("ix_runs_open", postgresql_where=sa.text("closed_at IS NULL"))
        batch_op.drop_index("ix_runs_mailing_planned")

    op.drop_table("runs")
    with op.batch_alter_table("mailing_clients", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mailing_clients_client_id"))

    op.drop_table("mailing_clients")
    with op.batch_alter_table("mailings", schema=None) as batch_op:
        batch_op.drop_index("ix_mailings_owner_created")
        batch_op.drop_index(
            "ix_mailings_due",
            postgresql_where=sa.text(
                "next_run_at IS NOT NULL AND paused_at IS NULL AND disabled_at IS NULL AND deleted_at IS NULL"
            ),
        )

    op.drop_table("mailings")
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.drop_index("uq_clients_owner_email", postgresql_where=sa.text("deleted_at IS NULL"))
        batch_op.drop_index("ix_clients_tags", postgresql_using="gin")
        batch_op.drop_index("ix_clients_owner_name")
        batch_op.drop_index("ix_clients_owner_created")
        batch_op.drop_index(batch_op.f("ix_clients_import_id"))

    op.drop_table("clients")
    op.drop_table("suppressions")
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_index("ix_messages_owner_updated")

    op.drop_table("messages")
    with op.batch_alter_table("client_imports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_client_imports_owner_id"))

    op.drop_table("client_imports")
    op.drop_table("client_filters")
    with op.batch_alter_table("blog_posts", schema=None) as batch_op:
        batch_op.drop_index("ix_blog_posts_published", postgresql_where="status = 'published'")
        batch_op.drop_index(batch_op.f("ix_blog_posts_author_id"))

    op.drop_table("blog_posts")
    with op.batch_alter_table("account_tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_tokens_user_id"))

    op.drop_table("account_tokens")
    with op.batch_alter_table("account_emails", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_emails_user_id"))
        batch_op.drop_index(
            "ix_account_emails_unsent", postgresql_where=sa.text("sent_at IS NULL AND given_up_at IS NULL")
        )

    op.drop_table("account_emails")
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_index("uq_users_email_key")

    op.drop_table("users")
