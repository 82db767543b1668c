//! Plan, schedule, call, record: the only code that calls a model.
