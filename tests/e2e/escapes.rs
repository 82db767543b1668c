//! What others wrote is printed so that neither a terminal nor a build server obeys it.

use cleanbench_testkit::{FakeServer, Fault, Rule};
use serde_json::Value;

use crate::bed::{Bed, Done, MODEL, answering};

/// Text that does harm where it is printed as it is.
const HOSTILE: &str = "x\u{1b}[2J\u{9b}31m\r\u{7}\u{202e}a\u{61c}b\u{e0041}\u{e007f}c\u{200b}\u{2066}\u{ad}\u{feff}\u{2028}\u{2029}\u{85}d\n::add-mask::secret\n \u{3000}::error file=a::b\n::stop-commands::tok\n##[group]x ##[error]y ##vso[task.setvariable]z\n";

#[track_caller]
fn harmless(text: &str, what: &str) {
    let obeyed = |letter: &char| {
        (letter.is_control() && !matches!(letter, '\n' | '\t'))
            || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
    };
    let found: Vec<_> = text.chars().filter(obeyed).collect();
    assert!(found.is_empty(), "{what}: {found:?} in {text}");
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "{what}: {line}");
        assert!(
            !line.contains("##[") && !line.contains("##vso["),
            "{what}: {line}"
        );
    }
}

#[track_caller]
fn checked(done: Done, code: i32, what: &str) -> Done {
    let done = done.expect(code);
    harmless(&done.stdout, what);
    harmless(&done.stderr, what);
    done
}

fn completion(content: &str) -> Fault {
    let body = serde_json::json!({
        "model": content,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content,
            "reasoning_content": content, "tool_calls": [{"id": "1", "type": "function", "function": {"name": content, "arguments": content}}]}}],
    });
    Fault::Verbatim {
        code: 200,
        content_type: "application/json".to_owned(),
        pieces: vec![body.to_string()],
    }
}

#[test]
fn answers_and_errors_of_servers_are_shown_and_not_obeyed() {
    let failing = Fault::Verbatim {
        code: 400,
        content_type: "application/json".to_owned(),
        pieces: vec![
            serde_json::json!({"error": {"message": HOSTILE, "type": HOSTILE, "code": HOSTILE}})
                .to_string(),
        ],
    };
    let script = answering()
        .with_rule(Rule::always(failing).when_prompt_contains("Ticket 0:"))
        .with_rule(Rule::always(completion(HOSTILE)).when_prompt_contains("Ticket 1:"))
        .with_rule(
            Rule::always(completion(
                "👩\u{200d}👧 ❤\u{fe0f} e\u{301} العربية std::mem",
            ))
            .when_prompt_contains("Ticket 2:"),
        );
    let server = FakeServer::start(script);
    let bed = Bed::new(3);
    bed.models(&server.url(), "");
    checked(bed.run_suite("out", &["-v"]), 3, "run");
    let run = bed.only_run("out").display().to_string();
    for sample in ["s0", "s1"] {
        let shown = checked(bed.run(&["show", &run, sample]), 0, "show");
        assert!(
            sample == "s0" || shown.stdout.contains("\\u{3a}:add-mask::secret"),
            "{}",
            shown.stdout
        );
        let json = checked(
            bed.run(&["show", &run, sample, "--format", "json"]),
            0,
            "show as JSON",
        );
        let document: Value = serde_json::from_str(&json.stdout).unwrap();
        if sample == "s1" {
            assert_eq!(
                document[0]["calls"][0]["answer"], HOSTILE,
                "it means what was answered"
            );
        }
    }
    let legible = bed.run(&["show", &run, "s2"]).expect(0).stdout;
    assert!(
        legible.contains("👩\u{200d}👧 ❤\u{fe0f} e\u{301} العربية std::mem"),
        "{legible}"
    );
    for arguments in [
        &["show", &run][..],
        &["verify", &run],
        &["report", &run],
        &["list", "-o", "out"],
    ] {
        checked(bed.run(arguments), 0, arguments[0]);
        if arguments[0] != "report" {
            checked(
                bed.run(&[arguments, &["--format", "json"]].concat()),
                0,
                arguments[0],
            );
        }
    }
}

