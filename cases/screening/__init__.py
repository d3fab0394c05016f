"""What a screening adds up to, by rules that are data: class, urgency, and the reasons in words."""

from cases.screening.rules import RULES
from cases.screening.screen import Facts, NotAScreening, Screening, screen, weigh

__all__ = ["RULES", "Facts", "NotAScreening", "Screening", "screen", "weigh"]
