"""Figures, not tests: Fieldcase beside the least program that could do the same job, in one run."""