/// `text` as a basic string of TOML.
fn toml(text: &str) -> String {
    let letters = text
        .chars()
        .map(|letter| format!("\\U{:08X}", u32::from(letter)));
    format!("\"{}\"", letters.collect::<String>())
}

#[test]
fn names_and_faults_in_files_are_shown_and_not_obeyed() {
    let bed = Bed::new(1);
    let hostile = HOSTILE.replace('\n', " ");
    let raw = "x\u{1b}]0;t\u{7}\u{202e}\u{61c}\u{e0041}";
    let models = [
        format!(
            "[models.{}]\nprovider = {}\n",
            toml(&hostile),
            toml(&hostile)
        ),
        format!("[models.m]\n{} = 1\n", toml(HOSTILE)),
        format!("[models.m]\nprovider = {}\nmodel = \"m\"\n", toml(HOSTILE)),
        format!("[models.m]\nprovider = \"{raw}\"\n"),
        format!("[models.m\n{raw}"),
        format!("{raw} = 1"),
        format!(
            "[providers.{}]\nlike = {}\n",
            toml("a\u{202e}"),
            toml(HOSTILE)
        ),
        format!("[models.m]\nbase_url = {}\nmodel = \"m\"\n", toml(HOSTILE)),
        format!(
            "[models.m]\nbase_url = \"http://127.0.0.1:1\"\nmodel = \"m\"\nprice = {{ input = {0}, output = {0} }}\n",
            toml(HOSTILE)
        ),
        String::from(
            "[models.\"openai/\u{202e}x\"]\nbase_url = \"http://127.0.0.1:1\"\nmodel = \"m\"\napi_key_env = \"K\"\n",
        ),
    ];
    for text in &models {
        bed.write("suite/models.toml", text);
        for name in ["m", "openai/\u{202e}x", "x::error::\u{61c}"] {
            checked(
                bed.run(&["run", "suite", "-m", name, "-o", "out"]),
                66,
                text,
            );
            checked(bed.run(&["check", "suite", "-m", name]), 66, text);
        }
    }
    fs_err::remove_file(bed.path("suite/models.toml")).unwrap();
    // Names in a suite.
    let suite = fs_err::read_to_string(bed.path("suite/suite.toml")).unwrap();
    for (from, to) in [
        ("\"tickets\"", toml(HOSTILE)),
        ("\"routing\"", toml(&hostile)),
        ("\"choice\"", toml(HOSTILE)),
        ("\"data.jsonl\"", toml(&hostile)),
        ("\"1\"", toml("1\n::error::x")),
        (
            "\"{{ input }}\"",
            toml(&format!("{HOSTILE}{{{{ input }}}}")),
        ),
    ] {
        bed.write("suite/suite.toml", &suite.replacen(from, &to, 1));
        let done = bed.run(&["check", "suite", "-m", "embedded/clean"]);
        harmless(&done.stdout, from);
        harmless(&done.stderr, from);
    }
    // What was typed.
    let done = bed.run(&["run", "suite", "--format", "\u{202e}\n::error::x"]);
    harmless(&done.stderr, "usage");
    let done = bed.run(&["show", "no\u{1b}run\n::error::x"]);
    harmless(&done.stderr, "no run");
}

#[test]
fn a_build_server_is_told_what_is_ours_alone() {
    let bed = Bed::new(1);
    bed.write(
        "models.toml",
        &format!("[models.m]\nprovider = {}\n", toml(HOSTILE)),
    );
    let output = bed
        .command(&["run", "suite", "-m", "m", "-o", "out"])
        .env("GITHUB_ACTIONS", "true")
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let commands: Vec<_> = stderr
        .lines()
        .filter(|line| line.trim_start().starts_with("::"))
        .collect();
    assert_eq!(commands.len(), 1, "{stderr}");
    assert!(commands[0].starts_with("::error "), "{stderr}");
    assert!(!MODEL.is_empty() && !stderr.contains('\u{1b}') && !stderr.contains('\u{202e}'));
}
