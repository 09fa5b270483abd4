"""What a month cost and for whom, what changed, which budget it meets, and what it will come to."""
