//! Whatever a stranger may write is read without a panic: suites, data, models files, replies, journals.
//!
//! Inputs are texts of the kind with pieces changed, taken from one another and repeated. A test runs two seconds, or
//! as many inputs as `CLEANBENCH_FUZZ` says (`bash .ci/fuzz` runs a million each). It prints its seed, which
//! `CLEANBENCH_FUZZ_SEED` sets; an input that panics is kept in the folder for temporary files.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cleanbench_core::Reply;
use cleanbench_ledger::{JournalReader, Manifest, RunDirectory, Tail};
use cleanbench_model::{ModelsFile, Overrides, Reader, resolve};
use cleanbench_suite::{Catalog, Grants, Pulse};

/// How long a test runs unless a number of inputs is given.
const TIME: Duration = Duration::from_secs(2);
/// Longest input, in bytes.
const LONGEST: usize = 1 << 16;

/// What every kind of text here is made of.
const PIECES: [&str; 44] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    ",",
    ":",
    "=",
    "\n",
    "\r\n",
    "\\",
    "\\u0000",
    "\\ud800",
    "\0",
    "\u{1b}[31m",
    "\u{202e}",
    "\u{feff}",
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "-0.0",
    "18446744073709551616",
    "9007199254740993",
    "NaN",
    "1979-05-27T07:32:00Z",
    "{{ input }}",
    "{% for a in b %}",
    "{% include 'x' %}",
    "[[task]]",
    "[a.b]",
    "#",
    "\"\"\"",
    "data: ",
    "data: [DONE]\n\n",
    "event: error\n",
    "id",
    "\t",
    ";",
    "|",
    "𝔘",
    "%s%n",
];

/// Numbers that follow from a seed (`SplitMix64`; Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }
}

/// Makes inputs out of others.
struct Mutations {
    random: Random,
    corpus: Vec<Vec<u8>>,
}

