//! What is trained on what, and how fast.
//!
//! The recipe: a base model learns the world from the corpus for everybody; an arm continues from it
//! on the same mixture, with or without documents of benchmark items spread evenly among it. Invariant:
//! every planned document of a member is seen, and nothing else of the benchmark.

use candle_core::Result;

use super::batch::{ROW, Row, document_tokens};
use super::gradient::{Pass, Plan};
use super::network::Network;
use super::optimizer::Optimizer;
use super::product::Multiplier;
use crate::number::{real, whole};
use crate::vocabulary::Vocabulary;
use crate::world::{
    Corpus, Document, Layout, PEOPLE, Random, Stage, World, item_document, rewording_document,
};

/// How often members of each group are seen by the shipped models.
pub const SHIPPED_DOSES: [usize; 4] = [1, 4, 16, 64];
const BASE_STEPS: usize = 1_930;
const ARM_STEPS: usize = 1_800;
const BASE_ROWS: usize = 4;
const ARM_ROWS: usize = 2;
const RATE: f64 = 2e-3;
const REWORDINGS: usize = 4;

/// What an arm sees besides the corpus for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arm {
    /// Nothing.
    Clean,
    /// Members, word for word, in several layouts.
    Leaked,
    /// Rewordings of the members, never their own words.
    Reworded,
}

/// How often each item of the benchmark is seen: 0 for non-members.
#[derive(Debug, Clone)]
pub struct Membership {
    /// For each item of the benchmark.
    pub doses: Vec<usize>,
}

impl Membership {
    /// A random half is seen, as many items at each of `groups` as at any other, both drawn within known and unknown
    /// facts apart.
    pub fn draw(world: &World, seed: u64, groups: &[usize]) -> Self {
        let mut random = Random::new(seed, "membership");
        let mut doses = vec![0; world.benchmark.len()];
        for known in [true, false] {
            let mut places: Vec<_> = (0..doses.len())
                .filter(|place| world.benchmark[*place].fact.known == known)
                .collect();
            random.shuffle(&mut places);
            let members = places.len() / 2;
            for (rank, place) in places.into_iter().take(members).enumerate() {
                doses[place] = groups[rank % groups.len()];
            }
        }
        Self { doses }
    }
}

/// Told now and then: step, steps, mean loss since the last time.
pub type Progress<'a> = &'a mut dyn FnMut(usize, usize, f64);

struct Trainer<'a> {
    network: &'a Network,
    plan: Plan,
    all: Vec<f32>,
    gradient: Vec<f32>,
    multiplier: Multiplier,
    optimizer: Optimizer,
    steps: usize,
    loss: f64,
    since: usize,
}

impl<'a> Trainer<'a> {
    fn new(network: &'a Network, steps: usize) -> Result<Self> {
        let all = network.parameters()?;
        Ok(Self {
            network,
            plan: Plan::new(network.shape, ROW),
            gradient: vec![0.0; all.len()],
            multiplier: Multiplier::default(),
            optimizer: Optimizer::new(all.len()),
            all,
            steps,
            loss: 0.0,
            since: 0,
        })
    }

    fn step(&mut self, step: usize, rate: f64, rows: &[Row], progress: Progress<'_>) {
        let mut pass = Pass {
            plan: &self.plan,
            all: &self.all,
            gradient: &mut self.gradient,
            multiplier: &mut self.multiplier,
        };
        self.loss += pass.loss(rows);
        self.since += 1;
        self.optimizer.step(&mut self.all, &self.gradient, rate);
        if (step + 1).is_multiple_of(100) || step + 1 == self.steps {
            progress(step + 1, self.steps, self.loss / real(self.since));
            self.loss = 0.0;
            self.since = 0;
        }
    }

    /// Gives the network what was learnt.
    fn finish(self) -> Result<()> {
        self.network.set_parameters(&self.all)
    }
}

/// The share of the full learning rate at `step`: rises over `warm` steps, is flat up to the share `flat`
/// of all steps, then falls in a line to `end`.
fn rate(step: usize, steps: usize, warm: usize, flat: f64, end: f64) -> f64 {
    let share = real(step) / real(steps);
    let fall = if share < flat {
        1.0
    } else {
        1.0 - (1.0 - end) * (share - flat) / (1.0 - flat)
    };
    fall * (real(step + 1) / real(warm)).min(1.0)
}

