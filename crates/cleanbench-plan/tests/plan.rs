//! What is refused and what is noted, each kind of it once, and what a plan rests on.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cleanbench_core::{Caps, Shard};
use cleanbench_engine::prepare;
use cleanbench_ledger::manifest::{Missing, Only, Role, SelectionPlan};
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_ledger::replay::SampleName;
use cleanbench_ledger::{Manifest, RunDirectory};
use cleanbench_plan::connect::Variables;
use cleanbench_plan::earlier_run::{EarlierRun, Narrowed};
use cleanbench_plan::options::{BaselineOptions, ModelOptions, RunOptions, Surroundings};
use cleanbench_plan::replay::Source;
use cleanbench_plan::run::plan;
use cleanbench_plan::suite::load_suite;
use cleanbench_plan::support::Nothing;
use cleanbench_plan::trust::Trust;
use cleanbench_plan::{ErrorKind, PlanError, rerun, score};
use cleanbench_suite::{Grants, Pulse};
use tempfile::TempDir;

/// The variables of a test.
#[derive(Debug, Default)]
struct Fixed(BTreeMap<String, String>);

impl Variables for Fixed {
    fn get(&self, name: &str) -> Result<Option<String>, PlanError> {
        Ok(self.0.get(name).cloned())
    }
}

const TASK: &str = "[[task]]\nname = \"routing\"\ndata = \"data.jsonl\"\nprompt = \"{{ input }}\"\n\
    choices = [\"yes\", \"no\"]\nscorers = [\"choice\"]\n";
const OTHER: &str = "[[task]]\nname = \"other\"\ndata = \"data.jsonl\"\nprompt = \"{{ input }}\"\n\
    choices = [\"yes\", \"no\"]\nscorers = [\"choice\"]\n";
/// Probes, and a task that has controls in another.
const PROBED: &str = "control = { task = \"other\", kind = \"sibling\" }\n\n[[task]]\nname = \"other\"\n\
    data = \"data.jsonl\"\nprompt = \"{{ input }}\"\nchoices = [\"yes\", \"no\"]\nscorers = [\"choice\"]\n\
    \n[probes]\nuse = [\"completion\"]\n";
const PAIRED: &str = "[[gate]]\nmetric = \"accuracy\"\ntest = \"non_inferiority\"\nmargin = 0.1\n";
const FLOOR: &str = "[[gate]]\nmetric = \"accuracy\"\ntest = \"floor\"\nmin = 0.1\n";

/// A suite, an output folder and whatever a test needs beside them.
struct Bench {
    dir: TempDir,
}

impl Bench {
    fn new(manifest: &str) -> Self {
        let bench = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        bench.suite(manifest);
        bench.data(&["1", "2", "3"]);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs_err::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs_err::write(self.path(name), text).unwrap();
    }

    fn suite(&self, manifest: &str) {
        let head = "name = \"tickets\"\nversion = \"1\"\n\n";
        self.write("suite/suite.toml", &format!("{head}{manifest}"));
    }

    fn data(&self, ids: &[&str]) {
        let lines = ids.iter().map(|id| {
            format!("{{\"id\": \"{id}\", \"input\": \"question {id}\", \"target\": \"yes\"}}\n")
        });
        self.write("suite/data.jsonl", &lines.collect::<String>());
    }

    /// Makes a key unwritable, for whoever runs the tests.
    fn block_key(&self) {
        std::os::unix::fs::symlink("/no/such/folder/key", self.path("suite/suite.key")).unwrap();
    }

    fn options(&self, model: &str) -> RunOptions {
        RunOptions {
            models: ModelOptions {
                models: vec![model.to_owned()],
                ..ModelOptions::default()
            },
            out: self.path("out"),
            ..RunOptions::default()
        }
    }