impl Mutations {
    fn next(&mut self) -> Vec<u8> {
        let mut input = self.pick();
        for _ in 0..=self.random.below(6) {
            self.change(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    fn pick(&mut self) -> Vec<u8> {
        let which = self.random.index(self.corpus.len());
        self.corpus[which].clone()
    }

    /// A part of something as long as `length`.
    fn part(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.random.index(length + 1);
        let most = (length - start).min(1 << self.random.below(10));
        start..start + self.random.index(most + 1)
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let part = self.part(input.len());
        match self.random.below(8) {
            0 => drop(input.drain(part)),
            1 => {
                let piece = PIECES[self.random.index(PIECES.len())];
                drop(input.splice(part.start..part.start, piece.bytes()));
            }
            2 => {
                let piece = PIECES[self.random.index(PIECES.len())];
                drop(input.splice(part, piece.bytes()));
            }
            3 => {
                let copy = input[part.clone()].to_vec();
                drop(input.splice(part.start..part.start, copy));
            }
            4 => {
                let other = self.pick();
                let taken = self.part(other.len());
                drop(input.splice(part, other[taken].iter().copied()));
            }
            5 => {
                let times = 1 << self.random.below(12);
                let piece = PIECES[self.random.index(PIECES.len())].repeat(times);
                drop(input.splice(part.start..part.start, piece.bytes()));
            }
            6 => {
                let bit = 1 << self.random.below(8);
                part.for_each(|at| input[at] ^= bit);
            }
            _ => input.truncate(part.start),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "whoever starts a test says how much of it"
)]
fn number_of(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Gives `check` inputs made of `corpus` until time or their number is up.
#[expect(
    clippy::print_stderr,
    reason = "the seed is what a failure is found again by"
)]
fn fuzz(kind: &str, corpus: Vec<Vec<u8>>, mut check: impl FnMut(&[u8])) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = number_of("CLEANBENCH_FUZZ_SEED").unwrap_or(now.as_secs());
    let most = number_of("CLEANBENCH_FUZZ");
    let mut mutations = Mutations {
        random: Random(seed),
        corpus,
    };
    let start = Instant::now();
    let (mut inputs, mut slowest) = (0_u64, Duration::ZERO);
    while most.map_or(start.elapsed() < TIME, |most| inputs < most) {
        let input = mutations.next();
        let begun = Instant::now();
        let checked = catch_unwind(AssertUnwindSafe(|| check(&input)));
        slowest = slowest.max(begun.elapsed());
        inputs += 1;
        if checked.is_err() {
            let kept = std::env::temp_dir().join(format!("cleanbench-fuzz-{kind}-{seed}-{inputs}"));
            fs_err::write(&kept, &input).unwrap();
            panic!(
                "{kind}: input {inputs} of seed {seed} panics; it is in {}",
                kept.display()
            );
        }
    }
    eprintln!("{kind}: {inputs} inputs of seed {seed}, the slowest took {slowest:?}");
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

const SUITE: &str = r#"
name = "s"
version = "1"
models = ["a", "openai/b"]
description = "d"
[defaults]
epochs = 2
sensitivity = "public"
generate = { temperature = 0.5, max_tokens = 20, stop = ["."], reasoning = "off" }
[[task]]
name = "t"
data = "data.jsonl"
system = "You are {{ id }}."
prompt = "{{ input }}\n{% for c in choices %}{{ loop.index }}. {{ c }}\n{% endfor %}"
choices = ["one", "two"]
scorers = ["choice", { type = "numeric", tolerance = 0.01 }, { type = "regex", pattern = "(a+)+b" }]
primary = "choice"
cluster = "customer"
slices = ["lang"]
tags = ["nightly"]
response_format = { type = "json_schema", schema = { type = "object", properties = { a = { type = "string" } } } }
[[task]]
name = "u"
data = "*.csv"
messages = [{ role = "user", content = "{{ input | upper }}" }]
scorers = ["exact"]
control = { task = "t", kind = "sibling" }
[probes]
use = ["completion"]
[[gate]]
task = "t"
metric = "accuracy"
test = "non_inferiority"
margin = 0.03
on_inconclusive = "warn"
"#;

const ROWS: [&str; 3] = [
    "{\"id\":\"1\",\"input\":\"Which?\",\"target\":\"one\",\"choices\":[\"one\",\"two\"],\"metadata\":{\"lang\":\"en\",\"customer\":3}}\n{\"input\":\"And?\",\"target\":\"two\",\"created\":\"2026-01-01\",\"weight\":2}\n",
    "id,input,target,lang\n1,\"a \"\"quoted\"\" one\",one,en\n2,\"two\nlines\",two,de\n",
    "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"target\":[\"a\",\"b\"],\"rewording_of\":\"1\",\"sensitivity\":\"secret\"}\n",
];

/// A folder with a suite, in which one file is replaced.
struct Folder {
    dir: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        let folder = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        folder.write("suite.toml", SUITE.as_bytes());
        folder.write("data.jsonl", ROWS[0].as_bytes());
        folder.write("data.csv", ROWS[1].as_bytes());
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs_err::write(self.path(name), bytes).unwrap();
    }

    /// Loads the suite, and puts every fault into words.
    fn load(&self) {
        let catalog = Catalog {
            scorers: &cleanbench_score::Registry,
            probes: &cleanbench_probe::registry::NAMES,
        };
        let pulse = Pulse::default();
        let loaded = cleanbench_suite::load(self.dir.path(), catalog, &Grants::default(), &pulse);
        for diagnostic in &loaded.diagnostics {
            std::hint::black_box(diagnostic.to_string());
        }
        assert!(loaded.suite.is_some() || !loaded.diagnostics.is_empty());
    }
}

#[test]
fn manifests_of_suites() {
    let folder = Folder::new();
    fuzz("suite", texts(&[SUITE]), |input| {
        folder.write("suite.toml", input);
        folder.load();
    });
}

#[test]
fn lines_of_data() {
    let folder = Folder::new();
    fuzz("jsonl", texts(&ROWS), |input| {
        folder.write("data.jsonl", input);
        folder.load();
    });
}

#[test]
fn tables_of_data() {
    let folder = Folder::new();
    fuzz("csv", texts(&ROWS), |input| {
        folder.write("data.csv", input);
        folder.load();
    });
}

const MODELS: &str = r#"
[providers.gateway]
base_url = "https://gateway.example/v1"
key_env = "GATEWAY_KEY"
protocol = "openai"
[models.local]
provider = "llamacpp"
base_url = "http://127.0.0.1:8080/v1"
model = "qwen"
generate = { reasoning = "off", max_tokens = 12 }
limits = { concurrency = 32, requests_per_minute = 600 }
timeouts = { idle = 3, total = 2.5 }
price = { input = "0.15", output = "0.60", source = "s", date = "2026-10-01" }
allow = ["private"]
[models.far]
provider = "gateway"
model = "m"
headers = { x-team = "a" }
extra_body = { a = 1 }
"#;

#[test]
fn files_of_models() {
    fuzz("models", texts(&[MODELS]), |input| {
        let text = String::from_utf8_lossy(input);
        match ModelsFile::parse(&text, Path::new("models.toml")) {
            Ok(file) => {
                let names: Vec<_> = file.names().map(str::to_owned).collect();
                for name in names {
                    drop(resolve(&name, &file, &Overrides::default()));
                }
            }
            Err(errors) => assert!(errors.iter().all(|error| !error.to_string().is_empty())),
        }
        drop(resolve(&text, &ModelsFile::empty(), &Overrides::default()));
    });
}

const REPLIES: [&str; 8] = [
    r#"{"id":"1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"one","reasoning_content":"so","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{\"a\":1}"}}]},"finish_reason":"stop","logprobs":{"content":[{"token":"o","logprob":-0.1,"top_logprobs":[]}]}}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"completion_tokens_details":{"reasoning_tokens":1}}}"#,
    "data: {\"choices\":[{\"delta\":{\"content\":\"o\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"reasoning\":\"so\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3}}\n\ndata: [DONE]\n\n",
    r#"{"type":"message","content":[{"type":"thinking","thinking":"so"},{"type":"text","text":"one"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":2}}"#,
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"o\"}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    r#"{"status":"completed","output":[{"type":"reasoning","summary":[]},{"type":"message","content":[{"type":"output_text","text":"one"}]}],"usage":{"input_tokens":3,"output_tokens":2}}"#,
    "{\"message\":{\"content\":\"o\",\"thinking\":\"so\"},\"done\":false}\n{\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":3,\"eval_count\":2}\n",
    r#"{"content":"one","stop":true,"stop_type":"eos","tokens_evaluated":3,"tokens_predicted":2,"completion_probabilities":[]}"#,
    r#"{"error":{"message":"context length exceeded","type":"invalid_request_error","code":"context_length_exceeded"}}"#,
];

/// An endpoint of every protocol, asked whole and as a stream.
fn readers() -> Vec<Reader> {
    let urls = [
        "chat/completions",
        "completions",
        "responses",
        "messages",
        "api/chat",
        "completion",
    ];
    let mut file = String::new();
    for (number, url) in urls.iter().enumerate() {
        for stream in [false, true] {
            let entry = format!(
                "[models.m{number}{stream}]\nbase_url = \"http://127.0.0.1:1/v1/{url}\"\nmodel = \"m\"\nstream = {stream}\n"
            );
            file += &entry;
        }
    }
    let file = ModelsFile::parse(&file, Path::new("models.toml")).unwrap();
    file.endpoints().map(Reader::new).collect()
}

#[test]
fn replies() {
    let readers = readers();
    let mut number = 0_usize;
    fuzz("replies", texts(&REPLIES), |input| {
        number += 1;
        let reply = Reply {
            status: [200, 200, 200, 400, 500][number % 5],
            content_type: [None, Some("text/event-stream"), Some("application/json")][number % 3]
                .map(str::to_owned),
            retry_after: None,
            body: input.to_vec(),
        };
        let reader = &readers[number % readers.len()];
        match reader.read(b"{\"model\":\"m\",\"messages\":[]}", &reply) {
            Ok(completion) => drop(std::hint::black_box(completion)),
            Err(error) => assert!(!error.message.is_empty()),
        }
    });
}

/// A copy of a recorded run, in which one file is replaced.
fn run() -> (tempfile::TempDir, RunDirectory) {
    let dir = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/e2e/run_of_tables_4");
    copy(&from, dir.path());
    let run = RunDirectory::at(dir.path());
    (dir, run)
}

fn copy(from: &Path, to: &Path) {
    fs_err::create_dir_all(to).unwrap();
    for entry in fs_err::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs_err::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn journals() {
    let (dir, run) = run();
    let manifest = Manifest::read(&run).unwrap();
    let segment = dir.path().join("journal/00000.jsonl");
    let whole = fs_err::read(&segment).unwrap();
    let lines: Vec<_> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let few = lines[..12.min(lines.len())].concat();
    fuzz("journal", vec![whole, few], |input| {
        fs_err::write(&segment, input).unwrap();
        for tail in [Tail::MayBeTorn, Tail::Whole] {
            let Ok(mut reader) = JournalReader::open(&run, &manifest, tail) else {
                continue;
            };
            while let Ok(Some(record)) = reader.read() {
                std::hint::black_box(record);
            }
        }
    });
}

#[test]
fn plans_of_runs() {
    let (dir, run) = run();
    let path = dir.path().join("run.json");
    let whole = fs_err::read(&path).unwrap();
    fuzz("run.json", vec![whole], |input| {
        fs_err::write(&path, input).unwrap();
        match Manifest::read(&run) {
            Ok(_) => drop(std::hint::black_box(cleanbench_report::verify::verify(
                &run,
            ))),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    });
}
