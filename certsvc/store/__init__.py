"""The only SQL of the house: tables, engines, migrations and one file of small verbs per subject."""
