//! Scorers: pure functions of a sample and a completion.
//!
//! | scorer | a completion is right when | parameters (default) |
//! |---|---|---|
//! | `exact` | it equals the target after normalisation | `normalize`: list of `trim`, `whitespace`, `case`, `punctuation`, `articles` (`["trim"]`) |
//! | `choice` | it names the target among the choices, by letter or text | `accept`: `both`, `letter`, `text` (`both`) |
//! | `numeric` | its number is near enough to the target | `tolerance` (0), `relative` (0), `take`: `last`, `first`, `only` (`last`) |
//! | `contains` | the target occurs in it | `all` (false), `case` (false), `words` (false) |
//! | `regex` | what a pattern captures equals the target, or the pattern matches | `pattern` (required), `group` (1, or 0 where the pattern has no groups), `compare`: `target`, `match` (`target`), `case` (true) |
//! | `json_fields` | fields of its JSON object equal the target's; else the share of them | `fields` (all keys of the target), `all` (false), `case` (true), `numbers_from_strings` (false) |
//! | `likelihood` | the model finds the target likelier than every other choice; for tasks with `method = "likelihood"` | `per`: `byte`, `token`, `none` (`byte`) |
//!
//! `case = true` means everywhere that upper and lower case differ. Each file in `scorers/` says
//! precisely what its scorer accepts. A target may be a list of acceptable answers for `exact`,
//! `numeric`, `contains` and `regex`.
//!
//! Invariants, for every scorer: the same input gives the same score; only the answer is judged,
//! never its reasoning; an answer in which nothing is visible is "empty completion", and an answer in
//! which nothing can be found is not extracted, which is not the same as wrong; hostile text of any
//! kind neither panics nor takes more than linear time.
//!
//! It refuses, before any call: unknown scorers and parameters, wrong values, and samples that lack
//! what the scorer needs.

mod commands;
mod find_json;
mod json_equal;
mod params;
mod registry;
mod rule;
mod schema;
mod scorers;
mod statement;
mod suggest;
mod target;
mod text;

#[cfg(test)]
mod testing;

pub use commands::{Commands, programs};
pub use registry::{Registry, build, build_allowing, digest_of, names};
