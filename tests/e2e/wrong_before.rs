//! What statistics of earlier versions got wrong, each through the program.
//!
//! Each test failed before tables 5, or fails when what mended it is taken out.

use cleanbench_testkit::{Answers, FakeServer, Fault, Rule, Script, right_choice};
use serde_json::Value;

use crate::bed::{Bed, read, table};

/// A suite over `data`, whose target is always `yes`.
fn suite(bed: &Bed, data: &str, keys: &str) {
    let manifest = format!(
        "name = \"wrong\"\nversion = \"1\"\n\n[[task]]\nname = \"t\"\ndata = \"data.jsonl\"\n\
         sensitivity = \"private\"\nprompt = \"{{{{ input }}}}\"\nscorers = [\"exact\"]\n{keys}\n"
    );
    bed.write("suite/suite.toml", &manifest);
    bed.write("suite/data.jsonl", data);
}

fn prompt(number: usize) -> String {
    format!("Is number {number} right?")
}

/// Whether a model is right about a sample by chance, in so many of a hundred cases.
fn is_right(model: usize, number: usize, percent: usize) -> bool {
    let hundred: Vec<_> = (0..100).map(|number| number.to_string()).collect();
    let drawn = right_choice(&hundred, &format!("model {model} at {number}"));
    drawn.is_some_and(|drawn| drawn.parse::<usize>().unwrap() < percent)
}

/// A sample called `id`, and what else it says.
fn sample(id: &str, number: usize, more: &str) -> String {
    let input = prompt(number);
    format!("{{\"id\": \"{id}\", \"input\": \"{input}\", \"target\": \"yes\"{more}}}\n")
}

fn right() -> Script {
    Script::answering(Answers::Fixed("yes".to_owned()))
}

/// The first gate of a run, a row of its summary, and what comparing it with `base` says of its task.
struct Told {
    gate: Value,
    summary: std::collections::BTreeMap<String, String>,
    measure: Value,
}

fn told(bed: &Bed, script: Script) -> Told {
    for (out, script) in [("base", right()), ("new", script)] {
        let server = FakeServer::start(script);
        bed.models(&server.url(), "");
        bed.run_suite(out, &["-q"]);
    }
    let [base, new] = ["base", "new"].map(|out| bed.only_run(out));
    bed.run(&["verify", new.to_str().unwrap()]).expect(0);
    let gates: Value = serde_json::from_str(&read(&new, "gates.json")).unwrap();
    let sides = [base.to_str().unwrap(), new.to_str().unwrap()];
    let more = [
        "compare", sides[0], sides[1], "-o", "cmp", "--format", "json",
    ];
    let compared: Value = serde_json::from_str(&bed.run(&more).expect(0).stdout).unwrap();
    Told {
        gate: gates["gates"][0].clone(),
        summary: table(&new, "summary.csv").remove(0),
        measure: compared["tasks"][0]["measured"]["complete"].clone(),
    }
}

/// Of thirty samples with five answers each one is right once: by Student's t the mean would be above .92.
#[test]
fn pass_rates_near_one_are_not_left_to_t() {
    let bed = Bed::new(1);
    let data: String = (0..30)
        .map(|number| sample(&format!("s{number}"), number, ""))
        .collect();
    let gate = "epochs = 5\n\n[[gate]]\nmetric = \"accuracy\"\ntest = \"floor\"\nmin = 0.92";
    suite(&bed, &data, gate);
    let empty = Rule::always(Fault::EmptyContent).when_prompt_contains(&prompt(7));
    let told = told(&bed, right().with_rule(empty.times_per_prompt(4)));
    assert_eq!(told.gate["method"], "betting_portfolio", "{}", told.gate);
    assert_eq!(told.gate["verdict"], "inconclusive");
    assert!((told.gate["estimate"].as_f64().unwrap() - 29.2 / 30.0).abs() < 1e-12);
    assert_eq!(told.summary["method"], "betting_portfolio");
    assert_eq!(told.measure["method"], "betting_portfolio");
    assert_eq!(told.measure["candidate"]["method"], "betting_portfolio");
    assert_eq!(told.measure["test"], "betting_portfolio");
}

