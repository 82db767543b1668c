//! What a simulated world is like: its items, the models that answer, and what measures the bias of its controls.
//!
//! Guessing: every item has a difficulty, the same for all models; how likely a model restores an item that it never saw
//! is the quantile of its difficulty in a Beta distribution around the rate of its arm. Items of a family have one
//! difficulty and are guessed together; an item and its rewording have one difficulty and are guessed apart. Given the
//! difficulty, every probe and form is guessed anew, the worst case for a family of tests.
//!
//! Invariant: all shares and rates are 0 to 1.

/// Fewest items, families counted once, by which verdicts take bias for measured.
const MEASURED: usize = 50;

/// A world.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// What the controls are.
    pub controls: Controls,
    /// Items of an arm.
    pub items: usize,
    /// Items of a family.
    pub family: usize,
    /// How items are guessed; the shares of either arm add up to 1.
    pub strata: Vec<Stratum>,
    /// a + b of the Beta distributions of guessability: the smaller, the more items differ.
    pub concentration: f64,
    /// Share of the words of an item that stand in an answer which does not restore it, by arm: how alike the style of
    /// originals and controls is to what a model writes anyway. It differs by item as guessing does.
    pub overlap: ByArm,
    /// Share of the answers that say nothing, by arm.
    pub declined: ByArm,
    /// Options that several items have.
    pub recurring: Option<Recurring>,
    /// The probe of likelihoods is put too, and originals are likelier than their rewordings by so many standard
    /// deviations; `None` leaves it out.
    pub offset: Option<f64>,
    /// Never-sent items, each with a rewording, that measure bias; 0 for none.
    pub never_sent: usize,
    /// Models that cannot have seen the items.
    pub references: usize,
    /// How often the model guesses what the references guess, as a factor of their rate.
    pub factor: f64,
    /// Items that the model saw.
    pub leak: Leak,
    /// Whether an item that is restored in one probe and form is restored in all.
    pub together: bool,
}

/// What the controls are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Controls {
    /// Each the same content in other words.
    Rewordings,
    /// Others of the same kind.
    Siblings,
}

impl Controls {
    /// The word used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rewordings => "rewordings",
            Self::Siblings => "siblings",
        }
    }
}

/// A number for suspects and one for controls.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ByArm {
    /// Of suspects.
    pub suspects: f64,
    /// Of controls.
    pub controls: f64,
}

/// Items of one template.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stratum {
    /// Share of the items of each arm.
    pub share: ByArm,
    /// Mean rate at which they are guessed.
    pub guess: ByArm,
}

/// Options that several items have and that whoever knows them guesses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recurring {
    /// Share of the items, in either arm, that have one.
    pub share: f64,
    /// Items of an arm that have the same.
    pub items: usize,
    /// Rate at which such an option is guessed in originals.
    pub guess: f64,
}

/// What a model saw.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Leak {
    /// Share of the suspects.
    pub share: f64,
    /// Share of these that it restores, in every probe and form alike.
    pub recall: f64,
}

impl Scenario {
    /// 200 items with rewordings that are guessed at `suspects` and at `controls`, a tenth of whose words stand in other
    /// answers, and nothing that measures bias.
    pub fn new(suspects: f64, controls: f64) -> Self {
        let stratum = Stratum {
            share: ByArm {
                suspects: 1.0,
                controls: 1.0,
            },
            guess: ByArm { suspects, controls },
        };
        Self {
            controls: Controls::Rewordings,
            items: 200,
            family: 1,
            strata: vec![stratum],
            concentration: 1.5,
            overlap: ByArm {
                suspects: 0.1,
                controls: 0.1,
            },
            declined: ByArm::default(),
            recurring: None,
            offset: None,
            never_sent: 0,
            references: 0,
            factor: 1.0,
            leak: Leak::default(),
            together: false,
        }
    }

    /// The rate at which the items of either arm are guessed.
    pub fn guess(&self) -> ByArm {
        let mean = |of: fn(&ByArm) -> f64| -> f64 {
            let strata = self.strata.iter();
            strata.map(|one| of(&one.share) * of(&one.guess)).sum()
        };
        ByArm {
            suspects: mean(|arms| arms.suspects),
            controls: mean(|arms| arms.controls),
        }
    }

    /// Whether enough measures the bias of the controls, families counted once.
    pub fn is_measured(&self) -> bool {
        let enough = |items: usize| items / self.family >= MEASURED;
        enough(self.never_sent) || self.references > 0 && enough(self.items)
    }
}

/// A rule that a row goes without, to show what the rule costs or prevents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The bias is known exactly instead of measured.
    Measuring,
    /// Bias is not measured at all.
    Bias,
    /// What references restore too counts.
    GuessFilter,
    /// Each probe and form alone decides.
    Holm,
    /// Answers that say nothing are left out, and no more is asked of what remains.
    Worst,
    /// Only hits are tested, not how much of what was asked for is in an answer.
    Measures,
    /// Items that hang together count each for itself.
    Families,
}

impl Rule {
    /// The words used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Measuring => "measuring (bias known exactly)",
            Self::Bias => "measured bias",
            Self::GuessFilter => "guess filter",
            Self::Holm => "Holm's method",
            Self::Worst => "invalid answers at their worst",
            Self::Measures => "measures beside hits",
            Self::Families => "families as wholes",
        }
    }
}
