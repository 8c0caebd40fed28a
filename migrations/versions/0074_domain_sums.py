"""Figures by recipient domain, summed over runs by day and month.

Revision ID: 0074
Revises: 0073
Create Date: 2026-12-01
"""

import sqlalchemy as sa
from alembic import op

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None

FIGURES = ("accepted", "deferred", "refused", "bounced", "complained")
INTO = "INSERT INTO domain_sums (owner_id, is_month, day, domain, figure, words, change)"
# What rows of the table add: for their owner and for everybody (0), by the day and by the month.
EACH = """
    SELECT whose.id AS owner_id, span.is_month,
        CASE WHEN span.is_month THEN date_trunc('month', r.day)::date ELSE r.day END AS day,
        r.domain, r.figure, r.words, {sign}r.count::bigint AS one
    FROM {rows} r CROSS JOIN LATERAL (VALUES (r.owner_id), (0)) AS whose (id)
    CROSS JOIN (VALUES (false), (true)) AS span (is_month)
"""
SUM = (
    "SELECT owner_id, is_month, day, domain, figure, words, sum(one) FROM ({each}) AS one_by_one "
    "GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(one) <> 0"
)
COME, GONE = EACH.format(rows="come", sign=""), EACH.format(rows="gone", sign="-")
# name: (when, what)
TRIGGERS = {
    "domain_days_are_summed": ("AFTER INSERT ON domain_days REFERENCING NEW TABLE AS come", SUM.format(each=COME)),
    "domain_days_are_summed_anew": (
        "AFTER UPDATE ON domain_days REFERENCING OLD TABLE AS gone NEW TABLE AS come",
        SUM.format(each=f"{COME} UNION ALL {GONE}"),
    ),
    "domain_days_are_summed_off": (
        "AFTER DELETE ON domain_days REFERENCING OLD TABLE AS gone",
        SUM.format(each=GONE),
    ),
}


def upgrade() -> None:
    op.create_table(
        "domain_sums",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("is_month", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("domain", sa.String(length=254), nullable=False),
        sa.Column("figure", sa.Enum(*FIGURES, name="figure", native_enum=False, length=32), nullable=False),
        sa.Column("words", sa.String(length=160), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("is_folded", sa.Boolean(), server_default="false", nullable=False),
        sa.CheckConstraint(
            "figure IN ({})".format(", ".join(f"'{figure}'" for figure in FIGURES)), name=op.f("ck_domain_sums_figure")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domain_sums")),
    )
    op.create_index("ix_domain_sums_time", "domain_sums", ["owner_id", "is_month", "day", "domain"])
    op.create_index("ix_domain_sums_domain", "domain_sums", ["owner_id", "domain", "is_month", "day"])
    op.create_index("ix_domain_sums_fresh", "domain_sums", ["id"], postgresql_where=sa.text("NOT is_folded"))
    for name, (when, what) in TRIGGERS.items():  # from the first of them on nobody else writes the table
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {INTO} {what}; RETURN NULL; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} {when} FOR EACH STATEMENT EXECUTE FUNCTION {name}()")
    op.execute(f"{INTO} {SUM.format(each=EACH.format(rows='domain_days', sign=''))}")
    op.execute("UPDATE domain_sums SET is_folded = true")


def downgrade() -> None:
    for name in TRIGGERS:
        op.execute(f"DROP FUNCTION {name}() CASCADE")
    op.drop_table("domain_sums")
