"""The master key in use, backups and restorations are known."""

import sqlalchemy as sa
from alembic import op

from storage.database import Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "master_keys",
        sa.Column("key_id", sa.String(length=8), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("noted_at", Moment(timezone=True), nullable=False),
        sa.Column("copy_verified_at", Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_master_keys")),
    )
    op.create_table(
        "backups",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("begun_at", Moment(timezone=True), nullable=False),
        sa.Column("finished_at", Moment(timezone=True), nullable=True),
        sa.Column("verified_at", Moment(timezone=True), nullable=True),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backups")),
    )
    op.create_table(
        "restorations",
        sa.Column("id", BIG, nullable=False),
        sa.Column("restored_at", Moment(timezone=True), nullable=False),
        sa.Column("backup_id", sa.String(length=32), nullable=False),
        sa.Column("backed_up_at", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restorations")),
    )


def downgrade() -> None:
    for table in ("restorations", "backups", "master_keys"):
        op.drop_table(table)
