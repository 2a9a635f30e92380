"""The portal's database backend where the record is kept on a PostgreSQL server (settings: ENGINE)."""
