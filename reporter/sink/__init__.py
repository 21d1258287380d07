"""The DuckDB file that keeps what was read: opened, filled, asked for what it holds, kept small."""
