"""Segments: saved filters become trees of conditions, one to one, and a mailing takes several and leaves out several.

Revision ID: 0040
Revises: 0039
Create Date: 2026-11-30
"""

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

# Read by workers of the release before only: to them a new segment is nobody.
NOBODY = '{"birth_year_to": 1900, "birth_year_from": 2100}'
REASONS = (
    "'owner', 'disabled', 'blocked', 'deleted', 'ended', 'overlap', 'nobody', 'missed', 'limit', 'unapproved', 'brake', 'changed', "
    "'manager', 'no_catcher'"
)


def tree_of(criteria):
    """What the release before found by these criteria, as a tree."""
    nodes = []
    words = "".join(char if char.isprintable() else " " for char in str(criteria.get("search") or "")[:200]).split()
    if words:
        nodes.append({"what": "search", "value": " ".join(words[:10])})
    for key, op_ in (("tags_any", "any"), ("tags_none", "none")):
        if criteria.get(key):
            nodes.append({"what": "tag", "op": op_, "value": criteria[key]})
    for key, op_ in (("birth_year_from", "at_least"), ("birth_year_to", "at_most")):
        if criteria.get(key) is not None:
            nodes.append({"field": "birth_year", "op": op_, "value": int(criteria[key])})
    if criteria.get("subscription") in ("subscribed", "unsubscribed"):
        nodes.append({"what": "state", "value": criteria["subscription"]})
    return {"v": 1, "all": nodes}


def upgrade() -> None:
    op.add_column("client_filters", sa.Column("tree", postgresql.JSONB(), nullable=True))
    op.alter_column("client_filters", "criteria", server_default=sa.text(f"'{NOBODY}'"))
    bind = op.get_bind()
    filters = bind.execute(sa.text("SELECT id, criteria FROM client_filters")).all()
    for id_, criteria in filters:
        bind.execute(
            sa.text("UPDATE client_filters SET tree = CAST(:tree AS jsonb) WHERE id = :id"),
            {"id": id_, "tree": json.dumps(tree_of(criteria))},
        )
    for name in ("segment_ids", "left_out_ids"):
        column = sa.Column(name, postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False)
        op.add_column("mailings", column)
    op.execute("UPDATE mailings SET segment_ids = ARRAY[filter_id] WHERE filter_id IS NOT NULL")
    op.drop_constraint(op.f("ck_mailings_filter_when_filtered"), "mailings", type_="check")
    op.create_check_constraint(
        op.f("ck_mailings_segments_when_filtered"),
        "mailings",
        "audience <> 'filter' OR filter_id IS NOT NULL OR cardinality(segment_ids) > 0",
        postgresql_not_valid=True,
    )
    op.add_column("runs", sa.Column("audience", postgresql.JSONB(), nullable=True))
    _set_reasons(f"{REASONS}, 'segment'")


def downgrade() -> None:
    op.execute("UPDATE runs SET stop_reason = 'nobody' WHERE stop_reason = 'segment'")
    _set_reasons(REASONS)
    op.execute("UPDATE mailings SET filter_id = segment_ids[1] WHERE audience = 'filter' AND filter_id IS NULL")
    op.execute("UPDATE mailings SET filter_id = NULL WHERE audience <> 'filter'")
    op.drop_constraint(op.f("ck_mailings_segments_when_filtered"), "mailings", type_="check")
    op.create_check_constraint(
        op.f("ck_mailings_filter_when_filtered"), "mailings", "(audience = 'filter') = (filter_id IS NOT NULL)"
    )
    op.drop_column("runs", "audience")
    op.drop_column("mailings", "left_out_ids")
    op.drop_column("mailings", "segment_ids")
    op.alter_column("client_filters", "criteria", server_default=None)
    op.drop_column("client_filters", "tree")


def _set_reasons(reasons: str) -> None:
    op.drop_constraint(op.f("ck_runs_stop_reason"), "runs", type_="check")
    op.create_check_constraint(
        op.f("ck_runs_stop_reason"), "runs", f"stop_reason IN ({reasons})", postgresql_not_valid=True
    )
