//! What `init --ci` writes, tried as the author of a build would: the steps of the generated workflow run
//! literally, one after the other, in a checkout of their own; GitHub is a folder of artifacts.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bed::{Bed, copy, read, table};

/// Stands for GitHub's own program: the last green run is whatever is in the folder `artifact`.
const GH: &str = r#"#!/usr/bin/env bash
set -e
case "$1 $2" in
    "run list")
        [ "$5 $6" = "--branch main" ]
        if [ -d "$ARTIFACT" ]; then echo 4711; fi ;;
    "run download")
        [ "$3 $4 $5 $6" = "4711 --name cleanbench-run --dir" ]
        mkdir -p "$7"
        cp -r "$ARTIFACT"/. "$7" ;;
    *) exit 9 ;;
esac
"#;

/// A repository with what `init --ci github` writes into an empty folder.
struct Repository {
    bed: Bed,
    jobs: u32,
}

/// A job that has run.
struct Job {
    folder: PathBuf,
    /// The exit code of each step by its name; steps behind one that failed did not run, but for those
    /// that always do.
    codes: Vec<(String, i32)>,
    /// What the step "Run" printed.
    log: String,
}

/// The steps with a `run`, as name and script: every `- name:` with the `run:` that follows it.
fn steps(workflow: &str) -> Vec<(String, String)> {
    let mut steps = Vec::new();
    let mut name = String::new();
    let mut lines = workflow.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(text) = line.trim().strip_prefix("- name: ") {
            text.clone_into(&mut name);
        }
        let Some(script) = line.trim().strip_prefix("run: ") else {
            continue;
        };
        let indent = line.len() - line.trim_start().len();
        let mut text = script.to_owned();
        if script == "|" {
            text.clear();
            while let Some(next) = lines.next_if(|next| {
                next.trim().is_empty() || next.len() - next.trim_start().len() > indent
            }) {
                text.push_str(next.get(indent + 2..).unwrap_or_default());
                text.push('\n');
            }
        }
        steps.push((name.clone(), text));
    }
    steps
}

impl Repository {
    fn new() -> Self {
        let bed = Bed::new(1);
        bed.write("bin/gh", GH);
        make_executable(&bed.path("bin/gh"));
        let done = bed.run(&["init", "repository", "--ci", "github"]).expect(0);
        assert!(done.stdout.contains("cleanbench.yml"), "{}", done.stdout);
        Self { bed, jobs: 0 }
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = format!("repository/suite/{file}");
        let text = read(&self.bed.path("repository/suite"), file);
        assert!(text.contains(from), "{file} has no {from}");
        self.bed.write(&path, &text.replacen(from, to, 1));
    }

    /// Runs the workflow's steps with what GitHub would set.
    fn job(&mut self, variables: &[(&str, &str)]) -> Job {
        self.jobs += 1;
        let folder = self.bed.path(&format!("job-{}", self.jobs));
        copy(&self.bed.path("repository"), &folder);
        let workflow = read(&folder, ".github/workflows/cleanbench.yml");
        let all = steps(&workflow);
        let names: Vec<_> = all.iter().map(|(name, _)| name.as_str()).collect();
        let expected = ["Install", "Check", "Fetch the baseline", "Run", "Verify"];
        assert_eq!(names, expected);
        let mut job = Job {
            folder,
            codes: Vec::new(),
            log: String::new(),
        };
        for (name, script) in all {
            assert!(
                !script.contains("${{"),
                "an expression in a script: {script}"
            );
            let failed = job.codes.iter().any(|(_, code)| *code != 0);
            let fresh = variables.contains(&("FRESH_BASELINE", "true"));
            let skipped = match name.as_str() {
                "Verify" => job.output("run_directory").is_none(),
                "Fetch the baseline" => failed || fresh,
                _ => failed,
            };
            if !skipped {
                self.step(&mut job, &name, &script, variables);
            }
        }
        job
    }