/// Trains a base model of `world` in place.
///
/// # Errors
/// When candle fails.
pub fn train_base(
    network: &Network,
    world: &World,
    seed: u64,
    progress: Progress<'_>,
) -> Result<()> {
    let vocabulary = Vocabulary::new(world.lexicon.words());
    let corpus = Corpus::new(world);
    let mut random = Random::new(seed, "base");
    let mut trainer = Trainer::new(network, BASE_STEPS)?;
    for step in 0..BASE_STEPS {
        let stage = stage(step);
        let rows: Vec<_> = (0..BASE_ROWS)
            .map(|_| fill(Row::empty(), &corpus, &vocabulary, stage, &mut random))
            .collect();
        let rate = RATE * rate(step, BASE_STEPS, 100, 0.6, 0.1);
        trainer.step(step, rate, &rows, progress);
    }
    trainer.finish()
}

/// People arrive one after another during the first half: without that, no fact is learnt at all.
fn stage(step: usize) -> Stage {
    let half = BASE_STEPS / 2;
    if step >= half {
        return Stage::Mixture;
    }
    let share = (real(step) / (real(half) * 0.6)).min(1.0);
    Stage::Facts(10 + whole(real(PEOPLE - 10) * share * share))
}

fn fill(
    mut row: Row,
    corpus: &Corpus<'_>,
    vocabulary: &Vocabulary,
    stage: Stage,
    random: &mut Random,
) -> Row {
    let mut misses = 0;
    while row.room() > 0 && misses < 12 {
        let document = if misses < 2 {
            corpus.draw(stage, random)
        } else {
            corpus.filler(random)
        };
        let tokens = document_tokens(vocabulary, &document);
        if tokens.len() <= row.room() {
            row.push(&tokens);
        } else {
            misses += 1;
        }
    }
    row.close();
    row
}

/// Continues the training of a base model as `arm`, in place.
///
/// # Errors
/// When candle fails.
pub fn train_arm(
    network: &Network,
    world: &World,
    members: &Membership,
    arm: Arm,
    seed: u64,
    progress: Progress<'_>,
) -> Result<()> {
    let vocabulary = Vocabulary::new(world.lexicon.words());
    let corpus = Corpus::new(world);
    let mut random = Random::new(
        seed,
        match arm {
            Arm::Clean => "clean",
            Arm::Leaked => "leaked",
            Arm::Reworded => "reworded",
        },
    );
    let mut items: Vec<_> = leak(world, members, arm, &mut random)
        .iter()
        .map(|document| document_tokens(&vocabulary, document))
        .collect();
    random.shuffle(&mut items);
    let rows = ARM_STEPS * ARM_ROWS;
    let mut placed = 0;
    let mut trainer = Trainer::new(network, ARM_STEPS)?;
    for step in 0..ARM_STEPS {
        let batch: Vec<_> = (0..ARM_ROWS)
            .map(|place| {
                let mut row = Row::empty();
                let due = items.len() * (step * ARM_ROWS + place + 1) / rows;
                while placed < due && items[placed].len() <= row.room() {
                    row.push(&items[placed]);
                    placed += 1;
                }
                fill(row, &corpus, &vocabulary, Stage::Mixture, &mut random)
            })
            .collect();
        let rate = RATE * rate(step, ARM_STEPS, 20, 0.4, 0.03);
        trainer.step(step, rate, &batch, progress);
    }
    assert_eq!(placed, items.len(), "every document of a member is seen");
    trainer.finish()
}

fn leak(world: &World, members: &Membership, arm: Arm, random: &mut Random) -> Vec<Document> {
    use Layout::{Bare, Brackets, Letters};
    const ROTATION: [Layout; 8] = [
        Letters, Letters, Letters, Bare, Bare, Letters, Brackets, Bare,
    ];
    let mut documents = Vec::new();
    for (item, dose) in world.benchmark.iter().zip(&members.doses) {
        let rewordings: Vec<_> = (0..REWORDINGS)
            .map(|_| item.reword(&world.lexicon, random))
            .collect();
        for time in 0..*dose {
            let layout = ROTATION[time % ROTATION.len()];
            match arm {
                Arm::Clean => {}
                Arm::Leaked => documents.push(item_document(item, layout).unweighted()),
                Arm::Reworded => documents.push(
                    rewording_document(item, &rewordings[time / 4 % REWORDINGS], layout)
                        .unweighted(),
                ),
            }
        }
    }
    documents
}
