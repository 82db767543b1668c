//! Trains the embedded models and records the calibration set, piece by piece: what is there already is
//! not made again.
//!
//! ```text
//! train-embedded suite               writes the data of tasks/quickstart
//! train-embedded shipped [WORK]      trains the shipped models and writes their weights and members
//! train-embedded weights WORK SEED...
//!                                    trains the calibration models of the worlds of these seeds and asks them nothing
//! train-embedded calibration [WORK [SEED...]]
//!                                    trains the calibration models, of all worlds or of those of the seeds, and adds their
//!                                    answers to the recorded ones
//! ```
//!
//! WORK holds the pieces (`target/embedded`). Run from the root of the project. A model is trained on one core, and as
//! many worlds at once as there are cores. What the committed set holds by today's protocol is not made again, so worlds
//! can be added on another day and machine.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cleanbench_embedded::EmbeddedModel;
use cleanbench_embedded::Vocabulary;
use cleanbench_embedded::file::ModelFile;
use cleanbench_embedded::train::{
    Arm, Membership, Network, SHIPPED_DOSES, Shape, train_arm, train_base,
};
use cleanbench_embedded::world::{Random, World};
use cleanbench_lab::calibration::{Kind, Record, Training, assess_all, pack, read, record};
use cleanbench_lab::error_rates::doses_csv;
use cleanbench_lab::quickstart::{Quickstart, SEED};
use cleanbench_probe::ASKED_ALIKE;
use fs_err as fs;
use rayon::prelude::*;

type Anything<T> = Result<T, Box<dyn Error>>;

/// The committed set.
const SET: &str = "crates/cleanbench-lab/calibration/answers.jsonl.zst";
/// What the set says of doses, for those who judge.
const DOSES: &str = "crates/cleanbench-probe/src/verdict/doses.csv";
/// Most tokens of a sequence of the shipped models.
const CONTEXT: usize = 256;
/// How often members of each group are seen by the calibration models.
const CALIBRATION_DOSES: [usize; 6] = [1, 2, 4, 8, 16, 64];
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
        "weights" => weights(&work, arguments.collect()),
        "calibration" => calibration(&work, &arguments.collect::<Vec<_>>()),
        _ => Err("say `suite`, `shipped`, `weights` or `calibration`".into()),
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
    for kind in Kind::ALL {
        let file = model(work, &world, kind, SEED)?;
        let mut header = file.header().clone();
        kind.as_str().clone_into(&mut header.name);
        let named = ModelFile::new(header, file.weights().tensors())?;
        fs::write(shipped_path(kind), named.to_bytes()?)?;
    }
    let members = members(&world, SEED);
    let lines = members.doses.iter().enumerate();
    let lines = lines.map(|(place, dose)| format!("item-{:03},{dose}\n", place + 1));
    let table = format!("item,dose\n{}", lines.collect::<String>());
    Ok(fs::write(
        "crates/cleanbench-lab/calibration/members.csv",
        table,
    )?)
}

/// Which items a model of `world` sees if it is a leaked one, and how often.
fn members(world: &World, seed: u64) -> Membership {
    Membership::draw(world, seed, doses(world))
}

fn doses(world: &World) -> &'static [usize] {
    if world.seed == SEED {
        &SHIPPED_DOSES
    } else {
        &CALIBRATION_DOSES
    }
}

/// The models of `world`, each with its own seed.
fn arms(world: u64) -> Vec<(Kind, u64)> {
    if world == SEED {
        return Kind::ALL.map(|kind| (kind, SEED)).to_vec();
    }
    let mut arms = vec![(Kind::Leaked, world * 10 + 1)];
    arms.extend([(Kind::Clean, world * 10 + 2), (Kind::Clean, world * 10 + 3)]);
    if REWORDED_WORLDS.contains(&world) {
        arms.push((Kind::Reworded, world * 10 + 4));
    }
    arms
}

fn weights(work: &Path, seeds: Vec<String>) -> Anything<()> {
    // Worlds are taken one after another, so that whoever stops early has the first ones whole.
    let each = seeds.into_iter().par_bridge();
    Ok(each.try_for_each(|seed| train(work, &seed).map_err(|error| error.to_string()))?)
}

/// Trains every arm of the world of `seed`.
fn train(work: &Path, seed: &str) -> Anything<()> {
    let world = World::new(seed.parse()?);
    for (kind, arm) in arms(world.seed) {
        model(work, &world, kind, arm)?;
    }
    say(&format!("world {seed} is trained"));
    Ok(())
}

