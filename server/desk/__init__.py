"""The people's door: pages for designers, caseworkers, supervisors and administrators."""
