"""Rates, rounding and silent changes from charges alone, proved in whole numbers."""
