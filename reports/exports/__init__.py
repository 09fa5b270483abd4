"""Files for other tools: exact amounts, a fixed order, the same bytes every time, whole or not there at all."""