    fn step(&self, job: &mut Job, name: &str, script: &str, variables: &[(&str, &str)]) {
        let file = self.bed.path("step.sh");
        fs_err::write(&file, script).unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_cleanbench"))
            .parent()
            .unwrap();
        let bin = self.bed.path("bin");
        let path = format!("{}:{}:/usr/bin:/bin", bin.display(), program.display());
        let directory = job.output("run_directory").unwrap_or_default();
        let output = Command::new("bash")
            .arg("-e")
            .arg(&file)
            .current_dir(&job.folder)
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.bed.path("home"))
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_STEP_SUMMARY", job.folder.join("step-summary"))
            .env("GITHUB_OUTPUT", job.folder.join("step-output"))
            .env("ARTIFACT", self.bed.path("artifact"))
            .env("SUITE", "suite")
            .env("BASE_BRANCH", "main")
            .env("RUN_DIRECTORY", directory)
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        if name == "Run" {
            job.log.clone_from(&said);
        }
        let code = output.status.code().unwrap();
        assert!(
            code == 0 || name == "Run",
            "{name} ended with {code}:\n{said}"
        );
        job.codes.push((name.to_owned(), code));
    }

    /// What the step that uploads does.
    fn upload(&self, job: &Job) {
        copy(&job.folder.join("reports"), &self.bed.path("artifact"));
    }

    /// A repository whose last green run is the artifact.
    fn with_baseline() -> Self {
        let mut repository = Self::new();
        let job = repository.job(&[("FRESH_BASELINE", "true")]);
        job.expect(0);
        repository.upload(&job);
        repository
    }
}

impl Job {
    /// The exit code of the step "Run", and that of "Verify" must be 0.
    #[track_caller]
    fn expect(&self, code: i32) {
        let of = |name| self.codes.iter().find(|(step, _)| step == name);
        assert_eq!(of("Run").map(|step| step.1), Some(code), "{}", self.log);
        assert_eq!(of("Verify").map(|step| step.1), Some(0));
    }

    /// An output of the step "Run".
    fn output(&self, key: &str) -> Option<String> {
        let text = fs_err::read_to_string(self.folder.join("step-output")).ok()?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{key}=")));
        line.map(ToOwned::to_owned)
    }

    fn run(&self) -> PathBuf {
        self.folder.join(self.output("run_directory").unwrap())
    }

    fn summary(&self) -> String {
        let summary = read(&self.run(), "summary.md");
        assert_eq!(read(&self.folder, "step-summary"), summary);
        summary
    }

    /// Numbers of tests, failures and errors in `junit.xml`.
    fn junit(&self) -> [String; 3] {
        let text = read(&self.run(), "junit.xml");
        let document = roxmltree::Document::parse(&text).unwrap();
        let root = document.root_element();
        ["tests", "failures", "errors"].map(|name| root.attribute(name).unwrap().to_owned())
    }

    /// Samples that the summary names as worse.
    fn worse(&self) -> Vec<String> {
        let summary = self.summary();
        let rows = summary
            .lines()
            .filter_map(|line| line.strip_prefix("| worse | `"));
        rows.map(|row| row.split('`').next().unwrap().to_owned())
            .collect()
    }

