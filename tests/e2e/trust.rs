//! What came along with a suite gets nothing that it asks for, unless the user named it or trusts it as it is.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use cleanbench_testkit::FakeServer;

use crate::bed::{Bed, CHOICES, Done, answering, data, manifest};
use crate::privacy::grep;

/// The value of every variable that a hostile file might name.
const CANARY: &str = "sk-CANARY-trust-71c09d";
/// Variables that are set to it.
const VARIABLES: [&str; 4] = [
    "OPENAI_API_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "GITHUB_TOKEN",
    "K",
];

/// A folder whose suite may be sent anywhere, beside it `text` as models file; and a server at `URL` in it.
fn scene(text: &str) -> (Bed, FakeServer) {
    let server = FakeServer::start(answering());
    let bed = Bed::new(2);
    bed.write("suite/suite.toml", &manifest("public", "choice"));
    bed.write("suite/models.toml", &text.replace("URL", &server.url()));
    (bed, server)
}

fn run(bed: &Bed, arguments: &[&str]) -> Done {
    let mut command = bed.command(arguments);
    for name in VARIABLES {
        command.env(name, CANARY);
    }
    let output = command.output().unwrap();
    Done {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn model(name: &str, more: &str) -> String {
    format!("[models.\"{name}\"]\nbase_url = \"URL\"\nmodel = \"m\"\n{more}\n")
}

fn provider(name: &str, more: &str) -> String {
    format!("[providers.\"{name}\"]\nbase_url = \"URL\"\n{more}\n")
}

/// Models files that ask for what is not theirs, with the model that is named.
fn hostile() -> Vec<(String, &'static str)> {
    let key = "api_key_env = \"AWS_SECRET_ACCESS_KEY\"";
    let of_lab = |more: &str| format!("[models.m]\nprovider = \"lab\"\nmodel = \"m\"\n{more}");
    vec![
        (model("openai/gpt-4o", ""), "openai/gpt-4o"),
        (
            model("openai/gpt-4o", "api_key_env = \"OPENAI_API_KEY\""),
            "openai/gpt-4o",
        ),
        (model("OpenAI/gpt-4o", ""), "OpenAI/gpt-4o"),
        (model("OPENAI/gpt-4o", ""), "OPENAI/gpt-4o"),
        (model(" openai/gpt-4o", ""), " openai/gpt-4o"),
        (model("\u{43e}penai/gpt-4o", ""), "\u{43e}penai/gpt-4o"),
        (model("open\u{200b}ai/gpt-4o", ""), "open\u{200b}ai/gpt-4o"),
        (model("anthropic/claude", ""), "anthropic/claude"),
        (
            model("deepseek/deepseek-chat", ""),
            "deepseek/deepseek-chat",
        ),
        (model("ollama/llama3.2", ""), "ollama/llama3.2"),
        (model("vllm/m", ""), "vllm/m"),
        (model("embedded/clean", ""), "embedded/clean"),
        (
            model("https://api.openai.com/v1#gpt-4o", ""),
            "https://api.openai.com/v1#gpt-4o",
        ),
        (provider("openai", ""), "openai/gpt-4o"),
        (
            provider("openai", "api_key_env = \"OPENAI_API_KEY\""),
            "openai/gpt-4o",
        ),
        (provider("openai", "like = \"openai\""), "openai/any"),
        (provider("OpenAI", ""), "OpenAI/gpt-4o"),
        (provider("ollama", ""), "ollama/llama3.2"),
        (provider("lab", key), "lab/m"),
        (provider("lab", key) + &of_lab(""), "m"),
        (
            provider("openai", "") + &model("m", "provider = \"openai\""),
            "m",
        ),
        (model("m", key), "m"),
        (model("m", "api_key_env = \"GITHUB_TOKEN\""), "m"),
        (model("m", "api_key_env = \"NOT_SET\""), "m"),
        (
            model("m", "provider = \"openai\"\napi_key_env = \"K\""),
            "m",
        ),
        (
            "[models.m]\nprovider = \"openai\"\nmodel = \"m\"\n".to_owned(),
            "m",
        ),
        (
            "[models.m]\nbase_url = \"https://api.openai.com/v1\"\nmodel = \"m\"\n".to_owned(),
            "m",
        ),
        (model("m", "allow = [\"private\"]"), "m"),
        (model("m", "allow = [\"secret\"]"), "m"),
        (model("m", "proxy = \"http://127.0.0.1:9\""), "m"),
        (model("m", "proxy = \"http://proxy.invalid:3128\""), "m"),
    ]
}

#[test]
fn nothing_that_a_stranger_asks_for_is_given() {
    let cases = hostile();
    assert!(cases.len() >= 25);
    for (text, spec) in cases {
        let (bed, server) = scene(&text);
        let name = &spec;
        let commands: [&[&str]; 4] = [
            &["run", "suite", "-m", name, "-o", "out"],
            &["run", "suite", "-m", name, "-o", "out", "-q"],
            &["check", "suite", "-m", name],
            &["run", "suite/suite.toml", "-m", name, "-o", "out"],
        ];
        for arguments in commands {
            let done = run(&bed, arguments).expect(66);
            for words in [
                "suite/models.toml:",
                "--models suite/models.toml",
                "cleanbench trust suite",
            ] {
                assert!(
                    done.stderr.contains(words),
                    "{text}\n{arguments:?}\n{}",
                    done.stderr
                );
            }
            assert!(!format!("{}{}", done.stdout, done.stderr).contains(CANARY));
        }
        assert_eq!(server.totals().connections, 0, "{text}");
        assert!(!bed.path("out").exists(), "{text}");
        assert_eq!(grep(&bed.path("."), CANARY), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn it_does_not_matter_where_the_file_was_found_or_who_asks() {
    let text = model("m", "api_key_env = \"K\"");
    let (bed, server) = scene(&text);
    // The suite names the model; the file is in the working folder, behind a link, or beside a suite that is here.
    let named = manifest("public", "choice").replacen("version", "models = [\"m\"]\nversion", 1);
    bed.write("suite/suite.toml", &named);
    run(&bed, &["run", "suite", "-o", "out"]).expect(66);
    let text = fs_err::read_to_string(bed.path("suite/models.toml")).unwrap();
    fs_err::remove_file(bed.path("suite/models.toml")).unwrap();
    bed.write("models.toml", &text);
    run(&bed, &["run", "suite", "-o", "out"]).expect(66);
    run(&bed, &["models", "check", "m"]).expect(66);
    let listed = run(&bed, &["models"]).expect(0);
    assert!(
        listed.stdout.contains("K (withheld: not trusted)"),
        "{}",
        listed.stdout
    );
    fs_err::rename(bed.path("models.toml"), bed.path("elsewhere.toml")).unwrap();
    std::os::unix::fs::symlink("../elsewhere.toml", bed.path("suite/models.toml")).unwrap();
    run(&bed, &["run", "suite", "-o", "out"]).expect(66);
    let mut command = bed.command(&["run", "-o", "out"]);
    command.current_dir(bed.path("suite")).env("K", CANARY);
    assert_eq!(command.output().unwrap().status.code(), Some(66));
    assert_eq!(server.totals().connections, 0);
}

#[test]
fn a_suite_does_not_choose_where_keys_go() {
    let own =
        |server: &FakeServer| model("lab", "api_key_env = \"K\"").replace("URL", &server.url());
    let choosing = |name: &str| {
        let models = format!("models = [\"{name}\"]\nversion");
        manifest("public", "choice").replacen("version", &models, 1)
    };
    let (bed, server) = scene("");
    for name in ["openai/gpt-4o", "anthropic/claude", "lab"] {
        bed.write("suite/suite.toml", &choosing(name));
        bed.write("config/cleanbench/models.toml", &own(&server));
        for command in [&["run", "suite", "-o", "out"][..], &["check", "suite"]] {
            let mut command = bed.command(command);
            command.env("XDG_CONFIG_HOME", bed.path("config"));
            command
                .env("OPENAI_API_KEY", CANARY)
                .env("ANTHROPIC_API_KEY", CANARY)
                .env("K", CANARY);
            let output = command.output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(66), "{name}: {said}");
            for words in [
                "suite/suite.toml: `models` names",
                "-m ",
                "cleanbench trust suite",
            ] {
                assert!(said.contains(words), "{words}: {said}");
            }
        }
    }
    assert_eq!(server.totals().connections, 0);
    let with_own = |arguments: &[&str]| {
        let mut command = bed.command(arguments);
        command
            .env("XDG_CONFIG_HOME", bed.path("config"))
            .env("K", CANARY);
        command.output().unwrap().status.code()
    };
    // Whoever names the model, the file of it, or trusts the suite as it is, gets it.
    assert_eq!(
        with_own(&["run", "suite", "-m", "lab", "-o", "out"]),
        Some(0)
    );
    let file = [
        "run",
        "suite",
        "-o",
        "out",
        "--models",
        "config/cleanbench/models.toml",
    ];
    assert_eq!(with_own(&file), Some(0));
    assert_eq!(with_own(&["trust", "suite"]), Some(0));
    assert_eq!(with_own(&["run", "suite", "-o", "out"]), Some(0));
    assert_eq!(server.totals().requests, 6);
    bed.write("suite/suite.toml", &(choosing("lab") + "\n"));
    assert_eq!(with_own(&["run", "suite", "-o", "out"]), Some(66));
    // A models file that is trusted in the suite's folder has the suite choose among its entries.
    fs_err::remove_file(bed.path("config/cleanbench/models.toml")).unwrap();
    bed.write("suite/models.toml", &own(&server));
    assert_eq!(with_own(&["run", "suite", "-o", "out"]), Some(66));
    assert_eq!(with_own(&["trust", "suite"]), Some(0));
    bed.write("suite/suite.toml", &(choosing("lab") + "\n\n"));
    assert_eq!(with_own(&["run", "suite", "-o", "out"]), Some(0));
}

#[test]
fn what_asks_for_nothing_works_at_once() {
    for more in [
        "",
        "allow = [\"public\"]",
        "generate = { max_tokens = 9 }",
        "extra_body = { top_k = 2 }",
    ] {
        let text =
            model("m", more) + &model("keyed", "api_key_env = \"K\"") + &model("openai/gpt-4o", "");
        let (bed, server) = scene(&text);
        run(&bed, &["run", "suite", "-m", "m", "-o", "out"]).expect(0);
        assert_eq!(server.totals().requests, 2);
        let checked = run(&bed, &["check", "suite", "-m", "m"]).expect(0);
        assert!(
            checked
                .stdout
                .contains("no key, may receive public, private; from suite/models.toml:1"),
            "{}",
            checked.stdout
        );
    }
}

#[test]
fn a_host_elsewhere_that_only_a_found_file_names_is_told_of_first() {
    let (bed, server) = scene("");
    // It leads here, and is none of the names of this machine.
    let far = server.url().replace("127.0.0.1", "0.0.0.0");
    let host = far.trim_start_matches("http://").replace("/v1", "");
    let models = |url: &str| model("m", "").replace("URL", url);
    let choosing = |name: &str| {
        let models = format!("models = [\"{name}\"]\nversion");
        manifest("public", "choice").replacen("version", &models, 1)
    };
    let told = |arguments: &[&str], by: Option<&str>| {
        for command in ["run", "check"] {
            let mut all = vec![command, "suite", "-q"];
            all.extend(arguments);
            if command == "run" {
                all.extend(["-o", "out"]);
            }
            let said = run(&bed, &all).expect(0).stderr;
            let wanted = by.map(|file| format!("asked at {host}: only {file}"));
            let is_told = said.contains("you neither named nor trusted");
            assert_eq!(is_told, by.is_some(), "{all:?}: {said}");
            assert!(
                said.contains(&wanted.unwrap_or_default()),
                "{all:?}: {said}"
            );
        }
        let recorded = crate::bed::read(&bed.only_run("out"), "run.json");
        assert_eq!(recorded.contains("unnamed_host"), by.is_some());
        fs_err::remove_dir_all(bed.path("out")).unwrap();
    };
    bed.write("suite/suite.toml", &choosing("m"));
    bed.write("suite/models.toml", &models(&far));
    told(&[], Some("suite/models.toml:1"));
    told(&["-m", "m"], Some("suite/models.toml:1"));
    told(&["--models", "suite/models.toml"], None);
    told(&["-m", &format!("{far}#m")], None);
    let url = format!("{far}#m");
    bed.write("suite/suite.toml", &choosing(&url));
    told(&[], Some("suite/suite.toml"));
    told(&["-m", &url], None);
    run(&bed, &["trust", "suite"]).expect(0);
    told(&[], None);
    told(&["-m", "m"], None);
    bed.write("suite/suite.toml", &choosing("m"));
    bed.write("suite/models.toml", &models(&server.url()));
    told(&[], None);
}

/// The run of a stranger, who named a host elsewhere.
struct Found {
    bed: Bed,
    server: FakeServer,
    /// The run's folder.
    folder: String,
    /// Where the host is.
    url: String,
}

impl Found {
    /// All samples but one were asked, and most were not answered as they should be.
    fn new() -> Self {
        let (bed, server) = scene("");
        let url = server.url().replace("127.0.0.1", "0.0.0.0");
        let found = Self {
            folder: String::new(),
            url,
            bed,
            server,
        };
        let wrong = CHOICES.iter().fold(data(8), |text, choice| {
            text.replace(
                &format!("\"target\":\"{choice}\""),
                "\"target\":\"account\"",
            )
        });
        found.bed.write("suite/data.jsonl", &wrong);
        found.names("suite/models.toml");
        let arguments = ["run", "suite", "-m", "m", "--models", "suite/models.toml"];
        let more = ["-o", "out", "--max-requests", "7"];
        let mut command = found.bed.command(&[&arguments[..], &more].concat());
        command.env("XDG_CONFIG_HOME", found.bed.path("stranger"));
        assert_eq!(command.output().unwrap().status.code(), Some(75));
        fs_err::remove_file(found.bed.path("suite/models.toml")).unwrap();
        Self {
            folder: found.bed.only_run("out").display().to_string(),
            ..found
        }
    }

    /// Writes a models file that names the host.
    fn names(&self, file: &str) {
        self.bed
            .write(file, &model("m", "").replace("URL", &self.url));
    }

    /// Whether `arguments` tell that only the record in `folder` names the host.
    fn tells(&self, folder: &str, arguments: &[&str]) -> bool {
        let said = run(&self.bed, arguments).stderr;
        let host = self.url.trim_start_matches("http://").replace("/v1", "");
        let told = format!("asked at {host}: only {folder}/run.json names that host");
        assert_eq!(said.contains(&told), said.contains("neither named nor"));
        said.contains(&told)
    }

    /// The same where the stranger's run is gone on with and no call is left, so that nothing is asked.
    fn resume_tells(&self, more: &[&str]) -> bool {
        let resume = ["run", "--resume", &self.folder, "-q", "--max-requests", "7"];
        self.tells(&self.folder, &[&resume[..], more].concat())
    }
}

#[test]
fn a_host_elsewhere_that_only_a_record_names_is_told_of_first() {
    let found = Found::new();
    let folder = found.folder.as_str();
    let connections = found.server.totals().connections;
    assert!(found.resume_tells(&[]));
    let errors = ["rerun", folder, "--only", "errors", "--max-requests", "7"];
    assert!(found.tells(folder, &errors));
    let replay = ["run", "suite", "--replay", folder, "-o", "replayed", "-q"];
    assert!(!found.tells(folder, &replay), "nothing is asked");
    assert_eq!(found.server.totals().connections, connections);
    found.bed.write("suite/data.jsonl", &data(9));
    for only in ["failed", "changed"] {
        let again = ["rerun", folder, "suite", "--only", only, "-o", only];
        assert!(found.tells(folder, &again), "{only}");
        let recorded = crate::bed::read(&found.bed.only_run(only), "run.json");
        assert!(recorded.contains("unnamed_host"));
    }
    assert!(found.server.totals().connections > connections);
}

#[test]
fn a_host_that_the_user_named_is_not_told_of_when_a_run_is_gone_on_with() {
    let found = Found::new();
    let host = found.url.trim_start_matches("http://").replace("/v1", "");
    assert!(!found.resume_tells(&["--allow-private", &host]));
    found.names("mine.toml");
    assert!(!found.resume_tells(&["--models", "mine.toml"]));
    found.names(".config/cleanbench/models.toml");
    assert!(!found.resume_tells(&[]), "it is in a file of their own");
    fs_err::remove_file(found.bed.path(".config/cleanbench/models.toml")).unwrap();
    assert!(found.resume_tells(&[]));
    run(&found.bed, &["trust", &found.folder]).expect(0);
    assert!(!found.resume_tells(&[]));
    // Their own run: one that they named it for, and one where only a file that was found does.
    for (named, expected) in [(true, false), (false, true)] {
        let found = Found::new();
        let file = if named {
            "mine.toml"
        } else {
            "suite/models.toml"
        };
        found.names(file);
        let begin = [
            "run",
            "suite",
            "-m",
            "m",
            "-o",
            "own",
            "--max-requests",
            "1",
        ];
        let naming: &[&str] = if named { &["--models", file] } else { &[] };
        run(&found.bed, &[&begin[..], naming].concat()).expect(75);
        let folder = found.bed.only_run("own").display().to_string();
        let resume = ["run", "--resume", &folder, "--max-requests", "1"];
        assert_eq!(found.tells(&folder, &resume), expected);
    }
}

#[test]
fn a_file_that_is_named_or_ones_own_is_granted_what_it_asks_for() {
    let text = model(
        "openai/gpt-4o",
        "api_key_env = \"K\"\nallow = [\"private\"]",
    );
    let (bed, server) = scene(&text);
    let name = "openai/gpt-4o";
    let arguments = ["-m", name, "--models", "suite/models.toml"];
    run(
        &bed,
        &[&["run", "suite", "-o", "named"], &arguments[..]].concat(),
    )
    .expect(0);
    assert_eq!(server.totals().requests, 2);
    let checked = run(&bed, &[&["check", "suite"], &arguments[..]].concat()).expect(0);
    let words = "key in `K`, may receive public, private; from suite/models.toml:1";
    assert!(checked.stdout.contains(words), "{}", checked.stdout);
    let own = fs_err::read_to_string(bed.path("suite/models.toml")).unwrap();
    fs_err::remove_file(bed.path("suite/models.toml")).unwrap();
    bed.write(".config/cleanbench/models.toml", &own);
    run(&bed, &["run", "suite", "-m", name, "-o", "own"]).expect(0);
    assert_eq!(server.totals().requests, 4);
    // Another file, for a name that is the user's.
    bed.write(
        "suite/models.toml",
        &own.replace("api_key_env = \"K\"\nallow = [\"private\"]", ""),
    );
    run(&bed, &["run", "suite", "-m", name, "-o", "both"]).expect(66);
    bed.write(
        ".config/cleanbench/models.toml",
        &own.replace("openai/gpt-4o", "prod"),
    );
    bed.write(
        "suite/models.toml",
        &model("prod", "").replace("URL", &server.url()),
    );
    let done = run(&bed, &["run", "suite", "-m", "prod", "-o", "both"]).expect(66);
    assert!(
        done.stderr.contains("takes the place of the model `prod`"),
        "{}",
        done.stderr
    );
    assert_eq!(server.totals().requests, 4);
}

#[test]
fn trust_is_of_a_folder_as_it_is() {
    let text = model("m", "api_key_env = \"K\"");
    let (bed, server) = scene(&text);
    let refused = |out: &str| drop(run(&bed, &["run", "suite", "-m", "m", "-o", out]).expect(66));
    refused("a");
    let told = run(&bed, &["trust", "suite"]).expect(0).stdout;
    let words = format!(
        "`K`, to be sent to {}",
        server.url().split('/').nth(2).unwrap()
    );
    assert!(
        told.contains("models.toml:1: model `m`") && told.contains(&words),
        "{told}"
    );
    assert!(!told.contains(CANARY));
    run(&bed, &["run", "suite", "-m", "m", "-o", "a"]).expect(0);
    // Kept for nobody else to read or write.
    let kept = bed.path(".config/cleanbench/trust.json");
    assert_eq!(
        fs_err::metadata(&kept).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let listed = run(&bed, &["trust", "--list"]).expect(0).stdout;
    assert!(listed.contains("/suite: models.toml"), "{listed}");
    // A folder within, a copy elsewhere, and a change are not trusted.
    let models = fs_err::read_to_string(bed.path("suite/models.toml")).unwrap();
    for folder in ["suite/inner", "copy"] {
        bed.write(&format!("{folder}/models.toml"), &models);
        bed.write(
            &format!("{folder}/suite.toml"),
            &manifest("public", "choice"),
        );
        fs_err::copy(
            bed.path("suite/data.jsonl"),
            bed.path(&format!("{folder}/data.jsonl")),
        )
        .unwrap();
        run(&bed, &["run", folder, "-m", "m", "-o", "b"]).expect(66);
    }
    bed.write("suite/models.toml", &(models.clone() + "\n# changed\n"));
    refused("b");
    let listed = run(&bed, &["trust", "--list"]).expect(0).stdout;
    assert!(listed.contains("changed since"), "{listed}");
    bed.write("suite/models.toml", &models);
    run(&bed, &["run", "suite", "-m", "m", "-o", "b"]).expect(0);
    run(&bed, &["trust", "--remove", "suite"]).expect(0);
    refused("c");
    run(&bed, &["trust", "--remove", "suite"]).expect(4);
    run(&bed, &["trust", "out"]).expect(4);
    // What others may have written is not believed.
    run(&bed, &["trust", "suite"]).expect(0);
    fs_err::set_permissions(&kept, Permissions::from_mode(0o666)).unwrap();
    let done = run(&bed, &["run", "suite", "-m", "m", "-o", "c"]).expect(66);
    assert!(
        done.stderr.contains("others may write it"),
        "{}",
        done.stderr
    );
    assert_eq!(server.totals().requests, 4);
}

#[test]
fn variables_of_a_file_that_was_found_are_not_set() {
    let text = model("m", "api_key_env = \"FROM_FILE\"");
    let (bed, server) = scene(&text);
    bed.write(
        ".env",
        "# keys\nOTHER=1\nexport FROM_FILE=sk-of-a-stranger\n",
    );
    let arguments = [
        "run",
        "suite",
        "-m",
        "m",
        "--models",
        "suite/models.toml",
        "-o",
        "out",
    ];
    let done = run(&bed, &arguments).expect(66);
    for words in [
        ".env:3: `FROM_FILE`",
        "--env-file .env",
        "cleanbench trust .",
    ] {
        assert!(done.stderr.contains(words), "{}", done.stderr);
    }
    assert!(!done.stderr.contains("stranger"), "{}", done.stderr);
    assert_eq!(server.totals().connections, 0);
    let named = [&arguments[..], &["--env-file", ".env"]].concat();
    run(&bed, &named).expect(0);
    let told = run(&bed, &["trust"]).expect(0).stdout;
    assert!(told.contains(".env sets FROM_FILE, OTHER"), "{told}");
    assert!(!told.contains("takes in"), "{told}");
    run(&bed, &arguments).expect(0);
    bed.write(".env", "FROM_FILE=sk-of-another\n");
    run(&bed, &arguments).expect(66);
    // What the process itself sets needs no file.
    let output = bed
        .command(&arguments)
        .env("FROM_FILE", "mine-0123")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_run_of_somebody_else_is_not_gone_on_with_under_ones_key() {
    let text = model("m", "api_key_env = \"K\"");
    let (bed, server) = scene(&text);
    let arguments = [
        "run",
        "suite",
        "-m",
        "m",
        "--models",
        "suite/models.toml",
        "-o",
        "out",
        "--max-requests",
        "1",
        "-j",
        "1",
    ];
    run(&bed, &arguments).expect(75);
    let folder = bed.only_run("out").display().to_string();
    let asked = server.totals().requests;
    let resume = ["run", "--resume", &folder];
    let elsewhere = |arguments: &[&str]| {
        let mut command = bed.command(arguments);
        let output = command
            .env("XDG_CONFIG_HOME", bed.path("other"))
            .env("K", CANARY)
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let (code, stderr) = elsewhere(&resume);
    assert_eq!(code, Some(66), "{stderr}");
    assert!(
        stderr.contains("`K`") && stderr.contains("cleanbench trust"),
        "{stderr}"
    );
    assert_eq!(server.totals().requests, asked);
    // Its own user goes on without a word, and so does who trusts it.
    assert_eq!(elsewhere(&["trust", &folder]).0, Some(0));
    let (code, stderr) = elsewhere(&["run", "--resume", &folder, "--max-requests", "9"]);
    assert_eq!(code, Some(0), "{stderr}");
    run(
        &bed,
        &["rerun", &folder, "suite", "--only", "failed", "-o", "out"],
    );
    assert!(!bed.path("other").join("cleanbench/trust.json").exists());
}

#[test]
fn what_init_wrote_is_trusted() {
    let bed = Bed::new(1);
    run(&bed, &["init", "new", "--ci", "github"]).expect(0);
    let listed = run(&bed, &["trust", "--list"]).expect(0).stdout;
    assert!(listed.contains("/new/suite: models.toml\n"), "{listed}");
    let workflow =
        fs_err::read_to_string(bed.path("new/.github/workflows/cleanbench.yml")).unwrap();
    assert_eq!(
        workflow.matches("--models \"$SUITE/models.toml\"").count(),
        2
    );
}

#[test]
fn secret_samples_need_leave_on_this_machine_too() {
    let (bed, server) = scene(&model("m", ""));
    bed.write("suite/suite.toml", &manifest("secret", "choice"));
    let done = run(&bed, &["run", "suite", "-m", "m", "-o", "out"]).expect(66);
    assert!(done.stderr.contains("is secret"), "{}", done.stderr);
    assert_eq!(server.totals().connections, 0);
    bed.write(
        "mine.toml",
        &model("m", "allow = [\"secret\"]").replace("URL", &server.url()),
    );
    run(
        &bed,
        &[
            "run",
            "suite",
            "-m",
            "m",
            "--models",
            "mine.toml",
            "-o",
            "out",
        ],
    )
    .expect(0);
    run(&bed, &["check", "suite", "-m", "embedded/clean"]).expect(0);
}

/// A bed with the run of a stranger, whose record was granted `more` in a configuration folder of their own, and ended
/// with `code`.
fn run_of_a_stranger(more: &str, caps: &[&str], code: i32) -> (Bed, FakeServer, String) {
    let (bed, server) = scene(&model("m", more));
    let arguments = ["run", "suite", "-m", "m", "--models", "suite/models.toml"];
    let mut command = bed.command(&[&arguments[..], &["-o", "out"], caps].concat());
    command.env("XDG_CONFIG_HOME", bed.path("stranger"));
    assert_eq!(command.output().unwrap().status.code(), Some(code));
    fs_err::remove_file(bed.path("suite/models.toml")).unwrap();
    let folder = bed.only_run("out").display().to_string();
    (bed, server, folder)
}

#[test]
fn a_record_is_not_granted_secret_samples_on_this_machine() {
    let caps = ["--max-requests", "1", "-j", "1"];
    let (bed, server, folder) = run_of_a_stranger("allow = [\"secret\"]", &caps, 75);
    let asked = server.totals().requests;
    bed.write("suite/suite.toml", &manifest("secret", "choice"));
    let changed = [
        "rerun", &folder, "suite", "--only", "changed", "-o", "again",
    ];
    let resume = ["run", "--resume", &folder, "--max-requests", "9"];
    for arguments in [&changed[..], &resume[..]] {
        let done = run(&bed, arguments).expect(66);
        let words = ["grants itself secret samples", "cleanbench trust "];
        assert!(
            words.iter().all(|words| done.stderr.contains(words)),
            "{}",
            done.stderr
        );
    }
    assert_eq!(server.totals().requests, asked);
    let told = run(&bed, &["trust", &folder]).expect(0).stdout;
    assert!(told.contains("grants itself secret samples"), "{told}");
    run(&bed, &resume).expect(0);
    // What nothing at its place needs a word for is gone on with at once.
    let (bed, _server, folder) = run_of_a_stranger("allow = [\"private\"]", &caps, 75);
    run(&bed, &["run", "--resume", &folder, "--max-requests", "9"]).expect(0);
}

#[test]
fn a_record_that_its_journal_does_not_have_is_not_believed() {
    let (bed, server, folder) = run_of_a_stranger("", &[], 0);
    let asked = server.totals().requests;
    let record = bed.path("out").join(&folder).join("run.json");
    let text = fs_err::read_to_string(&record).unwrap();
    let elsewhere = text.replacen(&server.url(), "http://127.0.0.1:9/v1", 1);
    assert_ne!(text, elsewhere);
    fs_err::write(&record, elsewhere).unwrap();
    for arguments in [
        &["rerun", &folder, "suite", "--only", "failed"][..],
        &["rerun", &folder, "suite", "--only", "flaky"],
        &["rerun", &folder, "suite", "--only", "changed"],
        &["rerun", &folder, "--only", "errors"],
        &["run", "suite", "--replay", &folder],
        &["run", "--resume", &folder],
        &["trust", &folder],
    ] {
        let done = run(&bed, arguments).expect(102);
        assert!(
            done.stderr
                .contains("not the one that the journal recorded"),
            "{arguments:?}\n{}",
            done.stderr
        );
    }
    assert_eq!(server.totals().requests, asked);
}

/// Puts what is no file of its own at `path`; `number` says which.
fn plant(path: &std::path::Path, number: usize) -> Option<&'static str> {
    let link = |to: &str| std::os::unix::fs::symlink(to, path).unwrap();
    let said = match number {
        0 => {
            let made = std::process::Command::new("mkfifo").arg(path).status();
            assert!(made.unwrap().success());
            "is a named pipe"
        }
        1 => {
            link("/proc/self/environ");
            "made up by the kernel"
        }
        2 => {
            link("/dev/zero");
            "is a character device"
        }
        3 => {
            let file = fs_err::File::create(path).unwrap();
            file.set_len(3 << 30).unwrap();
            "is larger than"
        }
        4 => {
            link("../mine/secret.toml");
            "is outside of"
        }
        5 => {
            link("../mine/nothing.toml");
            "is outside of"
        }
        6 => {
            link("/dev/stdin");
            ""
        }
        _ => return None,
    };
    Some(said)
}

#[test]
fn settings_that_are_no_files_of_their_own_are_refused_at_once() {
    let began = std::time::Instant::now();
    for number in 0.. {
        let (bed, server) = scene("");
        bed.write(
            "mine/secret.toml",
            &(model("m", "") + "# CANARY\n").replace("URL", &server.url()),
        );
        let models = bed.path("suite/models.toml");
        fs_err::remove_file(&models).unwrap();
        let Some(said) = plant(&models, number) else {
            break;
        };
        plant(&bed.path("suite/.env"), number);
        for arguments in [
            &["check", "suite", "-m", "m"][..],
            &["run", "suite", "-m", "m", "-o", "out"],
            &["trust", "suite"],
        ] {
            let done = run(&bed, arguments).expect(66);
            let all = format!("{}{}", done.stdout, done.stderr);
            assert!(
                all.contains("suite/models.toml") && all.contains(said),
                "{arguments:?}\n{all}"
            );
            assert!(!all.contains("CANARY"), "{all}");
        }
        // In the working folder, and each by itself.
        let inside = |arguments: &[&str], said: &str| {
            let mut command = bed.command(arguments);
            let output = command.current_dir(bed.path("suite")).output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(66), "{arguments:?}\n{told}");
            assert!(told.contains(said) && !told.contains("CANARY"), "{told}");
        };
        inside(&["models"], said);
        inside(&["models", "check", "m"], said);
        fs_err::remove_file(&models).unwrap();
        inside(&["models"], ".env");
        inside(&["trust"], said);
        // Named: what it leads to is meant, as far as that is a file.
        if number < 4 {
            plant(&bed.path("named"), number);
            inside(&["models", "--models", "../named"], said);
            inside(&["models", "--env-file", "../named"], said);
        }
        assert_eq!(server.totals().connections, 0);
    }
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}

#[test]
fn settings_may_be_links_within_their_folder_or_named_ones() {
    let (bed, server) = scene("");
    fs_err::remove_file(bed.path("suite/models.toml")).unwrap();
    let link = |to: &str, path: &str| std::os::unix::fs::symlink(to, bed.path(path)).unwrap();
    let text = model("m", "").replace("URL", &server.url());
    bed.write("suite/inner/real.toml", &text);
    link("inner/real.toml", "suite/models.toml");
    fs_err::create_dir(bed.path(".env")).unwrap();
    run(&bed, &["run", "suite", "-m", "m", "-o", "a"]).expect(0);
    run(&bed, &["models"]).expect(0);
    bed.write("elsewhere/real.toml", &text);
    link("elsewhere/real.toml", "named.toml");
    let named = ["--models", "named.toml", "-o", "b"];
    run(&bed, &[&["run", "suite", "-m", "m"], &named[..]].concat()).expect(0);
    // The user's own may be kept elsewhere.
    fs_err::remove_file(bed.path("suite/models.toml")).unwrap();
    fs_err::create_dir_all(bed.path(".config/cleanbench")).unwrap();
    link(
        "../../elsewhere/real.toml",
        ".config/cleanbench/models.toml",
    );
    run(&bed, &["run", "suite", "-m", "m", "-o", "c"]).expect(0);
}

#[test]
fn a_models_file_has_as_many_entries_and_faults_as_somebody_reads() {
    let entries = |count: usize, kind: &str, more: &str| -> String {
        let one =
            |number| format!("[{kind}.m{number}]\nbase_url = \"http://127.0.0.1:9/v1\"\n{more}\n");
        (0..count).map(one).collect()
    };
    let named = "model = \"m\"";
    let check_by = |name: &str, text: &str| {
        let (bed, _server) = scene(text);
        let began = std::time::Instant::now();
        let done = run(&bed, &["check", "suite", "-m", name]);
        assert!(began.elapsed().as_secs() < 3, "{:?}", began.elapsed());
        done
    };
    let check = |text: &str| check_by("m7", text);
    for (kind, more) in [("models", named), ("providers", "")] {
        let done = check(&entries(20_000, kind, more)).expect(66);
        let words = format!("20000 {kind} are more than a models file may have: 1000");
        assert!(done.stderr.contains(&words), "{}", done.stderr);
    }
    check(&entries(1_000, "models", named)).expect(0);
    check(&entries(1_001, "models", named)).expect(66);
    let faulty = entries(900, "models", "model = \"m\"\nnothing = 1\nstream = 3");
    let faults = check(&faulty).expect(66);
    let told = faults.stderr.matches("suite/models.toml:").count();
    assert_eq!(told, 2, "{}", faults.stderr);
    let good = "[models.good]\nbase_url = \"http://127.0.0.1:9/v1\"\nmodel = \"m\"\n";
    let warned = check_by("good", &(good.to_owned() + &faulty)).expect(0);
    let told = warned.stderr.matches("suite/models.toml:").count();
    assert_eq!(told, 5, "{}", warned.stderr);
    let words = "and 895 more entries of the models file cannot be used";
    assert!(warned.stderr.contains(words), "{}", warned.stderr);
    let keys: String = (0..50_000).map(|key| format!("k{key} = 1\n")).collect();
    let text = entries(1, "models", &(named.to_owned() + "\n" + &keys));
    let done = check_by("m0", &text).expect(66);
    assert!(
        done.stderr.contains("and 49980 more faults"),
        "{}",
        done.stderr
    );
}

#[test]
fn what_is_written_follows_no_link_that_came_along() {
    let (bed, server) = scene(&model("m", ""));
    let link = |to: &str, path: &str| std::os::unix::fs::symlink(to, bed.path(path)).unwrap();
    let entries = |folder: &str| fs_err::read_dir(bed.path(folder)).unwrap().count();
    fs_err::create_dir(bed.path("elsewhere")).unwrap();
    run(&bed, &["run", "suite", "-m", "m", "-o", "mine"]).expect(0);
    let first = bed.only_run("mine").display().to_string();
    let asked = server.totals().requests;
    // The output folder that nobody named, there or not.
    for to in ["elsewhere", "nowhere"] {
        link(to, "reports");
        for arguments in [
            &["run", "suite", "-m", "m"][..],
            &["run", "--resume", &first],
            &["rerun", &first, "suite", "--only", "failed"],
            &["score", &first, "suite"],
            &["compare", &first, &first],
            &["items", &first],
            &["drift", &first, &first],
            &["merge", &first],
        ] {
            let done = run(&bed, arguments).expect(73);
            assert!(
                done.stderr.contains("is a link to") && done.stderr.contains("`-o DIR`"),
                "{arguments:?}\n{}",
                done.stderr
            );
        }
        fs_err::remove_file(bed.path("reports")).unwrap();
    }
    assert_eq!(
        (entries("elsewhere"), bed.path("nowhere").exists()),
        (0, false)
    );
    assert_eq!(server.totals().requests, asked);
    // Named, it is meant; only looking is no harm; a folder of that name is one.
    link("elsewhere", "reports");
    run(&bed, &["list"]).expect(0);
    run(&bed, &["run", "suite", "-m", "m", "-o", "reports"]).expect(0);
    assert!(entries("elsewhere") > 0);
    fs_err::remove_file(bed.path("reports")).unwrap();
    run(&bed, &["run", "suite", "-m", "m"]).expect(0);
    run(&bed, &["items", &first]).expect(0);
}

#[test]
fn answers_are_not_kept_through_a_link() {
    let (bed, server) = scene("");
    bed.write(
        "suite/models.toml",
        &model("m", "cache = true\nversion = \"1\"").replace("URL", &server.url()),
    );
    fs_err::create_dir_all(bed.path("elsewhere")).unwrap();
    fs_err::create_dir_all(bed.path("out")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", bed.path("out/.answers")).unwrap();
    let arguments = ["run", "suite", "-m", "m", "-o", "out"];
    for _ in 0..2 {
        let done = run(&bed, &arguments).expect(0);
        assert!(
            done.stderr.contains(".answers` is not a folder"),
            "{}",
            done.stderr
        );
    }
    assert_eq!(server.totals().requests, 4);
    assert_eq!(fs_err::read_dir(bed.path("elsewhere")).unwrap().count(), 0);
    fs_err::remove_file(bed.path("out/.answers")).unwrap();
    for _ in 0..2 {
        run(&bed, &arguments).expect(0);
    }
    assert_eq!(server.totals().requests, 6);
}

#[test]
fn init_writes_through_no_link() {
    for folder in ["reports", "suite", ".github", ".github/workflows"] {
        for to in ["elsewhere", "nowhere"] {
            let bed = Bed::new(1);
            fs_err::create_dir_all(bed.path("elsewhere")).unwrap();
            let planted = bed.path("new").join(folder);
            fs_err::create_dir_all(planted.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(bed.path(to), &planted).unwrap();
            for more in [&[][..], &["--force"]] {
                let arguments = [&["init", "new", "--ci", "github"], more].concat();
                let done = run(&bed, &arguments).expect(73);
                let words = format!("new/{folder}` is a link");
                assert!(done.stderr.contains(&words), "{}", done.stderr);
            }
            let entries = fs_err::read_dir(bed.path("elsewhere")).unwrap().count();
            assert_eq!((entries, bed.path("nowhere").exists()), (0, false));
            let is_untouched = ["suite/suite.toml", "reports/.gitignore", "suite.key"];
            assert!(
                is_untouched
                    .iter()
                    .all(|name| !bed.path("new").join(name).exists())
            );
        }
    }
    // The folder that is named may be one.
    let bed = Bed::new(1);
    fs_err::create_dir(bed.path("real")).unwrap();
    std::os::unix::fs::symlink("real", bed.path("new")).unwrap();
    run(&bed, &["init", "new"]).expect(0);
    assert!(bed.path("real/suite/suite.toml").is_file());
}

#[test]
fn folders_of_runs_and_grants_are_the_users_alone() {
    let (bed, _server) = scene(&model("m", "api_key_env = \"K\""));
    let mode = |path: &std::path::Path| {
        let permissions = fs_err::metadata(path).unwrap().permissions();
        permissions.mode() & 0o777
    };
    let program = env!("CARGO_BIN_EXE_cleanbench");
    let unmasked = |arguments: &str| {
        let mut command = std::process::Command::new("sh");
        let script = format!("umask 000; exec {program} {arguments}");
        let command = command.args(["-c", &script]).current_dir(bed.path("."));
        let command = command.env("HOME", bed.path(".")).env("K", CANARY);
        assert!(command.output().unwrap().status.success(), "{arguments}");
    };
    unmasked("init new --ci github");
    assert_eq!(mode(&bed.path("new/reports")), 0o700);
    unmasked("run suite -m m --models suite/models.toml -o out");
    let granted = bed.path(".config/cleanbench/granted");
    assert_eq!(mode(&granted), 0o700);
    let files: Vec<_> = fs_err::read_dir(&granted).unwrap().flatten().collect();
    assert_eq!(files.len(), 1);
    assert_eq!(mode(&files[0].path()), 0o600);
}

#[test]
fn what_a_file_of_variables_takes_in_is_told() {
    let bed = Bed::new(1);
    let cases = [
        ("A=${AWS_SECRET}\n", "AWS_SECRET"),
        ("A=\"x-${ONE}${TWO}\"\nB=${ONE}\n", "ONE, TWO"),
        ("A=\"\n${WITHIN}\"\n", "WITHIN"),
        ("A=$$ONE\n", "ONE"),
        // Only so much of it is a name.
        ("A=$AWS_SECRET\n", "AWS"),
    ];
    for (text, names) in cases {
        bed.write(".env", text);
        let told = run(&bed, &["trust"]).expect(0).stdout;
        let words = format!(".env takes in {names}: ");
        assert!(told.contains(&words), "{text}\n{told}");
        assert!(!told.contains(CANARY), "{told}");
    }
}

#[test]
fn where_nothing_is_remembered_a_run_is_gone_on_with_by_naming_the_file_again() {
    let (bed, server) = scene(&model("m", "api_key_env = \"K\"\nallow = [\"secret\"]"));
    let homeless = |arguments: &[&str], code: i32| {
        let mut command = bed.command(arguments);
        let output = command
            .env_remove("HOME")
            .env("K", CANARY)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{told}");
        told
    };
    let file = ["--models", "suite/models.toml"];
    let with = |arguments: &[&'static str], more: &[&'static str]| [arguments, more].concat();
    let caps = ["--max-requests", "1", "-j", "1"];
    let begin = with(&["run", "suite", "-m", "m", "-o", "out"], &file);
    let told = homeless(&with(&begin, &caps), 75);
    assert!(
        told.contains("cannot be remembered") && told.contains("`--models FILE`"),
        "{told}"
    );
    let asked = server.totals().requests;
    let resume = ["run", "--resume", "-o", "out"];
    let told = homeless(&resume, 66);
    assert!(told.contains("`--models FILE`"), "{told}");
    // A file that says something else grants nothing.
    let text = fs_err::read_to_string(bed.path("suite/models.toml")).unwrap();
    bed.write("less.toml", &text.replace("[\"secret\"]", "[]"));
    bed.write("other.toml", &text.replace("127.0.0.1", "localhost"));
    bed.write("key.toml", &text.replace("\"K\"", "\"GITHUB_TOKEN\""));
    bed.write("name.toml", &text.replace("\"m\"]", "\"n\"]"));
    for other in ["less.toml", "other.toml", "key.toml", "name.toml"] {
        homeless(&with(&resume, &["--models", other]), 66);
    }
    assert_eq!(server.totals().requests, asked);
    homeless(&with(&resume, &with(&file, &["--max-requests", "9"])), 0);
    assert_eq!(server.totals().requests, 2);
    let run = bed.only_run("out").display().to_string();
    bed.write("suite/suite.toml", &manifest("public", "exact"));
    bed.write(
        "suite/data.jsonl",
        &data(2).replace("\"input\":\"", "\"input\":\"again "),
    );
    let rerun = ["rerun", &run, "suite", "--only", "changed", "-o", "again"];
    homeless(&rerun, 66);
    homeless(&[&rerun[..], &file].concat(), 0);
    assert!(server.totals().requests > 2);
}
