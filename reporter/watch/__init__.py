"""`watch`: follow the logs and tables, show the current session at once, renew the report now and then."""
