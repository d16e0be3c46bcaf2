"""Settings, Webhooks: where the brand is called, with what, and what came of it (A15)."""
