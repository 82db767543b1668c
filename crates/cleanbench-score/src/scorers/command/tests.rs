//! What programs may do, and what comes of it. The programs are lines for `/bin/sh`.

use std::time::{Duration, Instant};

use cleanbench_core::{Extraction, Score, Scorer, ScorerSpec};
use serde_json::{Value, json};

use crate::testing::{completion, faulty, sample, spec};
use crate::{Commands, build, build_allowing, programs};

fn shell(line: &str) -> ScorerSpec {
    let params = json!({"program": "/bin/sh", "args": ["-c", line], "timeout": 5});
    spec("command", params)
}

fn allowed(spec: &ScorerSpec) -> Box<dyn Scorer> {
    build_allowing(spec, &Commands::allowed("/usr/bin:/bin".into())).unwrap()
}

fn score(line: &str) -> Score {
    allowed(&shell(line)).score(&sample(json!("x"), &[]), &completion("an \"answer\"\n"))
}

fn broken(line: &str, reason: &str) {
    match score(line).extraction {
        Extraction::Broken(found) => assert!(found.contains(reason), "{line}: {found}"),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn what_a_program_says() {
    let half = score(r#"echo '{"score": 0.5}'"#);
    assert_eq!(half, Score::share(0.5, "an \"answer\""));
    let read = score(r#"echo '{"score": 1, "answer": "read", "reason": "fits"}'"#);
    assert_eq!(read, Score::share(1.0, "read"));
    let nothing = score(r#"echo '{"score": 0, "answer": null}'"#);
    assert_eq!(nothing, Score::not_extracted("the command found no answer"));
    let empty = allowed(&shell("exit 1")).score(&sample(json!("x"), &[]), &completion(" "));
    assert_eq!(empty, Score::not_extracted("empty completion"));
}

#[test]
fn what_a_program_gets() {
    let echoed = score(
        r#"tr -d '\n' | sed 's/"/\\"/g; s/\\\\"/'"'"'/g; s/^/{"score":1,"answer":"/; s/$/"}/; s/\\n//g'"#,
    );
    let Extraction::Found(input) = echoed.extraction else {
        panic!("{echoed:?}");
    };
    assert!(
        input.contains(r#""target":"x""#) && input.contains("answer"),
        "{input}"
    );
    assert!(!input.contains("reasoning"), "{input}");
    // Nothing but PATH, besides what the shell itself sets.
    let environment = score(
        r#"printf '{"score":1,"answer":"%s"}' "$(env | grep -v -e ^PWD= -e ^OLDPWD= -e ^SHLVL= -e ^_= | tr '\n' ' ')""#,
    );
    assert_eq!(
        environment.extraction,
        Extraction::Found("PATH=/usr/bin:/bin ".to_owned())
    );
    let folder = score(r#"printf '{"score":1,"answer":"%s"}' "$(ls -A | wc -l)""#);
    assert_eq!(folder.extraction, Extraction::Found("0".to_owned()));
}

#[test]
fn whatever_goes_wrong_is_no_score() {
    broken("exit 3", "`/bin/sh` ended with exit code 3");
    broken(r#"echo '{"score": 1}'; exit 1"#, "exit code 1");
    broken("kill -9 $$", "by a signal");
    broken("echo right", "no JSON object");
    broken("true", "no JSON object");
    broken(r#"echo '{"score": 2}'"#, "from 0 to 1");
    broken(r#"echo '{"score": "1"}'"#, "from 0 to 1");
    broken("echo '{}'", "from 0 to 1");
    broken(r#"echo '{"score": 1, "answer": null}'"#, "for no answer");
    broken(r#"echo '{"score": 1, "answer": 3}'"#, "no text");
    broken(r#"echo '{"score": 1, "mark": 3}'"#, "unknown key \"mark\"");
    broken(
        r#"echo '{"score": null, "reason": "no key"}'"#,
        "gives no score: no key",
    );
    broken("yes", "more than 1048576 bytes");
    let missing = allowed(&spec(
        "command",
        json!({"program": "cleanbench-no-such-program"}),
    ));
    let found = missing.score(&sample(json!("x"), &[]), &completion("a"));
    assert!(
        matches!(found.extraction, Extraction::Broken(reason) if reason.contains("not be started"))
    );
}

#[test]
fn a_program_that_hangs_is_killed_with_what_it_started() {
    let spec = spec(
        "command",
        json!({"program": "/bin/sh", "args": ["-c", "sleep 30 & sleep 30"], "timeout": 1}),
    );
    let start = Instant::now();
    let found = allowed(&spec).score(&sample(json!("x"), &[]), &completion("a"));
    assert!(
        matches!(found.extraction, Extraction::Broken(reason) if reason.contains("longer than 1 s"))
    );
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn without_permission_nothing_runs() {
    let marker = tempfile::tempdir().unwrap();
    let file = marker.path().join("ran");
    let line = format!("touch {}; echo '{{\"score\":1}}'", file.display());
    let nested = spec(
        "weighted",
        json!({"scorers": [{"type": "command", "program": "/bin/sh", "args": ["-c", line]}]}),
    );
    for spec in [shell(&line), nested.clone()] {
        let scorer = build(&spec).unwrap();
        assert!(!scorer.repeatable());
        let found = scorer.score(&sample(json!("x"), &[]), &completion("a"));
        assert!(
            matches!(found.extraction, Extraction::Broken(reason) if reason.contains("not allowed"))
        );
        assert!(!file.exists());
        assert_eq!(programs(&spec), [format!("/bin/sh -c {line}")]);
    }
    let found = allowed(&nested).score(&sample(json!("x"), &[]), &completion("a"));
    assert!((found.value - 1.0).abs() < 1e-12 && file.exists());
}

#[test]
fn specifications_that_are_refused() {
    let with = |more: Value| {
        let mut params = json!({"program": "judge"});
        params
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        spec("command", params)
    };
    faulty(&spec("command", json!({})), "program", "is missing");
    faulty(
        &with(json!({"program": "./judge"})),
        "program",
        "an empty folder",
    );
    faulty(&with(json!({"args": "-v"})), "args", "a list of texts");
    faulty(&with(json!({"timeout": 0})), "timeout", "from 1 to 3600");
    faulty(
        &with(json!({"revision": []})),
        "revision",
        "a text or a number",
    );
    faulty(&with(json!({"shell": true})), "shell", "unknown parameter");
    let digest = |spec: &ScorerSpec| spec.digest(1);
    assert_ne!(
        digest(&with(json!({"revision": 1}))),
        digest(&with(json!({"revision": 2})))
    );
}
