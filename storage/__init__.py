"""Where rows and bytes are kept: the database, files, and the sealing of both."""
