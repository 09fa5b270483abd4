"""Usage and charges: from log files to a ledger, and from the ledger to an audit."""
