"""What tablets sent, kept exactly as sent."""
