//! Scorers: pure functions of a sample and a completion, and one that runs a program of the user's.
//!
//! | scorer | a completion is right when | parameters (default) |
//! |---|---|---|
//! | `exact` | it equals the target after normalisation | `normalize`: list of `trim`, `whitespace`, `case`, `punctuation`, `articles` (`["trim"]`) |
//! | `choice` | it names the target among the choices, by letter or text | `accept`: `both`, `letter`, `text` (`both`) |
//! | `numeric` | its number is near enough to the target | `tolerance` (0), `relative` (0), `take`: `last`, `first`, `only` (`last`), `locale` (`auto`) |
//! | `contains` | the target occurs in it | `all` (false), `case` (false), `words` (false) |
//! | `choices` | it names the right ones among the choices, where several are | `score`: `exact`, `jaccard`, `f1` (`exact`), `accept` as for `choice` |
//! | `quantity` | its number with a unit, converted, is near enough to the target | `tolerance` (0), `relative` (0), `take` (`last`), `locale` (`auto`), `bare`: `refuse`, `same` (`refuse`), `unit` |
//! | `regex` | what a pattern captures equals the target, the pattern matches, or the share of named groups that equal fields | `pattern` (required), `group` (1, or 0 where the pattern has no groups), `compare`: `target`, `match`, `groups` (`target`), `case` (true) |
//! | `f1` | share: overlap of words, as in `SQuAD` | none |
//! | `rouge_l` | share: longest common subsequence of words, as `rouge-score` | `tokens`: `rouge`, `words` (`rouge`) |
//! | `bleu` | share: n-grams of tokens, as `sacrebleu` for one sentence | `tokens`: `13a`, `char` (`13a`) |
//! | `chrf` | share: n-grams of characters, chrF2 as `sacrebleu` for one sentence | none |
//! | `edit_similarity` | share: characters that need no edit | `case` (true), `whitespace` (false) |
//! | `list` | share: items that it lists | `score`: `f1`, `precision`, `recall`, `exact` (`f1`), `ordered` (false), `duplicates` (false), `case` (false) |
//! | `math` | its formula is mathematically equal to the target | `digits` (none: exactly), `units` (false), `relations` (true) |
//! | `json_diff` | share: values of its JSON that equal the target's, by path | `extra`: `count`, `ignore` (`count`), `case` (true), `numbers_from_strings` (false) |
//! | `json_schema` | its JSON is valid by a schema | `schema` (the target) |
//! | `tool_call` | share: tools asked for, by name and arguments | `arguments`: `fields`, `exact`, `ignore` (`fields`), `schemas`, `ordered` (false), `from_text` (false), `case` (true) |
//! | `sql` | its query gives the rows of the target's query | `fixture` or `fixture_field` (required), `order`: `auto`, `always`, `never` (`auto`) |
//! | `refusal` | it declines, or does not, by lists of patterns in 30 languages | `expect`: `refused`, `answered`, `target` (`refused`) |
//! | `json_fields` | fields of its JSON object equal the target's; else the share of them | `fields` (all keys of the target), `all` (false), `case` (true), `numbers_from_strings` (false) |
//! | `likelihood` | the model finds the target likelier than every other choice; for tasks with `method = "likelihood"` | `per`: `byte`, `token`, `none` (`byte`) |
//! | `weighted` | share: weighted mean of other scorers | `scorers` (required) |
//! | `recorded` | the score that another harness's log gives an imported answer | `scorer` (the first of the log) |
//! | `command` | a program of the user's says how right; needs [`Commands`] | `program` (required), `args`, `timeout` (60), `revision` |
//!
//! Every scorer but `likelihood`, `weighted`, `recorded` and `command` also takes `reasoning_marks` (pairs of marks around reasoning,
//! beside those that are known) and `extract` (`{ after = "…" }` or `{ pattern = "…" }`: what is judged is what follows the
//! last of them, and without any the answer is not extracted); those that compare texts take `normal_form` (true): quotes,
//! dashes, spaces, full-width and composed characters that look the same are the same.
//!
//! `case = true` means everywhere that upper and lower case differ. Each file in `scorers/` says
//! precisely what its scorer accepts. A target may be a list of acceptable answers for `exact`,
//! `numeric`, `quantity`, `math`, `contains`, `regex` and the metrics of texts, which take the best of them.
//!
//! Invariants, for every scorer but `command`: the same input gives the same score; only the answer is judged,
//! never its reasoning; a score names the rule by which its answer was read; an answer in which nothing is visible is "empty completion", and an answer in
//! which nothing can be found is not extracted, which is not the same as wrong; hostile text of any
//! kind neither panics nor takes more than linear time; where work grows faster, it is bounded,
//! and what is beyond is not extracted; what may take long all the same is done by a child ([`confine`]). `command` runs only with a permission that reports never have; its
//! failures are failures of the scorer, and no scores.
//!
//! It refuses, before any call: unknown scorers and parameters, wrong values, and samples that lack
//! what the scorer needs.

mod attempts;
mod commands;
pub mod confine;
mod json_equal;
mod languages;
mod params;
mod reading;
mod registry;
mod rule;
mod schema;
mod schema_work;
mod scorers;
mod statement;
mod target;

#[cfg(test)]
mod testing;

pub use commands::{Commands, programs};
pub use registry::{Registry, build, build_allowing, digest_of, names};
pub use scorers::command::end_programs;

/// Whether `text` declines to answer, or may: the reading of the scorer `refusal`.
pub fn declines(text: &str) -> bool {
    scorers::refusal::declines(text)
}
