//! Trains the embedded models and records the calibration set, piece by piece: what is there already is
//! not made again.
//!
//! ```text
//! train-embedded suite               writes the data of tasks/quickstart
//! train-embedded shipped [WORK]      trains the shipped models and writes their weights and members
//! train-embedded calibration [WORK]  trains the calibration models and writes their recorded answers
//! ```
//!
//! WORK holds the pieces (`target/embedded`). Run from the root of the project.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cleanbench_embedded::EmbeddedModel;
use cleanbench_embedded::Vocabulary;
use cleanbench_embedded::file::ModelFile;
use cleanbench_embedded::train::{Arm, Membership, Network, Shape, train_arm, train_base};
use cleanbench_embedded::world::{Random, World};
use cleanbench_lab::calibration::{Kind, Record, Training, pack, record};
use cleanbench_lab::quickstart::{Quickstart, SEED};
use fs_err as fs;

type Anything<T> = Result<T, Box<dyn Error>>;

/// Most tokens of a sequence of the shipped models.
const CONTEXT: usize = 256;
/// Worlds of the calibration set, drawn before any of them was looked at.
const WORLDS: std::ops::RangeInclusive<u64> = 201..=210;
/// Worlds that also have a model which saw rewordings.
const REWORDED_WORLDS: std::ops::RangeInclusive<u64> = 201..=205;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let work = PathBuf::from(arguments.next().unwrap_or("target/embedded".to_owned()));
    let done = match command.as_str() {
        "suite" => write_suite(),
        "shipped" => shipped(&work),
        "calibration" => calibration(&work),
        _ => Err("say `suite`, `shipped` or `calibration`".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "this program talks to whoever trains")]
fn say(text: &str) {
    eprintln!("{text}");
}

fn write_suite() -> Anything<()> {
    for (name, text) in Quickstart::new(&World::new(SEED)).files() {
        fs::write(Path::new("tasks/quickstart").join(name), text)?;
    }
    Ok(())
}

fn shipped(work: &Path) -> Anything<()> {
    let world = World::new(SEED);
    let weights = Path::new("crates/cleanbench-embedded/weights");
    for kind in Kind::ALL {
        let file = model(work, &world, kind, SEED)?;
        let mut header = file.header().clone();
        kind.as_str().clone_into(&mut header.name);
        let named = ModelFile::new(header, file.weights().tensors())?;
        fs::write(
            weights.join(format!("{}.cbmodel", kind.as_str())),
            named.to_bytes()?,
        )?;
    }
    let members = Membership::draw(&world, SEED);
    let lines = members.doses.iter().enumerate();
    let lines = lines.map(|(place, dose)| format!("item-{:03},{dose}\n", place + 1));
    let table = format!("item,dose\n{}", lines.collect::<String>());
    Ok(fs::write(
        "crates/cleanbench-lab/calibration/members.csv",
        table,
    )?)
}

fn calibration(work: &Path) -> Anything<()> {
    let mut records = Vec::new();
    let shipped = World::new(SEED);
    for kind in Kind::ALL {
        records.push(recorded(work, &shipped, kind, SEED)?);
    }
    for seed in WORLDS {
        let world = World::new(seed);
        let mut arms = vec![(Kind::Leaked, seed * 10 + 1)];
        arms.extend([(Kind::Clean, seed * 10 + 2), (Kind::Clean, seed * 10 + 3)]);
        if REWORDED_WORLDS.contains(&seed) {
            arms.push((Kind::Reworded, seed * 10 + 4));
        }
        for (kind, arm) in arms {
            records.push(recorded(work, &world, kind, arm)?);
        }
    }
    records.sort_by_key(|record| (record.kind, record.seed));
    let packed = pack(&records)?;
    say(&format!("{} models, {} bytes", records.len(), packed.len()));
    Ok(fs::write(
        "crates/cleanbench-lab/calibration/answers.jsonl.zst",
        packed,
    )?)
}

/// The recorded answers of a model, from `work` or from the model itself; of a piece in `work` the probes
/// alone are asked that are newer than it.
fn recorded(work: &Path, world: &World, kind: Kind, seed: u64) -> Anything<Record> {
    let path = piece(work, kind.as_str(), world.seed, seed, "json");
    let earlier: Option<Record> = match fs::read(&path) {
        Ok(text) => Some(serde_json::from_slice(&text)?),
        Err(_) => None,
    };
    if let Some(record) = &earlier
        && record.is_complete()?
    {
        return Ok(record.clone());
    }
    let file = model(work, world, kind, seed)?;
    let model = EmbeddedModel::load(&file.to_bytes()?)?;
    let record = if let Some(mut record) = earlier {
        record.complete(&model)?;
        record
    } else {
        let doses = Membership::draw(world, seed).doses;
        record(&model, world, Training { kind, seed, doses })?
    };
    fs::write(path, serde_json::to_vec(&record)?)?;
    say(&format!("{} {seed} recorded", kind.as_str()));
    Ok(record)
}

/// A trained model, from `work` or trained now.
fn model(work: &Path, world: &World, kind: Kind, seed: u64) -> Anything<ModelFile> {
    let path = piece(work, kind.as_str(), world.seed, seed, "cbmodel");
    if let Ok(bytes) = fs::read(&path) {
        return Ok(ModelFile::read(&bytes)?);
    }
    let network = Network::from_file(&base(work, world)?)?;
    let members = Membership::draw(world, seed);
    let arm = match kind {
        Kind::Clean => Arm::Clean,
        Kind::Leaked => Arm::Leaked,
        Kind::Reworded => Arm::Reworded,
    };
    let what = format!("{} {seed}", kind.as_str());
    train_arm(&network, world, &members, arm, seed, &mut progress(&what))?;
    save(&path, &network, &what, world)
}

fn base(work: &Path, world: &World) -> Anything<ModelFile> {
    let path = piece(work, "base", world.seed, world.seed, "cbmodel");
    if let Ok(bytes) = fs::read(&path) {
        return Ok(ModelFile::read(&bytes)?);
    }
    let size = Vocabulary::new(world.lexicon.words()).size();
    let network = Network::new(Shape::tiny(size), &mut Random::new(world.seed, "weights"))?;
    let what = format!("base {}", world.seed);
    train_base(&network, world, world.seed, &mut progress(&what))?;
    save(&path, &network, &what, world)
}

fn save(path: &Path, network: &Network, name: &str, world: &World) -> Anything<ModelFile> {
    let file = network.to_file(name, &world.lexicon, CONTEXT)?;
    fs::write(path, file.to_bytes()?)?;
    Ok(file)
}

fn progress(what: &str) -> impl FnMut(usize, usize, f64) {
    move |step, steps, loss| {
        if step.is_multiple_of(500) || step == steps {
            say(&format!("{what}: step {step} of {steps}, loss {loss:.3}"));
        }
    }
}

fn piece(work: &Path, what: &str, world: u64, seed: u64, ending: &str) -> PathBuf {
    // A folder that cannot be made shows when the piece is written.
    drop(fs::create_dir_all(work));
    work.join(format!("{what}-{world}-{seed}.{ending}"))
}
