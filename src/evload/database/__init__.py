"""Connections to Postgres: the hosts of its address, settings, the API's pool, and what its errors mean to people.

Every other package connects through this one.
It imports none but errors and queries.
"""
