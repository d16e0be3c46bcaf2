"""Django's PostgreSQL backend for threads that share connections."""
