"""Writes the database to a file and brings it back, by Postgres' own programs: `evload backup` and `evload restore`.

The command line comes in here. It knows nothing of loading and serving.
"""
