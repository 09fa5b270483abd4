"""A simulated month of logs, the audit that it should lead to, and the program that makes both."""
