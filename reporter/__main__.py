"""`python -m reporter` is `telemetry-report`."""

from reporter.cli import main

main()
