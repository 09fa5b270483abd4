"""What goes onto an account and off it: top-ups, lots, balances, and what a credit really cost."""
