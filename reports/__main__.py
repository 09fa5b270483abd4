"""Run the command line from a checkout: `python -m reports`."""

from reports.cli import main

main()
