"""Bad requests on the tablet door, each with the answer that it must get."""
