"""Alembic's entry: runs the migrations on the connection, and inside the transaction, that `migrate.py` hands over."""

from alembic import context

# SQLite's DDL is transactional once the driver no longer commits by itself, which engine.py sees to.
context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
