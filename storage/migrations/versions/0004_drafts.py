"""Drafts are tried on tablets, proposed and sent back; uploads that were checked stay for a day; forms may be editable."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from storage.database import Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql")


def _of_drafts() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("mapping", JSON, nullable=True),
        sa.Column("mapping_csv", sa.LargeBinary(), nullable=True),
        sa.Column("mapping_name", sa.Text(), nullable=True),
        sa.Column("findings", JSON, nullable=True),
        sa.Column("itemsets", sa.LargeBinary(), nullable=True),
        sa.Column("uid", sa.String(length=32), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("proposed_at", Moment(timezone=True), nullable=True),
        sa.Column("proposed_by", sa.String(length=80), nullable=True),
        sa.Column("proposed_version", sa.String(length=120), nullable=True),
        sa.Column("returned_at", Moment(timezone=True), nullable=True),
        sa.Column("returned_by", sa.String(length=80), nullable=True),
        sa.Column("returned_word", sa.Text(), nullable=True),
    )


def upgrade() -> None:
    op.add_column("forms", sa.Column("state_at", Moment(timezone=True), nullable=True))
    op.add_column("forms", sa.Column("client_editable", sa.Boolean(), nullable=False, server_default=sa.false()))
    for column in _of_drafts():
        op.add_column("form_drafts", column)
    op.create_index("ix_form_drafts_token_hash", "form_drafts", ["token_hash"], unique=True)
    _make_checks()
    _make_draft_submissions()


def _make_checks() -> None:
    op.create_table(
        "form_checks",
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("mapping_name", sa.Text(), nullable=False),
        sa.Column("mapping_csv", sa.LargeBinary(), nullable=True),
        sa.Column("findings", JSON, nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("checked_at", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_form_checks")),
    )
    op.create_index("ix_form_checks_checked_at", "form_checks", ["checked_at"])
    op.create_table(
        "form_check_media",
        sa.Column("id", BIG, nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("md5", sa.String(length=32), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("file_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["token"], ["form_checks.token"], name=op.f("fk_form_check_media_token"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_check_media")),
    )
    op.create_index("ix_form_check_media_token", "form_check_media", ["token"])


def _make_draft_submissions() -> None:
    op.create_table(
        "draft_submissions",
        sa.Column("id", BIG, nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("draft_id", BIG, nullable=False),
        sa.Column("version", sa.String(length=250), nullable=False),
        sa.Column("instance_id", sa.String(length=250), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("person_id", BIG, nullable=True),
        sa.Column("install_id", sa.String(length=120), nullable=True),
        sa.Column("app_version", sa.String(length=120), nullable=True),
        sa.Column("received_at", Moment(timezone=True), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_xml", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["form_drafts.id"], name=op.f("fk_draft_submissions_draft_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_draft_submissions_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_submissions")),
        sa.UniqueConstraint(
            "draft_id", "instance_id", "fingerprint", name=op.f("uq_draft_submissions_draft_id_instance_id_fingerprint")
        ),
    )
    op.create_index("ix_draft_submissions_draft_id", "draft_submissions", ["draft_id"])
    op.create_table(
        "draft_attachments",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("submission_id", BIG, nullable=False),
        sa.Column("slot", sa.String(length=64), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("received_at", Moment(timezone=True), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("file_id", sa.String(length=32), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_facts", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["draft_submissions.id"],
            name=op.f("fk_draft_attachments_submission_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_attachments")),
        sa.UniqueConstraint(
            "submission_id", "slot", "content", name=op.f("uq_draft_attachments_submission_id_slot_content")
        ),
    )
    op.create_index("ix_draft_attachments_submission_id", "draft_attachments", ["submission_id"])
    op.create_index("ix_draft_attachments_file_id", "draft_attachments", ["file_id"])


def downgrade() -> None:
    for table in ("draft_attachments", "draft_submissions", "form_check_media", "form_checks"):
        op.drop_table(table)
    op.drop_index("ix_form_drafts_token_hash", "form_drafts")
    for column in _of_drafts():
        op.drop_column("form_drafts", column.name)
    op.drop_column("forms", "client_editable")
    op.drop_column("forms", "state_at")
