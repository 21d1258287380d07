"""The analyses' results as text: tables for people, JSON and CSV for scripts. Results go to stdout, nothing else."""
