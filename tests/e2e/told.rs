//! Whatever of a suite's data is read otherwise than it might be meant, or is not there, is told with what to do about it.

use cleanbench_testkit::{Answers, Script};

use crate::bed::{Bed, MODEL, bed_with, read, table};
use crate::replay::text;

/// A bed with a suite of one task over `data`, a CSV file, with the further lines `keys`.
fn bed_of(data: &str, keys: &str) -> Bed {
    let bed = Bed::new(1);
    write(&bed, data, keys);
    bed
}

fn write(bed: &Bed, data: &str, keys: &str) {
    let manifest = format!(
        "name = \"s\"\n[[task]]\nname = \"t\"\ndata = \"data.csv\"\nsensitivity = \"public\"\n\
         prompt = \"{{{{ input }}}}\"\n{keys}\n"
    );
    bed.write("own/suite.toml", &manifest);
    bed.write("own/data.csv", data);
}

/// A table of samples with `targets`.
fn targets(targets: &[&str]) -> String {
    let rows = (1..).zip(targets);
    let rows = rows.map(|(number, target): (u32, _)| format!("q{number};{target}\n"));
    format!("input;target\n{}", rows.collect::<String>())
}

const NUMERIC: &str = "scorers = [\"numeric\"]";

#[test]
fn targets_that_could_be_two_numbers_are_told_once_unless_the_others_decide() {
    let unclear = "target `1.500` is read as `1.5` and may be `1500`";
    for (column, keys, told) in [
        (&["1.500", "7", "2.250"][..], NUMERIC, Some(unclear)),
        (&["1.500", "12.5", "12,5"], NUMERIC, Some(unclear)),
        (&["1,500", "x"], "scorers = [\"exact\"]", None),
        (
            &["1.500", "7"],
            "scorers = [{ type = \"weighted\", scorers = [\"numeric\", \"exact\"] }]",
            Some(unclear),
        ),
        (&["1.500", "12.5"], NUMERIC, None),
        (&["1.500", "12,5"], NUMERIC, None),
        (&["1,500", "42"], NUMERIC, None),
        (
            &["1.500", "7"],
            "scorers = [\"numeric\"]\nlocale = \"de\"",
            None,
        ),
        (
            &["1.500", "7"],
            "scorers = [\"numeric\"]\nlocale = \"en\"",
            None,
        ),
        (
            &["1.500", "12,5"],
            "scorers = [\"numeric\", \"exact\"]",
            Some("target `1.500` is read as `1.5` and may be `1500`, as the other targets"),
        ),
    ] {
        let bed = bed_of(&targets(column), keys);
        let checked = bed.run(&["check", "own"]).expect(0);
        let said = checked.stdout + &checked.stderr;
        match told {
            None => assert!(!said.contains("may be"), "{column:?}: {said}"),
            Some(told) => {
                assert_eq!(said.matches("may be `").count(), 1, "{column:?}: {said}");
                assert!(said.contains(told), "{said}");
                assert!(said.contains("data.csv:2:4: warning: "), "{said}");
                assert!(
                    said.contains("say it in the task: `locale = \"en\"`"),
                    "{said}"
                );
            }
        }
    }
    let bed = bed_of(&targets(&["1.500", "7", "2.250"]), NUMERIC);
    let checked = bed.run(&["check", "own"]).expect(0);
    let said = checked.stdout + &checked.stderr;
    assert!(said.contains("(and 1 more like it, line 4)"), "{said}");
}

#[test]
fn what_other_targets_show_of_a_comma_is_how_a_target_is_read() {
    let answers = Answers::Map {
        pairs: vec![
            ("q1".to_owned(), "1500".to_owned()),
            ("q2".to_owned(), "12,5".to_owned()),
            ("q3".to_owned(), "2.25".to_owned()),
        ],
        default: "?".to_owned(),
    };
    let (bed, _server) = bed_with(1, Script::answering(answers));
    write(&bed, &targets(&["1.500", "12,5", "2,250"]), NUMERIC);
    bed.run(&["run", "own", "-m", MODEL, "-o", "out"]).expect(0);
    let run = bed.only_run("out");
    let scores = table(&run, "results.csv");
    let scores: Vec<_> = scores.iter().map(|row| row["score"].as_str()).collect();
    assert_eq!(scores, ["1", "1", "1"]);
    let plan = read(&run, "run.json");
    assert!(plan.contains("\"target_decimals\": \"comma\""), "{plan}");
    bed.run(&["verify", text(&run)]).expect(0);
}

#[test]
fn whoever_says_a_locale_is_not_advised_to_say_one() {
    let (bed, _server) = bed_with(1, Script::answering(Answers::Fixed("0.5".to_owned())));
    write(
        &bed,
        &targets(&["0,5", "12,5"]),
        "scorers = [\"numeric\"]\nlocale = \"de\"",
    );
    let done = bed.run(&["run", "own", "-m", MODEL, "-o", "out"]).expect(0);
    assert!(
        done.stderr
            .contains("are not written as `locale = \"de\"` of the task says"),
        "{}",
        done.stderr
    );
}

#[test]
fn an_empty_cell_is_called_that_and_no_column_is_asked_for() {
    for (data, keys, said) in [
        (
            "input,target\nq1,4\nq2,\n",
            NUMERIC,
            "`target` is empty here, or left out: write the right answer into it",
        ),
        (
            "input,target\nq1,4\n,5\n",
            NUMERIC,
            "`input` is empty here, or left out: write the question into it",
        ),
        (
            "frage,gold\nq1,4\nq2,\n",
            "scorers = [\"exact\"]\nfields = { input = \"frage\", target = \"gold\" }",
            "`gold` is empty here, or left out",
        ),
        (
            "input,price\nq1,4\n",
            NUMERIC,
            "which is the target, the right answer?",
        ),
    ] {
        let checked = bed_of(data, keys).run(&["check", "own"]).expect(65);
        assert!(checked.stderr.contains(said), "{}", checked.stderr);
        let asks = checked.stderr.contains("which is");
        assert_eq!(asks, said.starts_with("which is"), "{}", checked.stderr);
    }
}

#[test]
fn a_suite_that_is_not_there_is_named_with_what_to_do() {
    let bed = Bed::new(1);
    fs_err::create_dir(bed.path("empty")).unwrap();
    for (path, said) in [
        ("nowhere", "no such file or folder: `nowhere`"),
        ("nowhere.toml", "no such file or folder: `nowhere.toml`"),
        ("empty", "the folder `empty` has no `suite.toml`"),
    ] {
        for arguments in [vec!["check", path], vec!["run", path, "-m", MODEL]] {
            let done = bed.run(&arguments).expect(65);
            assert!(done.stderr.contains(said), "{}", done.stderr);
            assert!(
                done.stderr.contains("`cleanbench init DIR`"),
                "{}",
                done.stderr
            );
            assert!(!done.stderr.contains("entity not found"), "{}", done.stderr);
        }
    }
}
