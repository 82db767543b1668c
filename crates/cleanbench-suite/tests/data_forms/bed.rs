//! Suites of one task in temporary folders.

use std::path::Path;

use cleanbench_core::{Completion, Sample, Score, Scorer, ScorerCatalog, ScorerSpec, SpecError};
use cleanbench_suite::{Catalog, Grants, Loaded, Pulse, Rendered, Severity, Suite, load};

/// Knows every scorer by name; each wants a target, `number` one that is a number, and `texts` compares texts.
pub(crate) struct Any;

#[derive(Debug)]
struct Wanting {
    number: bool,
    texts: bool,
}

impl Scorer for Wanting {
    fn version(&self) -> u32 {
        1
    }

    fn compares_texts(&self) -> bool {
        self.texts
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        match &sample.target {
            None => Err("the sample has no target".to_owned()),
            Some(target) => {
                let text = target
                    .as_str()
                    .map_or_else(|| target.to_string(), str::to_owned);
                if self.number && text.parse::<f64>().is_err() {
                    return Err(format!("the target holds {target}, which is no number"));
                }
                Ok(())
            }
        }
    }

    fn score(&self, sample: &Sample, completion: &Completion) -> Score {
        let right = sample.target == Some(serde_json::json!(completion.text));
        Score::verdict(right, &completion.text)
    }
}

impl ScorerCatalog for Any {
    fn build(&self, spec: &ScorerSpec) -> Result<Box<dyn Scorer>, Vec<SpecError>> {
        Ok(Box::new(Wanting {
            number: spec.kind == "number",
            texts: spec.kind == "texts",
        }))
    }
}

/// A suite's folder.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    /// One task over the file `name`, with further lines `keys`.
    pub(crate) fn new(name: &str, bytes: &[u8], keys: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write(name, bytes);
        let keys = if keys.contains("scorers") {
            keys.to_owned()
        } else {
            format!("scorers = [\"any\"]\n{keys}")
        };
        let text = format!("name = \"s\"\n[[task]]\nname = \"t\"\ndata = \"{name}\"\n{keys}\n");
        folder.write("suite.toml", text.as_bytes());
        folder
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs_err::write(self.0.path().join(name), bytes).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn load(&self) -> Loaded {
        let catalog = Catalog {
            scorers: &Any,
            probes: &[],
        };
        load(self.path(), catalog, &Grants::default(), &Pulse::default())
    }

    /// `file:line:column: message` of every diagnostic.
    pub(crate) fn faults(&self) -> Vec<String> {
        let found = self.load().diagnostics.into_iter();
        let shown = found.map(|d| {
            let path = d.path.strip_prefix(self.path()).unwrap().display();
            format!("{path}:{}:{}: {}", d.line, d.column, d.message)
        });
        shown.collect()
    }

    pub(crate) fn hints(&self) -> Vec<String> {
        let found = self.load().diagnostics.into_iter();
        found.map(|d| d.hint.unwrap_or_default()).collect()
    }

    /// The suite, which must have no errors.
    #[track_caller]
    pub(crate) fn suite(&self) -> Suite {
        let loaded = self.load();
        let errors = loaded.diagnostics.iter();
        let errors = errors.filter(|d| d.severity == Severity::Error);
        let shown: Vec<_> = errors.map(ToString::to_string).collect();
        loaded
            .suite
            .unwrap_or_else(|| panic!("{}", shown.join("\n")))
    }

    /// Its samples as they are streamed.
    #[track_caller]
    pub(crate) fn samples(&self) -> Vec<Sample> {
        self.rendered().into_iter().map(|r| r.sample).collect()
    }

    #[track_caller]
    pub(crate) fn rendered(&self) -> Vec<Rendered> {
        let suite = self.suite();
        suite.tasks[0].samples().collect::<Result<_, _>>().unwrap()
    }

    /// `question -> target` of every sample.
    #[track_caller]
    pub(crate) fn pairs(&self) -> Vec<String> {
        let samples = self.samples().into_iter();
        let pairs = samples.map(|sample| {
            let target = sample
                .target
                .map_or_else(String::new, |target| match target {
                    serde_json::Value::String(text) => text,
                    other => other.to_string(),
                });
            format!("{} -> {target}", question(&sample.input))
        });
        pairs.collect()
    }
}

fn question(input: &cleanbench_core::sample::SampleInput) -> String {
    match input {
        cleanbench_core::sample::SampleInput::Input(text) => text.clone(),
        cleanbench_core::sample::SampleInput::Messages(messages) => messages
            .iter()
            .map(|message| message.content.as_str())
            .collect(),
    }
}
