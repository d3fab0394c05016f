"""What the screening rules make of each screening is known, and which one decides how pressing a case is."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from storage.database import Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql")


def upgrade() -> None:
    op.create_table(
        "screenings",
        sa.Column("record_id", sa.String(length=36), nullable=False),
        sa.Column("class_low", sa.String(length=30), nullable=False),
        sa.Column("class_high", sa.String(length=30), nullable=False),
        sa.Column("urgency", sa.String(length=2), nullable=False),
        sa.Column("rule_set", sa.String(length=40), nullable=False),
        sa.Column("result", JSON, nullable=False),
        sa.Column("since", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name=op.f("fk_screenings_record_id")),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_screenings")),
    )
    op.add_column("cases", sa.Column("screening_id", sa.String(length=36), nullable=True))
    op.add_column("cases", sa.Column("pressing", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("cases") as cases:
        cases.drop_column("pressing")
        cases.drop_column("screening_id")
    op.drop_table("screenings")