    /// Samples with the score 0.
    fn wrong(&self) -> Vec<String> {
        let rows = table(&self.run(), "results.csv").into_iter();
        let wrong = rows.filter(|row| row["score"] == "0");
        wrong.map(|row| row["sample"].clone()).collect()
    }
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn the_first_run_has_no_baseline_and_says_so() {
    let mut repository = Repository::new();
    let job = repository.job(&[]);
    job.expect(75);
    assert_eq!(job.output("verdict").as_deref(), Some("inconclusive"));
    assert!(
        job.log.contains("::warning title=gate not evaluated"),
        "{}",
        job.log
    );
    assert!(
        job.summary().contains("| **not evaluated** |"),
        "{}",
        job.summary()
    );
    assert_eq!(job.junit(), ["4", "0", "0"], "not evaluated is skipped");
}

#[test]
fn nothing_changed_is_green() {
    let mut repository = Repository::with_baseline();
    let job = repository.job(&[]);
    job.expect(0);
    assert_eq!(job.output("verdict").as_deref(), Some("pass"));
    assert_eq!(job.output("exit").as_deref(), Some("0"));
    assert_eq!(job.output("gate_2").as_deref(), Some("pass"));
    assert_eq!(job.junit(), ["4", "0", "0"]);
    assert!(
        !job.log.contains("::error") && !job.log.contains("::warning"),
        "{}",
        job.log
    );
    assert!(
        job.summary().contains("every gate passed"),
        "{}",
        job.summary()
    );
    assert_eq!(job.worse(), [""; 0]);
}

#[test]
fn a_setting_that_spoils_the_answers_is_red_and_the_samples_are_named() {
    let mut repository = Repository::with_baseline();
    let model = "model = \"leaked\"";
    // Another setting is another question than another wording.
    repository.edit("suite.toml", "mode = \"prompt\"", "mode = \"choice\"");
    repository.edit(
        "models.toml",
        model,
        &format!("{model}\ngenerate = {{ stop = [\"e\"] }}"),
    );
    let job = repository.job(&[]);
    job.expect(100);
    assert_eq!(job.output("verdict").as_deref(), Some("fail"));
    assert!(job.log.contains("::error title=gate fail"), "{}", job.log);
    let worse = job.worse();
    assert!(worse.len() > 12, "{worse:?}");
    assert_eq!(worse, job.wrong());
    assert!(
        job.summary().contains("| `peacock` | `p` |"),
        "{}",
        job.summary()
    );
    assert_eq!(job.junit(), ["4", "2", "0"], "the floor and the comparison");
}

#[test]
fn targets_that_no_longer_fit_are_red_by_the_floor_alone_and_exactly_they_are_named() {
    let mut repository = Repository::with_baseline();
    let samples: Vec<_> = (1..=12)
        .map(|number| format!("record-{:03}", 2 * number))
        .collect();
    let path = repository.bed.path("repository/suite");
    let lines: String = read(&path, "data.jsonl")
        .lines()
        .map(|line| {
            let changed = samples.iter().any(|sample| line.contains(sample.as_str()));
            let (head, target) = line.split_once("\"target\":").unwrap();
            let target = if changed { "\"nothing\"}" } else { target };
            format!("{head}\"target\":{target}\n")
        })
        .collect();
    repository.bed.write("repository/suite/data.jsonl", &lines);
    let job = repository.job(&[]);
    job.expect(100);
    assert_eq!(job.wrong(), samples);
    // The same answers to other targets are no regression.
    assert_eq!(job.worse(), [""; 0]);
    let anew = "the target or metadata of 12 samples changed";
    assert!(job.summary().contains(anew), "{}", job.summary());
}

#[test]
fn a_gate_that_so_few_samples_cannot_decide_is_neither_green_nor_red() {
    let mut repository = Repository::with_baseline();
    repository.edit("suite.toml", "margin = 0.15", "margin = 0.03");
    let job = repository.job(&[]);
    job.expect(75);
    assert_eq!(job.output("verdict").as_deref(), Some("inconclusive"));
    assert!(
        job.log.contains("::warning title=gate inconclusive"),
        "{}",
        job.log
    );
    assert_eq!(job.junit(), ["4", "0", "1"]);
}

#[test]
fn a_fork_without_keys_has_recorded_answers_scored_again() {
    let mut repository = Repository::with_baseline();
    // What the model is no longer matters: nothing is sent.
    let model = "provider = \"embedded\"\nmodel = \"leaked\"";
    let remote =
        "base_url = \"https://llm.invalid/v1\"\nmodel = \"m\"\napi_key_env = \"NO_SUCH_KEY\"";
    repository.edit("models.toml", model, remote);
    repository.edit("suite.toml", "mode = \"prompt\"", "mode = \"choice\"");
    let job = repository.job(&[("FROM_FORK", "true")]);
    job.expect(0);
    let calls = table(&job.run(), "calls.csv");
    assert_eq!(calls.len(), 24);
    assert!(calls.iter().all(|call| !call["from_cache"].is_empty()));
    let suite = repository.bed.path("repository/suite");
    let lines = read(&suite, "data.jsonl").replace("\"target\":\"", "\"target\":\"un");
    repository.bed.write("repository/suite/data.jsonl", &lines);
    let job = repository.job(&[("FROM_FORK", "true")]);
    job.expect(100);
    assert_eq!(job.wrong().len(), 24);
}

/// The prompt that `init` writes, and what a pull request makes of it.
const PROMPT: &str = "prompt = \"{{ input }}\\nAnswer:\"";

/// A job of a pull request that changes the prompt, and the line of its gate against the base branch.
fn with_prompt(repository: &mut Repository, prompt: &str) -> (Job, String) {
    repository.edit("suite.toml", PROMPT, &format!("prompt = \"{prompt}\""));
    let job = repository.job(&[]);
    let lines = job.log.lines();
    let mut lines = lines.filter(|line| line.contains("below the baseline"));
    let line = lines.next().unwrap_or_default().to_owned();
    (job, line)
}

#[test]
fn a_new_prompt_that_is_no_worse_is_green() {
    let mut repository = Repository::with_baseline();
    let (job, gate) = with_prompt(&mut repository, "Please.\\n{{ input }}\\nAnswer:");
    job.expect(0);
    assert_eq!(job.output("verdict").as_deref(), Some("pass"));
    assert_eq!(job.output("gate_2").as_deref(), Some("pass"));
    assert!(
        gate.contains("pass") && gate.trim_end().ends_with("24"),
        "{gate}"
    );
    assert!(
        job.summary().contains("of 24 that both have an answer to"),
        "{}",
        job.summary()
    );
    assert_eq!(job.worse(), [""; 0]);
}

#[test]
fn a_new_prompt_that_spoils_the_answers_is_red_and_the_samples_are_named() {
    let mut repository = Repository::with_baseline();
    let (job, _) = with_prompt(&mut repository, "{{ input }}\\nThe answer:");
    job.expect(100);
    assert_eq!(job.output("verdict").as_deref(), Some("fail"));
    assert_eq!(job.output("gate_2").as_deref(), Some("fail"));
    assert!(job.log.contains("::error title=gate fail"), "{}", job.log);
    let worse = job.worse();
    assert!(worse.len() > 12, "{worse:?}");
    assert_eq!(worse, job.wrong());
}

#[test]
fn a_new_prompt_that_so_few_samples_cannot_judge_is_neither_green_nor_red() {
    let mut repository = Repository::with_baseline();
    repository.edit("suite.toml", "margin = 0.15", "margin = 0.03");
    let (job, _) = with_prompt(&mut repository, "Please.\\n{{ input }}\\nAnswer:");
    job.expect(75);
    assert_eq!(job.output("verdict").as_deref(), Some("inconclusive"));
    assert_eq!(job.output("gate_2").as_deref(), Some("inconclusive"));
    let title = "::warning title=gate inconclusive";
    assert!(job.log.contains(title), "{}", job.log);
}

/// Nothing is on record of what a fork asks in other words, and nothing that is missing helps to pass.
#[test]
fn a_new_prompt_of_a_fork_is_never_green() {
    let mut repository = Repository::with_baseline();
    repository.edit(
        "suite.toml",
        PROMPT,
        "prompt = \"Please.\\n{{ input }}\\nAnswer:\"",
    );
    let job = repository.job(&[("FROM_FORK", "true")]);
    let code = job.codes.iter().find(|(step, _)| step == "Run").unwrap().1;
    assert!([75, 100].contains(&code), "{code}: {}", job.log);
    assert_eq!(job.output("gate_2").as_deref(), Some("inconclusive"));
}

#[test]
fn a_run_that_cannot_be_made_tells_github_why() {
    let mut repository = Repository::with_baseline();
    repository.edit("models.toml", "model = \"leaked\"", "model = \"leeked\"");
    let bed = &repository.bed;
    let done = bed
        .command(&["run", "repository/suite"])
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_OUTPUT", bed.path("told"))
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(66));
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(
        said.contains("::error title=cleanbench::there is no embedded model"),
        "{said}"
    );
    assert_eq!(read(&bed.path(""), "told"), "verdict=error\nexit=66\n");
    repository.edit("models.toml", "leeked", "leaked");
    repository.job(&[]).expect(0);
}

