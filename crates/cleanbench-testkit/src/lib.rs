//! A fake OpenAI-compatible server with scripted faults, for tests and load.
