"""Truth in SQL: SQLite in the data folder, or PostgreSQL. Import-free, so that the start can look at the version cheaply."""
