//! Model adapters: one HTTP client factory, the OpenAI-compatible wire format, models.toml.
