"""Spreadsheets become XForms here: read, checked, compiled and read back as questions; no database, no web."""
