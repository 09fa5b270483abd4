"""From log files to the ledger: what is read, which records are one request, what is refused and why."""
