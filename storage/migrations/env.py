"""How Alembic reaches the database: over the connection it is handed, with the metadata of the models it is handed."""

from alembic import context
from sqlalchemy import Connection

from storage.database import Base

connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