    /// Plans a run; its notes besides.
    fn plan(&self, options: &RunOptions, earlier: &EarlierRun) -> Planned {
        let mut notes = Vec::new();
        let result = self.planned(options, earlier, &mut notes);
        Planned { result, notes }
    }

    fn planned(
        &self,
        options: &RunOptions,
        earlier: &EarlierRun,
        notes: &mut Vec<Note>,
    ) -> Result<RunDirectory, PlanError> {
        let variables = Fixed::default();
        let trust = Trust::in_folder(Some(self.path("config")));
        let around = Surroundings {
            folder: self.dir.path(),
            variables: &variables,
            trust: &trust,
            supported: &Nothing,
            today: "2026-11-29",
            tool: "test",
        };
        let loaded = load_suite(
            Some(&self.path("suite")),
            around.folder,
            &Grants::default(),
            &Pulse::default(),
        )?;
        notes.extend(loaded.notes());
        let new = plan(options, earlier, &loaded.suite, around, notes)?;
        let opened = prepare(new.draft, new.samples).unwrap();
        notes.extend(earlier.uncommon(&loaded.suite, &opened.manifest.plan.tasks));
        Ok(opened.run)
    }

    /// A run that is planned and was never asked.
    fn earlier(&self) -> RunDirectory {
        let options = self.options("embedded/clean");
        self.plan(&options, &EarlierRun::default()).result.unwrap()
    }

    fn word(run: &RunDirectory) -> String {
        run.path().display().to_string()
    }
}

struct Planned {
    result: Result<RunDirectory, PlanError>,
    notes: Vec<Note>,
}

impl Planned {
    #[track_caller]
    fn refused(self, kind: ErrorKind, words: [&str; 2]) {
        let error = self.result.unwrap_err();
        assert_eq!(error.kind, kind, "{error}: {:?}", error.diagnostics);
        let [what, hint] = words;
        assert!(error.to_string().contains(what), "{error}");
        let hints = error.hints.join("\n");
        assert!(hints.contains(hint), "{hints}");
    }

    #[track_caller]
    fn noted(&self, kind: NoteKind, words: &str) {
        assert!(self.result.is_ok(), "{:?}", self.result);
        noted(&self.notes, kind, words);
    }
}

#[track_caller]
fn noted(notes: &[Note], kind: NoteKind, words: &str) {
    let found: Vec<_> = notes.iter().filter(|note| note.kind == kind).collect();
    assert_eq!(found.len(), 1, "{notes:?}");
    assert!(found[0].text.contains(words), "{notes:?}");
}

/// One case: how the bench is changed, and what is asked for.
type Case = fn(&Bench) -> RunOptions;

fn embedded(bench: &Bench) -> RunOptions {
    bench.options("embedded/clean")
}

/// A reference beside the model under test.
fn beside(bench: &Bench, reference: &str) -> RunOptions {
    let mut options = embedded(bench);
    options.models.references.push(reference.to_owned());
    options
}

/// A model of the models file with these lines in its entry.
fn entry(bench: &Bench, lines: &str) -> RunOptions {
    let text = format!("[models.m]\nbase_url = \"http://127.0.0.1:9/v1\"\nmodel = \"m\"\n{lines}");
    // The user's own, so that it is granted what it asks for.
    bench.write("config/models.toml", &text);
    bench.options("m")
}

