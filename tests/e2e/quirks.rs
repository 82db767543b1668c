//! Habits of servers that a run must know, each seen at a fake server: what it is sent, and what is made of its answers.

use cleanbench_testkit::{Answers, FakeServer, Fault, Rule, Script};
use serde_json::Value;

use crate::bed::{Bed, MODEL, answering, manifest, read, table};

const KEY: &str = "canary-e2e-quirks-0123";

fn recording(script: Script) -> Script {
    Script {
        record: 16,
        ..script
    }
}

/// A bed with `samples` samples whose models file has `entry`, in which `URL` is that of a server.
fn bed(samples: usize, entry: &str, script: Script) -> (Bed, FakeServer) {
    let server = FakeServer::start(recording(script));
    let bed = Bed::new(samples);
    enter(&bed, &server, entry);
    (bed, server)
}

fn enter(bed: &Bed, server: &FakeServer, entry: &str) {
    let entry = entry.replace("URL", &server.url());
    bed.write("models.toml", &format!("[models.{MODEL}]\n{entry}\n"));
    bed.trust();
}

const PLAIN: &str = "base_url = \"URL\"\nmodel = \"m\"\n";

fn bodies(server: &FakeServer) -> Vec<Value> {
    let bodies = server.seen_bodies();
    assert!(!bodies.is_empty(), "nobody was asked");
    bodies
        .iter()
        .map(|body| serde_json::from_str(body).unwrap())
        .collect()
}

/// A suite of one question that is answered by `target`, exactly.
fn exact(bed: &Bed, target: &str) {
    let text = manifest("private", "exact");
    let text = text.lines().filter(|line| !line.starts_with("choices"));
    let text: Vec<_> = text.collect();
    bed.write("suite/suite.toml", &text.join("\n"));
    let sample = serde_json::json!({"id": "s0", "input": "what?", "target": target});
    bed.write("suite/data.jsonl", &format!("{sample}\n"));
}

#[test]
fn an_empty_list_of_stop_texts_clears_those_of_the_suite() {
    let (bed, server) = bed(2, PLAIN, answering());
    let text = manifest("private", "choice")
        .replace("max_tokens = 16", "max_tokens = 16, stop = [\"\\n\"]");
    bed.write("suite/suite.toml", &text);
    bed.run_suite("with", &[]).expect(0);
    assert!(bodies(&server).iter().all(|body| body["stop"][0] == "\n"));
    server.set_script(recording(answering()));
    enter(&bed, &server, &format!("{PLAIN}generate = {{ stop = [] }}"));
    bed.run_suite("without", &["--no-cache"]).expect(0);
    let last = bodies(&server).pop().unwrap();
    assert_eq!(last["stop"], Value::Null, "{last}");
    let run = bed.only_run("without");
    bed.run(&["verify", run.to_str().unwrap()]).expect(0);
}

#[test]
fn a_model_that_reasons_is_not_sent_what_it_refuses() {
    let entry = |model: &str, more: &str| {
        format!("provider = \"openai\"\nbase_url = \"URL\"\nmodel = \"{model}\"\n{more}")
    };
    for (model, more, expect) in [
        ("o3-mini", "", None),
        ("gpt-5-nano-2025-08-07", "", None),
        ("o1", "generate = { temperature = 1 }", Some(1.0)),
        ("gpt-4o", "", Some(0.0)),
        ("gpt-5-chat-latest", "", Some(0.0)),
    ] {
        let (bed, server) = bed(1, &entry(model, more), answering());
        let checked = bed.run(&["check", "suite", "-m", MODEL]).expect(0);
        let is_told = checked
            .stdout
            .contains("without temperature, which it refuses");
        assert_eq!(is_told, expect.is_none(), "{model}: {}", checked.stdout);
        let done = bed.run_suite("out", &[]).expect(0);
        let is_told = done
            .stderr
            .contains("is asked without temperature in task `routing`");
        assert_eq!(is_told, expect.is_none(), "{model}: {}", done.stderr);
        for body in bodies(&server) {
            assert_eq!(body["temperature"].as_f64(), expect, "{model}: {body}");
            assert_eq!(body["max_completion_tokens"], 16, "{body}");
        }
        let run = bed.only_run("out");
        let record: Value = serde_json::from_str(&read(&run, "run.json")).unwrap();
        let omitted = &record["plan"]["models"][0]["effective"][0]["omitted"];
        assert_eq!(omitted[0] == "temperature", expect.is_none(), "{omitted}");
    }
}

