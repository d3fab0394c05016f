"""What stands in deploy/, run as administrators run it."""
