"""The kinds of form that feed a case, as `case_form` on the settings sheet names them."""

CASE_FORMS = ("screening", "tip_off", "identification", "needs_risk", "referral_consent", "follow_up", "other")
