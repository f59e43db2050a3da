"""What sets the project up, starts its servers for tests, and builds what is not committed."""