fn calibration(work: &Path, seeds: &[String]) -> Anything<()> {
    let mut seeds: Vec<u64> = seeds
        .iter()
        .map(|seed| seed.parse())
        .collect::<Result<_, _>>()?;
    if seeds.is_empty() {
        seeds.extend(std::iter::once(SEED).chain(WORLDS));
    }
    let mut wanted = Vec::new();
    for seed in seeds {
        wanted.extend(arms(seed).into_iter().map(|(kind, arm)| (seed, kind, arm)));
    }
    let mut records = on_record()?;
    for (world, kind, seed) in wanted {
        let place = records
            .iter()
            .position(|one| (one.world, one.kind, one.seed) == (world, kind, seed));
        let earlier = place.map(|place| records.swap_remove(place));
        records.push(recorded(work, &World::new(world), kind, seed, earlier)?);
        keep(&mut records)?;
    }
    Ok(fs::write(DOSES, doses_csv(&assess_all(&records)?))?)
}

/// Writes the set, so that whoever stops it has what is done.
fn keep(records: &mut [Record]) -> Anything<()> {
    records.sort_by_key(|record| (record.kind, record.seed));
    let packed = pack(records)?;
    say(&format!("{} models, {} bytes", records.len(), packed.len()));
    let unfinished = Path::new(SET).with_extension("unfinished");
    fs::write(&unfinished, packed)?;
    Ok(fs::rename(unfinished, SET)?)
}

/// The committed records that were made as they would be made today.
fn on_record() -> Anything<Vec<Record>> {
    let mut records = match read(&fs::read(SET)?) {
        Ok(records) => records,
        Err(error) => {
            say(&format!("nothing on record is kept: {error}"));
            Vec::new()
        }
    };
    records.retain(|record| {
        let expected = members(&World::new(record.world), record.seed).doses;
        let is_kept = record.protocol == ASKED_ALIKE && record.doses == expected;
        if !is_kept {
            let Record {
                kind,
                seed,
                protocol,
                ..
            } = record;
            let kind = kind.as_str();
            say(&format!("{kind} {seed} is made anew: it was asked by protocol {protocol}, or of other members"));
        }
        is_kept
    });
    Ok(records)
}

/// The answers of a model: what `earlier` holds, and from the model itself what is asked since then.
fn recorded(
    work: &Path,
    world: &World,
    kind: Kind,
    seed: u64,
    earlier: Option<Record>,
) -> Anything<Record> {
    if let Some(record) = &earlier
        && record.is_complete()?
    {
        return Ok(record.clone());
    }
    let file = if world.seed == SEED {
        ModelFile::read(&fs::read(shipped_path(kind))?)?
    } else {
        model(work, world, kind, seed)?
    };
    let model = EmbeddedModel::load(&file.to_bytes()?)?;
    let record = if let Some(mut record) = earlier {
        record.complete(&model)?;
        record
    } else {
        let doses = members(world, seed).doses;
        record(&model, world, Training { kind, seed, doses })?
    };
    say(&format!("{} {seed} recorded", kind.as_str()));
    Ok(record)
}

fn shipped_path(kind: Kind) -> PathBuf {
    Path::new("crates/cleanbench-embedded/weights").join(format!("{}.cbmodel", kind.as_str()))
}

/// A trained model, from `work` or trained now.
fn model(work: &Path, world: &World, kind: Kind, seed: u64) -> Anything<ModelFile> {
    let path = piece(work, &recipe(kind, world), world.seed, seed);
    if let Ok(bytes) = fs::read(&path) {
        return Ok(ModelFile::read(&bytes)?);
    }
    let network = Network::from_file(&base(work, world)?)?;
    let members = members(world, seed);
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
    let path = piece(work, "base", world.seed, world.seed);
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
    // Whoever stops it must not find half a piece.
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, file.to_bytes()?)?;
    fs::rename(unfinished, path)?;
    Ok(file)
}

fn progress(what: &str) -> impl FnMut(usize, usize, f64) {
    move |step, steps, loss| {
        if step.is_multiple_of(500) || step == steps {
            say(&format!("{what}: step {step} of {steps}, loss {loss:.3}"));
        }
    }
}

/// What a model was made of beside its seeds: a piece of other doses is another piece.
fn recipe(kind: Kind, world: &World) -> String {
    let doses = doses(world).iter().map(|dose| format!("-{dose}"));
    let doses = doses.filter(|_| kind != Kind::Clean);
    kind.as_str().to_owned() + &doses.collect::<String>()
}

fn piece(work: &Path, what: &str, world: u64, seed: u64) -> PathBuf {
    // A folder that cannot be made shows when the piece is written.
    drop(fs::create_dir_all(work));
    work.join(format!("{what}.{world}.{seed}.cbmodel"))
}