type Refusal = (Case, ErrorKind, [&'static str; 2]);

/// Each is refused with its kind and what to do, and leaves no run behind.
#[track_caller]
fn refuse(cases: &[Refusal]) {
    for (case, kind, words) in cases {
        let bench = Bench::new(TASK);
        let options = case(&bench);
        let runs = || fs_err::read_dir(bench.path("out")).map_or(0, Iterator::count);
        let before = runs();
        let planned = bench.plan(&options, &EarlierRun::default());
        planned.refused(*kind, *words);
        assert_eq!(runs(), before, "nothing is left of {words:?}");
    }
}

#[test]
fn what_was_asked_for_and_makes_no_sense_is_refused() {
    refuse(&[
        (
            |bench| RunOptions {
                models: ModelOptions::default(),
                ..embedded(bench)
            },
            ErrorKind::Usage,
            ["no model named", "pass `-m`"],
        ),
        (
            |bench| {
                let mut options = embedded(bench);
                options.models.models.push("embedded/clean".to_owned());
                options
            },
            ErrorKind::Usage,
            ["is named twice", ""],
        ),
        (
            |bench| {
                bench.suite(&format!("{TASK}{PROBED}"));
                beside(bench, "embedded/clean")
            },
            ErrorKind::Usage,
            [
                "`embedded/clean` is under test, and cannot be a reference",
                "cannot have seen",
            ],
        ),
        (
            |bench| {
                let mut options = entry(bench, "");
                options.models.references = vec!["http://127.0.0.1:9/v1#m".to_owned()];
                options
            },
            ErrorKind::Usage,
            ["both are the same model at the same endpoint", ""],
        ),
        (
            |bench| beside(bench, "embedded/leaked"),
            ErrorKind::Usage,
            ["`-R embedded/leaked`: no probe is put", "leave `-R` out"],
        ),
        (
            |bench| {
                let mut options = beside(bench, "embedded/leaked");
                options.models.models.clear();
                options
            },
            ErrorKind::Usage,
            ["no model named", "pass `-m`"],
        ),
        (
            |bench| {
                let mut options = embedded(bench);
                options.select.tasks.push("nothing".to_owned());
                options
            },
            ErrorKind::NothingSelected,
            ["no task `nothing`", "its tasks are `routing`"],
        ),
        (
            |bench| {
                let mut options = embedded(bench);
                options.select.tags.push("nothing".to_owned());
                options
            },
            ErrorKind::NothingSelected,
            ["no task of the suite is selected", "lists tasks and tags"],
        ),
        (
            |bench| {
                bench.suite(&format!("{TASK}epochs = 3\nreducer = \"pass@3\"\n"));
                let mut options = embedded(bench);
                options.select.epochs = Some(1);
                options
            },
            ErrorKind::Usage,
            ["too few", "leave `--epochs` out"],
        ),
        (
            |bench| {
                bench.suite("[[task]]\nname = \"routing\"\n");
                embedded(bench)
            },
            ErrorKind::SuiteInvalid,
            ["has", ""],
        ),
    ]);
}

#[test]
fn what_labels_keys_and_settings_forbid_is_refused() {
    refuse(&[
        (
            |bench| bench.options("embedded/nothing"),
            ErrorKind::ConfigInvalid,
            ["no embedded model", "`embedded/clean`"],
        ),
        (
            |bench| bench.options("https://example.com/v1#m"),
            ErrorKind::ConfigInvalid,
            ["task `routing` is private", "--allow-private example.com"],
        ),
        (
            |bench| {
                bench.suite(&format!("{TASK}sensitivity = \"public\"\n"));
                bench.options("openai/m")
            },
            ErrorKind::ConfigInvalid,
            ["`OPENAI_API_KEY` is not set", "export `OPENAI_API_KEY`"],
        ),
        (
            |bench| {
                bench.suite(&TASK.replace(
                    "\"choice\"",
                    "{ type = \"command\", program = \"/bin/judge\", args = [] }",
                ));
                embedded(bench)
            },
            ErrorKind::ConfigInvalid,
            ["judged by a program", "--allow-commands"],
        ),
        (
            |bench| {
                bench.suite(&format!("{TASK}epochs = 2\n{FLOOR}early_stop = true\n"));
                embedded(bench)
            },
            ErrorKind::ConfigInvalid,
            ["cannot stop early", "leave `early_stop` out"],
        ),
        (
            |bench| RunOptions {
                caps: Caps {
                    tokens: Some(10),
                    ..Caps::default()
                },
                ..embedded(bench)
            },
            ErrorKind::ConfigInvalid,
            ["`max_tokens` is not set", "--best-effort-cap"],
        ),
    ]);
}

#[test]
fn files_that_cannot_be_used_are_refused() {
    refuse(&[
        (
            |bench| {
                bench.write("suite/suite.key", "no key");
                embedded(bench)
            },
            ErrorKind::ConfigInvalid,
            ["suite.key", "remove the file"],
        ),
        (
            |bench| {
                bench.block_key();
                RunOptions {
                    shard: Shard::new(1, 2),
                    ..embedded(bench)
                }
            },
            ErrorKind::CannotWrite,
            ["can never be merged", "on all machines"],
        ),
        (
            |bench| {
                bench.suite(&format!("{TASK}\n{PAIRED}"));
                let run = Bench::word(&bench.earlier());
                bench.write("suite/suite.key", &format!("{}\n", "7".repeat(64)));
                let baseline = Some(BaselineOptions {
                    run,
                    model: None,
                    anew: None,
                });
                RunOptions {
                    baseline,
                    ..embedded(bench)
                }
            },
            ErrorKind::ConfigInvalid,
            ["cannot be the baseline", ""],
        ),
        (
            |bench| {
                let run = bench.earlier();
                fs_err::write(run.file("run.json"), "{}").unwrap();
                let baseline = Some(BaselineOptions {
                    run: Bench::word(&run),
                    model: None,
                    anew: None,
                });
                RunOptions {
                    baseline,
                    ..embedded(bench)
                }
            },
            ErrorKind::Damaged,
            ["run.json", "lists every damaged place"],
        ),
    ]);
}

#[test]
fn what_people_must_know_of_a_plan_is_noted() {
    let cases: [(Case, NoteKind, &str); 7] = [
        (
            |bench| {
                bench.suite(&TASK.replace("{{ input }}", "Well?"));
                embedded(bench)
            },
            NoteKind::Suite,
            "suite.toml:7: no template uses `input`",
        ),
        (
            |bench| {
                bench.suite(&format!("{TASK}\n[probes]\nuse = [\"completion\"]\n"));
                embedded(bench)
            },
            NoteKind::NoProbes,
            "no selected task has controls",
        ),
        (
            |bench| {
                bench.suite(&format!("{TASK}\n{PAIRED}"));
                embedded(bench)
            },
            NoteKind::NoBaseline,
            "1 gates that compare with one are not evaluated",
        ),
        (
            |bench| {
                let entry = "[[quarantine]]\ntask = \"routing\"\nsample = \"1\"\nreason = \"odd\"\nuntil = \"2026-11-28\"\n";
                bench.write("suite/quarantine.toml", entry);
                embedded(bench)
            },
            NoteKind::QuarantineExpired,
            "sample `1` of task `routing` was in quarantine until 2026-11-28",
        ),
        (
            |bench| {
                bench.block_key();
                embedded(bench)
            },
            NoteKind::OwnKey,
            "will not pair with others",
        ),
        (
            |bench| {
                let caps = Caps {
                    cost: "1".parse().ok(),
                    best_effort: true,
                    ..Caps::default()
                };
                bench.suite(&format!("{TASK}generate = {{ max_tokens = 4 }}\n"));
                RunOptions {
                    caps,
                    ..entry(bench, "")
                }
            },
            NoteKind::BestEffortCap,
            "model `m` has no price; only what is known is counted",
        ),
        (
            |bench| entry(bench, "api_key_env = \"NO_SUCH_KEY\"\n"),
            NoteKind::NoKey,
            "`NO_SUCH_KEY` is not set",
        ),
    ];
    for (case, kind, words) in cases {
        let bench = Bench::new(TASK);
        let options = case(&bench);
        bench
            .plan(&options, &EarlierRun::default())
            .noted(kind, words);
    }
}

fn roles(run: &RunDirectory) -> Vec<(String, Role)> {
    let plan = Manifest::read(run).unwrap().plan;
    let models = plan.models.into_iter();
    models.map(|model| (model.name, model.role)).collect()
}

#[test]
fn references_are_planned_after_the_models_and_kept_by_a_replay() {
    let bench = Bench::new(&format!("{TASK}{PROBED}"));
    let none = EarlierRun::default();
    let planned = bench.plan(&beside(&bench, "embedded/leaked"), &none);
    let run = planned.result.unwrap();
    let expected = vec![
        ("embedded/clean".to_owned(), Role::Subject),
        ("embedded/leaked".to_owned(), Role::Reference),
    ];
    assert_eq!(roles(&run), expected);
    assert_eq!(Manifest::read(&run).unwrap().format, "cleanbench-run/1.7");
    let alone = bench.plan(&embedded(&bench), &none).result.unwrap();
    assert_eq!(Manifest::read(&alone).unwrap().format, "cleanbench-run/1.6");
    let mut options = bench.options("");
    options.models.models.clear();
    let replayed = EarlierRun::replayed(&options, &Bench::word(&run)).unwrap();
    let again = bench.plan(&options, &replayed).result.unwrap();
    assert_eq!(roles(&again), expected);
    options.models.references.push("embedded/leaked".to_owned());
    bench.plan(&options, &replayed).refused(
        ErrorKind::Usage,
        ["the models under test are not", "name those with `-m`"],
    );
}

/// Those of a suite are there for its probes; where none is put, they are not asked.
#[test]
fn references_of_a_suite_are_asked_where_probes_are_put() {
    let named = "references = [\"embedded/leaked\"]\n";
    let bench = Bench::new(&format!("{named}{TASK}{PROBED}"));
    let none = EarlierRun::default();
    let whole = bench.plan(&embedded(&bench), &none).result.unwrap();
    assert_eq!(roles(&whole).len(), 2);
    let mut options = embedded(&bench);
    options.select.tasks.push("other".to_owned());
    let part = bench.plan(&options, &none);
    let told = |note: &Note| {
        note.text
            .starts_with("`embedded/leaked` not asked: no probe is put")
    };
    assert!(part.notes.iter().any(told), "{:?}", part.notes);
    assert_eq!(
        roles(&part.result.unwrap()),
        [("embedded/clean".to_owned(), Role::Subject)]
    );
}

#[test]
fn a_proxy_is_noted() {
    let bench = Bench::new(&format!("{TASK}sensitivity = \"public\"\n"));
    let options = entry(&bench, "proxy = \"http://127.0.0.1:9\"\n");
    let planned = bench.plan(&options, &EarlierRun::default());
    planned.noted(NoteKind::Proxy, "is asked through the proxy 127.0.0.1:9");
}

#[test]
fn a_plain_plan_says_nothing_and_is_the_same_but_for_its_name_and_time() {
    let bench = Bench::new(TASK);
    let [one, two] = [bench.earlier(), bench.earlier()];
    let read = |run: &RunDirectory| {
        let manifest = cleanbench_ledger::Manifest::read(run).unwrap();
        let mut plan = manifest.plan.common();
        plan.created = String::new();
        plan
    };
    assert_eq!(read(&one), read(&two));
    let planned = bench.plan(&embedded(&bench), &EarlierRun::default());
    assert_eq!(planned.notes, []);
}

fn narrowed(run: &RunDirectory, selection: Option<Only>) -> EarlierRun {
    let manifest = cleanbench_ledger::Manifest::read(run).unwrap();
    let names = [SampleName::new("routing", "1")];
    let selection = selection.map(|only| SelectionPlan {
        from: manifest.run.clone(),
        only,
        samples: 1,
    });
    EarlierRun {
        replay: None,
        narrowed: Some(Narrowed {
            samples: Some(names.into()),
            folder: PathBuf::new(),
            manifest,
            selection,
        }),
        imported: None,
    }
}

#[test]
fn picked_samples_are_taken_alone_and_said_to_estimate_nothing() {
    let bench = Bench::new(&format!("{TASK}\n{FLOOR}"));
    let run = bench.earlier();
    let planned = bench.plan(&embedded(&bench), &narrowed(&run, Some(Only::Failed)));
    planned.noted(NoteKind::GatesLeftOut, "1 gates are not judged");
    planned.noted(NoteKind::PickedByResult, "because they were failed");
    let manifest = cleanbench_ledger::Manifest::read(&planned.result.unwrap()).unwrap();
    assert_eq!(manifest.plan.tasks[0].samples, 1);
    assert!(manifest.plan.gates.is_empty());
}

#[test]
fn what_is_on_one_side_only_is_noted() {
    let bench = Bench::new(&format!("{TASK}{OTHER}"));
    let run = bench.earlier();
    bench.suite(&format!("{TASK}{}", OTHER.replace("other", "later")));
    let planned = bench.plan(&embedded(&bench), &narrowed(&run, None));
    planned.noted(
        NoteKind::TaskGone,
        "task `other` of the run is not in the suite",
    );
    planned.noted(
        NoteKind::TasksNew,
        "1 tasks of the suite are not in the run",
    );
    bench.suite(&OTHER.replace("other", "later"));
    let refused = bench.plan(&embedded(&bench), &narrowed(&run, None));
    let words = ["none of the tasks", "the suite that the run was made of"];
    refused.refused(ErrorKind::NothingSelected, words);
}

#[test]
fn a_rescore_says_how_many_samples_are_not_on_both_sides() {
    let bench = Bench::new(TASK);
    let run = bench.earlier();
    bench.data(&["2", "3", "4", "5"]);
    let earlier = score::score(&bench.path("out"), &Bench::word(&run)).unwrap();
    let planned = bench.plan(&embedded(&bench), &earlier);
    planned.noted(
        NoteKind::SamplesNew,
        "2 samples of the suite are not in the run",
    );
    planned.noted(
        NoteKind::SamplesGone,
        "1 samples of the run are not in the suite",
    );
}

#[test]
fn changes_are_counted_by_what_changed() {
    let bench = Bench::new(TASK);
    let run = Bench::word(&bench.earlier());
    let load = || {
        load_suite(
            Some(&bench.path("suite")),
            Path::new(""),
            &Grants::default(),
            &Pulse::default(),
        )
        .unwrap()
    };
    let mut notes = Vec::new();
    let out = bench.path("out");
    let same = rerun::changed(&out, &run, &load().suite, &mut notes).unwrap_err();
    assert_eq!(same.kind, ErrorKind::NothingSelected, "{same}");
    let text = "{\"id\": \"1\", \"input\": \"question 1\", \"target\": \"no\"}\n\
        {\"id\": \"2\", \"input\": \"another\", \"target\": \"yes\"}\n\
        {\"id\": \"4\", \"input\": \"question 4\", \"target\": \"yes\"}\n";
    bench.write("suite/data.jsonl", text);
    rerun::changed(&out, &run, &load().suite, &mut notes).unwrap();
    let words = "1 inputs, 1 targets or fields alone, 1 new, 1 gone; 0 are as they were";
    noted(&notes, NoteKind::Changed, words);
}

#[test]
fn models_that_were_never_asked_cannot_be_replayed() {
    let bench = Bench::new(TASK);
    let run = bench.earlier();
    let replayed = Source::open(&bench.path("out"), &Bench::word(&run), Missing::Skip).unwrap();
    let earlier = EarlierRun {
        replay: Some(replayed),
        narrowed: None,
        imported: None,
    };
    let options = bench.options("embedded/leaked");
    let words = ["no answers of model", "its models are `embedded/clean`"];
    bench
        .plan(&options, &earlier)
        .refused(ErrorKind::Usage, words);
}