#[test]
fn an_address_keeps_the_version_behind_its_path() {
    let entry = "provider = \"azure\"\nbase_url = \"URL/?api-version=2024-10-21\"\nmodel = \"m\"\n\
                 api_key_env = \"BED_KEY\"\n";
    let (bed, server) = bed(1, entry, answering());
    bed.write(".env", &format!("BED_KEY={KEY}\n"));
    bed.trust();
    bed.run_suite("out", &[]).expect(0);
    for request in server.seen() {
        if request.body.is_empty() {
            continue;
        }
        assert_eq!(request.path, "/v1/chat/completions?api-version=2024-10-21");
        let header = |name: &str| request.headers.iter().find(|(known, _)| known == name);
        assert_eq!(header("api-key").map(|(_, key)| key.as_str()), Some(KEY));
        assert_eq!(header("authorization"), None);
    }
    let run = bed.only_run("out");
    assert!(!read(&run, "run.json").contains(KEY));
    bed.run(&["verify", run.to_str().unwrap()]).expect(0);
    // What may hold a secret is refused, and not repeated.
    enter(
        &bed,
        &server,
        "base_url = \"URL?key=canary-query\"\nmodel = \"m\"",
    );
    let refused = bed.run(&["check", "suite", "-m", MODEL]).expect(66);
    assert!(refused.stderr.contains("query"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("canary"), "{}", refused.stderr);
}

#[test]
fn a_model_without_a_role_for_the_system_hears_it_from_the_user() {
    let (bed, server) = bed(1, &format!("{PLAIN}system = \"merge\""), answering());
    let text =
        manifest("private", "choice").replace("prompt =", "system = \"Be brief.\"\nprompt =");
    bed.write("suite/suite.toml", &text);
    bed.run_suite("out", &[]).expect(0);
    for body in bodies(&server) {
        let messages = body["messages"].as_array().unwrap();
        assert_eq!(messages.len(), 1, "{body}");
        assert_eq!(messages[0]["role"], "user");
        let content = messages[0]["content"].as_str().unwrap();
        assert!(content.starts_with("Be brief.\n\nTicket 0"), "{content}");
    }
    let run = bed.only_run("out");
    bed.run(&["verify", run.to_str().unwrap()]).expect(0);
}

#[test]
fn a_profile_that_was_never_tried_says_so_wherever_it_is_shown() {
    let entry = "provider = \"minimax\"\nbase_url = \"URL\"\nmodel = \"m\"\n";
    let (bed, _server) = bed(1, entry, answering());
    let listed = bed.run(&["models"]).expect(0).stdout;
    let of = |name: &str| {
        let line = listed
            .lines()
            .find(|line| line.trim_start().starts_with(name))
            .unwrap();
        line.contains("(untested)")
    };
    assert!(of(MODEL) && of("minimax/MODEL"), "{listed}");
    assert!(!of("deepseek/MODEL"), "{listed}");
    let json = bed.run(&["models", "--format", "json"]).expect(0).stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["models"][0]["untested"], true);
    let check = bed.run(&["check", "suite", "-m", MODEL]).expect(0);
    assert!(
        check.stdout.contains("profile minimax: untested"),
        "{}",
        check.stdout
    );
    let done = bed.run_suite("out", &[]).expect(0);
    assert!(
        done.stderr.contains("`minimax`, which is untested"),
        "{}",
        done.stderr
    );
    let asked = bed.run(&["models", "check", MODEL]);
    assert!(
        asked.stdout.contains("minimax is untested"),
        "{}",
        asked.stdout
    );
}

#[test]
fn one_bad_entry_of_the_models_file_costs_itself_alone() {
    let (bed, _server) = bed(1, PLAIN, answering());
    let good = read(&bed.path("."), "models.toml");
    let text = format!(
        "{good}\n[models.bad]\nbase_url = \"http://127.0.0.1:9/v1\"\nmodel = \"m\"\nstream = \"yes\"\n\
         [providers.odd]\nprefill = \"perhaps\"\n"
    );
    bed.write("models.toml", &text);
    bed.run(&["trust", "."]).expect(0);
    for arguments in [
        &["check", "suite", "-m", MODEL][..],
        &["run", "suite", "-m", MODEL, "-o", "out"],
        &["models"],
    ] {
        let done = bed.run(arguments).expect(0);
        for words in [
            "warning: model `bad` cannot be used: ",
            "`stream` must be true or false",
            "warning: provider `odd` cannot be used: ",
        ] {
            assert!(
                done.stderr.contains(words),
                "{arguments:?}: {}",
                done.stderr
            );
        }
    }
    for name in ["bad", "odd/m"] {
        let refused = bed.run(&["check", "suite", "-m", name]).expect(66);
        assert!(
            refused.stderr.contains("models.toml:"),
            "{}",
            refused.stderr
        );
    }
}