#[test]
fn init_replaces_nothing_unless_it_is_told_to_and_never_the_key() {
    let bed = Bed::new(1);
    bed.run(&["init", "new"]).expect(0);
    assert!(!bed.path("new/.github").exists());
    let key = read(&bed.path("new"), "suite/suite.key");
    bed.write("new/suite/suite.toml", "mine");
    let refused = bed.run(&["init", "new", "--ci", "gitlab"]).expect(73);
    assert!(
        refused.stderr.contains("suite.toml` is there already"),
        "{}",
        refused.stderr
    );
    assert!(
        !bed.path("new/.gitlab-ci.yml").exists(),
        "half of it was written"
    );
    assert_eq!(read(&bed.path("new"), "suite/suite.toml"), "mine");
    bed.run(&["init", "new", "--ci", "gitlab", "--force"])
        .expect(0);
    assert_ne!(read(&bed.path("new"), "suite/suite.toml"), "mine");
    assert_eq!(read(&bed.path("new"), "suite/suite.key"), key);
    bed.run(&["check", "new/suite"]).expect(0);
}

#[test]
fn the_script_for_gitlab_is_one_that_a_shell_reads() {
    let bed = Bed::new(1);
    bed.run(&["init", "new", "--ci", "gitlab"]).expect(0);
    let job = read(&bed.path("new"), ".gitlab-ci.yml");
    let (_, script) = job.split_once("    - |\n").unwrap();
    let (script, _) = script.split_once("  artifacts:").unwrap();
    bed.write("script.sh", script);
    let file = bed.path("script.sh");
    let read = Command::new("bash").arg("-n").arg(file).status().unwrap();
    assert!(read.success(), "{script}");
    assert!(script.contains("cleanbench \"$@\""), "{script}");
}
