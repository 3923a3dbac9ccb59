"""The journal: every span on disk before the call that ended it returns, and a database to ask afterwards."""