/// Five clusters `c0` to `c4`, and five samples of those ids that hang together with nothing: ten in all, which is enough.
#[test]
fn a_sample_called_like_a_cluster_is_not_in_it() {
    let bed = Bed::new(1);
    let clustered = (0..25).map(|number| {
        let of = format!(", \"metadata\": {{\"customer\": \"c{}\"}}", number % 5);
        sample(&format!("s{number}"), number, &of)
    });
    let alone = (25..30).map(|number| sample(&format!("c{}", number - 25), number, ""));
    let data: String = clustered.chain(alone).collect();
    let gate =
        "cluster = \"customer\"\n\n[[gate]]\nmetric = \"accuracy\"\ntest = \"floor\"\nmin = 0.1";
    suite(&bed, &data, gate);
    let wrong = Answers::Map {
        pairs: vec![(prompt(3), "no".to_owned())],
        default: "yes".to_owned(),
    };
    let told = told(&bed, Script::answering(wrong));
    assert_eq!(told.gate["verdict"], "pass", "{}", told.gate);
    assert_eq!(told.summary["clusters"], "10");
    assert_eq!(told.summary["method"], "betting_portfolio");
    assert_eq!(told.measure["clusters"], 10, "{}", told.measure);
    assert_eq!(told.measure["method"], "betting_portfolio");
}

/// What `items` finds of eight models, of which each is right where `is_right` says so of it and the number of a sample.
fn items_of(samples: usize, is_right: impl Fn(usize, usize) -> bool) -> Vec<Row> {
    let bed = Bed::new(1);
    let data: String = (0..samples)
        .map(|number| sample(&format!("s{number}"), number, ""))
        .collect();
    suite(&bed, &data, "");
    let names: Vec<_> = (0..8).map(|model| format!("m{model}")).collect();
    let (mut servers, mut models) = (Vec::new(), String::new());
    for (model, name) in names.iter().enumerate() {
        let word = |right| if right { "yes" } else { "no" };
        let pairs =
            (0..samples).map(|number| (prompt(number), word(is_right(model, number)).to_owned()));
        let server = FakeServer::start(Script::answering(Answers::Map {
            pairs: pairs.collect(),
            default: String::new(),
        }));
        let entry = [
            "[models.",
            name,
            "]\nbase_url = \"",
            &server.url(),
            "\"\nmodel = \"",
            name,
            "\"\n",
        ];
        models.push_str(&entry.concat());
        servers.push(server);
    }
    bed.write("models.toml", &models);
    let mut arguments = vec!["run", "suite", "-q", "-o", "out"];
    arguments.extend(names.iter().flat_map(|name| ["-m", name.as_str()]));
    bed.run(&arguments).expect(0);
    let run = bed.only_run("out");
    bed.run(&["items", run.to_str().unwrap(), "-o", "items"])
        .expect(0);
    let folder = bed.only_run("items");
    bed.run(&["verify", folder.to_str().unwrap()]).expect(0);
    table(&folder, "items.csv")
}

type Row = std::collections::BTreeMap<String, String>;

fn suspects(items: &[Row]) -> Vec<&str> {
    let suspect = items.iter().filter(|item| !item["suspect"].is_empty());
    suspect.map(|item| item["sample"].as_str()).collect()
}

/// Of 400 items that say nothing of eight models, by an interval each, some seem to be got wrong by better ones.
#[test]
fn noise_makes_no_item_suspect() {
    let items = items_of(400, |model, number| is_right(model, number, 60));
    assert_eq!(items.len(), 400);
    let by_interval = items.iter().filter(|item| {
        let high: Result<f64, _> = item["discrimination_high"].parse();
        high.is_ok_and(|high| high < 0.0)
    });
    assert!(by_interval.count() >= 4, "there is something to refuse");
    assert_eq!(suspects(&items), [""; 0]);
}

/// Four models that are mostly right are wrong about one item, and four that are mostly wrong are right.
#[test]
fn an_item_that_better_models_get_wrong_is_found_among_many() {
    let items = items_of(200, |model, number| {
        let is_strong = model < 4;
        if number == 77 {
            return !is_strong;
        }
        is_right(model, number, if is_strong { 95 } else { 25 })
    });
    assert_eq!(suspects(&items), ["s77"]);
}
