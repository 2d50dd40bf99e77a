"""Values and rules. Pure: no web, no SQL, no files, no clock, no randomness."""
