"""telemetry-report: an offline report of what a local Laravel / NativePHP AI app left on disk."""

__version__ = "0.1.0"
