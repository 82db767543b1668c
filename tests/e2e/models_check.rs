//! `cleanbench models` and `cleanbench models check`: what is printed, what is kept, how it ends.

use cleanbench_testkit::{Answers, FakeServer, Fault, Script};
use serde_json::Value;

use crate::bed::{Bed, MODEL, read};

const KEY: &str = "sk-canary-e2e-models";
const ANSWER: &str = "Every ship that comes home at night is led by the old tower on the cliff";

fn bed(script: Script) -> (Bed, FakeServer) {
    let server = FakeServer::start(script);
    let bed = Bed::new(1);
    bed.models(&server.url(), "api_key_env = \"BED_KEY\"");
    bed.write(".env", &format!("BED_KEY={KEY}\n"));
    bed.trust();
    (bed, server)
}

fn answering() -> Script {
    Script {
        require_key: Some(KEY.to_owned()),
        ..Script::answering(Answers::Fixed(ANSWER.to_owned()))
    }
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_list_names_models_and_keys_without_a_socket() {
    let (bed, server) = bed(answering());
    let text = bed.run(&["models"]).expect(0).stdout;
    for part in [
        MODEL,
        "embedded/leaked",
        "vllm/MODEL",
        "BED_KEY (set)",
        "OPENAI_API_KEY (not set)",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json = bed.run(&["models", "--format", "json"]).expect(0).stdout;
    let document = parse(&json);
    assert_eq!(document["schema"], "cleanbench/models/1");
    assert_eq!(document["models"][0]["name"], MODEL);
    assert_eq!(document["models"][0]["key_set"], true);
    assert_eq!(document["models"][0]["protocol"], "openai");
    let providers = document["providers"].as_array().unwrap();
    let of = |prefix: &str| {
        providers
            .iter()
            .find(|one| one["prefix"] == prefix)
            .unwrap()
    };
    assert_eq!(of("openai/")["key_set"], false);
    assert_eq!(of("vllm/")["key_set"], Value::Null);
    assert!(!text.contains(KEY) && !json.contains(KEY));
    assert_eq!(server.totals().connections, 0);
    bed.run(&["models", "--models", "absent.toml"]).expect(66);
}

#[test]
fn what_was_found_is_kept_until_asked_again() {
    let (bed, server) = bed(answering());
    let check = |more: &[&str]| {
        let mut arguments = vec!["models", "check", MODEL];
        arguments.extend(more);
        bed.run(&arguments).expect(0)
    };
    let first = check(&[]).stdout;
    for part in ["reachable", "yes", "goes on with and after", "measured"] {
        assert!(first.contains(part), "{part}: {first}");
    }
    assert!(!first.contains("--refresh"), "{first}");
    let requests = server.totals().requests;
    assert!((15..40).contains(&requests), "{requests}");
    let connections = server.totals().connections;

    let second = check(&[]).stdout;
    assert!(second.contains("`--refresh` asks again"), "{second}");
    let document = parse(&check(&["--format", "json"]).stdout);
    assert_eq!(document["schema"], "cleanbench/models-check/1");
    let model = &document["models"][0];
    assert_eq!(model["from_before"], true);
    assert_eq!(model["report"]["schema"], "cleanbench/capabilities/1");
    assert_eq!(model["report"]["findings"][0]["capability"], "reachable");
    assert_eq!(model["report"]["findings"][0]["verdict"], "yes");
    assert_eq!(server.totals().connections, connections, "nobody was asked");

    let kept = bed.path(".cache/cleanbench/models");
    let files: Vec<_> = fs_err::read_dir(&kept)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert!(!fs_err::read_to_string(&files[0]).unwrap().contains(KEY));

    check(&["--refresh"]);
    assert!(server.totals().requests >= 2 * requests - 1);
    // A file that cannot be read is no reason to fail.
    fs_err::write(&files[0], "{").unwrap();
    let asked = server.totals().requests;
    check(&[]);
    assert!(server.totals().requests > asked);
}

#[test]
fn a_cache_that_cannot_be_written_costs_a_warning() {
    let (bed, _server) = bed(answering());
    bed.write(".cache", "no folder");
    let done = bed.run(&["models", "check", "-m", MODEL]).expect(0);
    assert!(
        done.stderr.contains("warning: the result is not kept"),
        "{}",
        done.stderr
    );
    assert!(done.stdout.contains("reachable"), "{}", done.stdout);
}

#[test]
fn the_exit_code_says_whether_anybody_answered() {
    let script = Script {
        require_key: Some("another key".to_owned()),
        ..Script::default()
    };
    let (bed, server) = bed(script);
    let refused = bed.run(&["models", "check", MODEL]).expect(69);
    assert!(refused.stderr.contains("401"), "{}", refused.stderr);
    let json = bed
        .run(&["models", "check", MODEL, "--format", "json"])
        .expect(69);
    let error = parse(&json.stdout)["models"][0]["error"].clone();
    assert!(error.as_str().unwrap().contains("401"), "{error}");
    // Too busy is another matter, and nothing to remember.
    server.set_script(Script::failing(Fault::Status {
        code: 429,
        retry_after: None,
        error: None,
    }));
    bed.run(&["models", "check", MODEL]).expect(75);
    drop(server);
    bed.run(&["models", "check", MODEL]).expect(69);
    // One that nobody answers for does not keep the next from being asked.
    let both = bed
        .run(&["models", "check", MODEL, "embedded/clean"])
        .expect(69);
    assert!(both.stdout.contains("likelihood"), "{}", both.stdout);
    bed.run(&["models", "check"]).expect(2);
    bed.run(&["models", "check", "no-such-model"]).expect(66);
    bed.run(&["models", "check", "embedded/none"]).expect(66);
    let needs_key = bed.run(&["models", "check", "openai/gpt"]).expect(66);
    assert!(
        needs_key.stderr.contains("OPENAI_API_KEY"),
        "{}",
        needs_key.stderr
    );
}

#[test]
fn an_embedded_model_is_checked_in_the_process() {
    let bed = Bed::new(1);
    let done = bed
        .run(&["models", "check", "embedded/leaked", "--format", "json"])
        .expect(0);
    let report = parse(&done.stdout)["models"][0]["report"].clone();
    let findings = report["findings"].as_array().unwrap();
    for wanted in ["deterministic", "seed", "max_tokens", "stop", "likelihood"] {
        let found = findings
            .iter()
            .find(|one| one["capability"] == wanted)
            .unwrap();
        assert_eq!(found["verdict"], "yes", "{found}");
    }
    assert!(!bed.path(".cache").exists());
}

/// A suite that weighs given texts, of one question.
const WEIGHING: &str = "name = \"weighing\"\nversion = \"1\"\n\n[[task]]\nname = \"towers\"\ndata = \"towers.jsonl\"\n\
    prompt = \"{{ input }}\"\nchoices = [\"yes\", \"no\"]\nmethod = \"likelihood\"\nscorers = [\"likelihood\"]\n";

#[test]
fn likelihoods_are_asked_for_as_a_check_found_to_work() {
    let (bed, _server) = bed(answering());
    bed.write("weighing/suite.toml", WEIGHING);
    let question = "{\"id\": \"1\", \"input\": \"Is it old?\", \"target\": \"yes\"}\n";
    bed.write("weighing/towers.jsonl", question);
    let check = || {
        bed.run(&["check", "weighing", "-m", MODEL])
            .expect(0)
            .stderr
    };
    assert!(!check().contains("likelihoods"), "nothing is known yet");
    bed.run(&["models", "check", MODEL]).expect(0);
    assert!(!check().contains("likelihoods"), "no way was found to work");
    let kept = bed.path(".cache/cleanbench/models");
    let kept = fs_err::read_dir(&kept).unwrap().next().unwrap().unwrap();
    let mut report = parse(&fs_err::read_to_string(kept.path()).unwrap());
    let findings = report["report"]["findings"].as_array_mut().unwrap();
    let echo = findings
        .iter_mut()
        .find(|one| one["capability"] == "likelihood_echo")
        .unwrap();
    echo["verdict"] = Value::from("yes");
    fs_err::write(kept.path(), report.to_string()).unwrap();
    let told = "is asked for likelihoods as \"echo\", which `models check` found to work";
    assert!(check().contains(told));
    // The scripted server tells no likelihoods, and is asked for them in this way.
    let run = bed.run(&[
        "run",
        "weighing",
        "-m",
        MODEL,
        "-o",
        "found",
        "--max-retries",
        "0",
    ]);
    assert!(run.stderr.contains(told), "{}", run.stderr);
    let recorded = parse(&read(&bed.only_run("found"), "run.json"));
    let endpoint = &recorded["plan"]["models"][0]["endpoint"];
    assert_eq!(endpoint["likelihood"], "echo", "{endpoint}");
    // A suite that weighs nothing, and a models file that says how, are left alone.
    bed.run_suite("plain", &[]);
    let recorded = parse(&read(&bed.only_run("plain"), "run.json"));
    let endpoint = &recorded["plan"]["models"][0]["endpoint"];
    assert!(endpoint.get("likelihood").is_none(), "{endpoint}");
}