fn verbatim(code: u16, content_type: &str, body: &str) -> Script {
    Script::failing(Fault::Verbatim {
        code,
        content_type: content_type.to_owned(),
        pieces: vec![body.to_owned()],
    })
}

#[test]
fn halves_of_letters_and_numbers_that_are_none_lose_no_call() {
    let stream = |pieces: &[&str]| {
        let chunk = |piece: &&str| {
            format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{piece}\"}}}}]}}\n\n")
        };
        let chunks: String = pieces.iter().map(chunk).collect();
        let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"x\":NaN}\n\ndata: [DONE]\n\n";
        verbatim(200, "text/event-stream", &(chunks + end))
    };
    let whole = |content: &str| {
        let body = format!(
            "{{\"choices\":[{{\"message\":{{\"content\":\"{content}\"}},\"finish_reason\":\"stop\",\
             \"logprobs\":{{\"content\":[{{\"token\":\"a\",\"logprob\":-Infinity}}]}}}}],\"score\":NaN}}"
        );
        verbatim(200, "application/json", &body)
    };
    for (script, target) in [
        (stream(&[r"so \ud83d", r"\ude00", " it is"]), "so 😀 it is"),
        (stream(&[r"so \ud83d", " it is"]), "so \u{fffd} it is"),
        (whole(r"so \ude00 it is"), "so \u{fffd} it is"),
        (whole(r"NaN \ud83d\ude00"), "NaN 😀"),
    ] {
        let (bed, server) = bed(1, &format!("{PLAIN}stream = true"), script);
        exact(&bed, target);
        bed.run_suite("out", &[]).expect(0);
        let run = bed.only_run("out");
        let rows = table(&run, "results.csv");
        assert_eq!(rows[0]["outcome"], "answered", "{target}");
        assert_eq!(rows[0]["score"], "1", "{target}: {:?}", rows[0]);
        assert_eq!(server.totals().requests, 1);
        bed.run(&["verify", run.to_str().unwrap()]).expect(0);
    }
}

#[test]
fn what_does_not_fit_is_asked_once_whatever_the_status() {
    for (code, said) in [
        (
            400,
            "This model's maximum context length is 8 tokens. However, you requested 9 tokens",
        ),
        (413, "prompt is too long: 9 tokens > 8 maximum"),
        (
            422,
            "`inputs` tokens + `max_new_tokens` must be <= 8. Given: 9 `inputs` tokens",
        ),
        (
            429,
            "the request exceeds the available context size, try increasing it",
        ),
        (
            500,
            "The input (9 tokens) is longer than the model's context length (8 tokens).",
        ),
        (503, "input length exceeds the context length"),
        (
            500,
            "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 8]",
        ),
    ] {
        let body = serde_json::json!({"error": {"message": said, "type": "some_error"}});
        let fault = verbatim(code, "application/json", &body.to_string())
            .faults
            .remove(0)
            .fault;
        let rule = Rule::always(fault).when_prompt_contains("Ticket 3:");
        let (bed, server) = bed(6, PLAIN, answering().with_rule(rule));
        let done = bed.run_suite("out", &[]).expect(3);
        assert_eq!(server.totals().requests, 6, "{code}: asked again");
        let run = bed.only_run("out");
        let rows = table(&run, "results.csv");
        let refused: Vec<_> = rows
            .iter()
            .filter(|row| row["outcome"] == "refused")
            .collect();
        assert_eq!(refused.len(), 1, "{code}");
        let words = format!("1 × HTTP {code}, the prompt does not fit the model's context");
        assert!(done.stderr.contains(&words), "{}", done.stderr);
        bed.run(&["verify", run.to_str().unwrap()]).expect(0);
    }
}

#[test]
fn reasoning_in_marks_that_are_named_is_not_judged() {
    let said = "<plan>perhaps network</plan>billing";
    let marked = format!("{PLAIN}reasoning_marks = [[\"<plan>\", \"</plan>\"]]");
    let of_provider = format!(
        "provider = \"lab\"\n{PLAIN}[providers.lab]\nreasoning_marks = [[\"<plan>\", \"</plan>\"]]"
    );
    for (entry, score) in [(PLAIN, "0"), (&marked, "1"), (&of_provider, "1")] {
        let script = Script::answering(Answers::Fixed(said.to_owned()));
        let (bed, _server) = bed(1, entry, script);
        exact(&bed, "billing");
        bed.run_suite("out", &[]).expect(0);
        let run = bed.only_run("out");
        assert_eq!(table(&run, "results.csv")[0]["score"], score, "{entry}");
        let is_on_record = read(&run, "run.json").contains("reasoning_marks");
        assert_eq!(is_on_record, score == "1");
        bed.run(&["verify", run.to_str().unwrap()]).expect(0);
    }
}
