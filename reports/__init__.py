"""What people see: the command line, tables and pages. It computes no money of its own."""
