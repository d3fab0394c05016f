"""Scripts sign in, submissions are reviewed and commented on, and forms have drafts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from storage.database import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql")
EDITS = sa.text("deprecated_id IS NOT NULL")


def upgrade() -> None:
    op.add_column("web_sessions", sa.Column("kind", sa.String(length=10), nullable=False, server_default="browser"))
    op.add_column("submissions", sa.Column("install_id", sa.String(length=120), nullable=True))
    op.add_column("submissions", sa.Column("app_version", sa.String(length=120), nullable=True))
    op.create_index(
        "ix_submissions_edits",
        "submissions",
        ["form_pk", "deprecated_id"],
        sqlite_where=EDITS,
        postgresql_where=EDITS,
    )
    _make_reviews()
    _make_drafts()


def _make_reviews() -> None:
    op.create_table(
        "submission_reviews",
        sa.Column("id", BIG, nullable=False),
        sa.Column("submission_id", BIG, nullable=False),
        sa.Column("version_id", BIG, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("person_id", BIG, nullable=True),
        sa.Column("made_at", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_submission_reviews_person_id")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_submission_reviews_submission_id")
        ),
        sa.ForeignKeyConstraint(["version_id"], ["submissions.id"], name=op.f("fk_submission_reviews_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_reviews")),
    )
    op.create_index("ix_submission_reviews_submission_id", "submission_reviews", ["submission_id"])
    op.create_table(
        "submission_comments",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("submission_id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=True),
        sa.Column("made_at", Moment(timezone=True), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_submission_comments_person_id")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_submission_comments_submission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_comments")),
    )
    op.create_index("ix_submission_comments_submission_id", "submission_comments", ["submission_id"])


def _make_drafts() -> None:
    op.create_table(
        "form_drafts",
        sa.Column("id", BIG, nullable=False),
        sa.Column("project_id", BIG, nullable=False),
        sa.Column("form_id", sa.String(length=120), nullable=False),
        sa.Column("version", sa.String(length=120), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("xform", sa.LargeBinary(), nullable=False),
        sa.Column("md5", sa.String(length=32), nullable=False),
        sa.Column("definition", JSON, nullable=False),
        sa.Column("made_at", Moment(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_form_drafts_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_drafts")),
        sa.UniqueConstraint("project_id", "form_id", name=op.f("uq_form_drafts_project_id_form_id")),
    )
    op.create_table(
        "form_draft_media",
        sa.Column("id", BIG, nullable=False),
        sa.Column("draft_id", BIG, nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("md5", sa.String(length=32), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("file_id", sa.String(length=32), nullable=False),
        sa.Column("made_at", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["form_drafts.id"], name=op.f("fk_form_draft_media_draft_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_draft_media")),
        sa.UniqueConstraint("draft_id", "filename", name=op.f("uq_form_draft_media_draft_id_filename")),
    )


def downgrade() -> None:
    for table in ("form_draft_media", "form_drafts", "submission_comments", "submission_reviews"):
        op.drop_table(table)
    op.drop_index("ix_submissions_edits", "submissions")
    for table, column in (("submissions", "app_version"), ("submissions", "install_id"), ("web_sessions", "kind")):
        with op.batch_alter_table(table) as batch:
            batch.drop_column(column)
