"""People, tablets, agencies and roles, and how each proves who it is."""
