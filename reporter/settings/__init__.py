"""What to read and where to write: the app's own files, telemetry-report.toml, variables and options."""
