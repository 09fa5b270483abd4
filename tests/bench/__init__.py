"""Speed, measured by `make bench`; never a test."""
