"""Invoices held against the ledger and the rate card; periods that are closed, and what is known of them since."""
