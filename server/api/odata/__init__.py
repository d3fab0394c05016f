"""The OData 4.0 service of a form: its tables for programs that analyse, in ODK Central's shapes."""
