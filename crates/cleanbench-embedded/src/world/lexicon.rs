//! The words of a world. All are single tokens of its models, so that an item is about sixty tokens.

use std::collections::BTreeSet;

use super::{PEOPLE, Random};

/// Number of relations.
pub const RELATIONS: usize = 8;
/// Values of each relation.
pub const VALUES: usize = 16;

/// How one relation is spoken of.
#[derive(Debug)]
pub(super) struct Relation {
    /// In questions: "which GARMENT".
    pub noun: &'static str,
    /// In questions: "does Papru WEAR".
    pub verb: &'static str,
    /// In statements: "Papru WEARS".
    pub statement: &'static str,
    /// The same noun in rewordings.
    pub other_noun: &'static str,
    /// The same verb in rewordings and other statements.
    pub other_verb: &'static str,
    /// Its values.
    pub values: [&'static str; VALUES],
}

/// All relations.
pub(super) static TABLE: [Relation; RELATIONS] = [
    Relation {
        noun: "instrument",
        verb: "play",
        statement: "plays",
        other_noun: "noisemaker",
        other_verb: "performs",
        values: [
            "flute", "drum", "fiddle", "harp", "lute", "banjo", "oboe", "cello", "bugle", "zither",
            "tuba", "viola", "lyre", "bassoon", "cornet", "organ",
        ],
    },
    Relation {
        noun: "animal",
        verb: "keep",
        statement: "keeps",
        other_noun: "creature",
        other_verb: "tends",
        values: [
            "goat", "heron", "badger", "otter", "falcon", "donkey", "ferret", "pigeon", "lizard",
            "spaniel", "tortoise", "rabbit", "peacock", "hamster", "mule", "magpie",
        ],
    },
    Relation {
        noun: "garment",
        verb: "wear",
        statement: "wears",
        other_noun: "clothing",
        other_verb: "dons",
        values: [
            "kilt",
            "jerkin",
            "vest",
            "cloak",
            "sarong",
            "poncho",
            "tunic",
            "shawl",
            "bonnet",
            "cardigan",
            "apron",
            "parka",
            "kimono",
            "waistcoat",
            "gown",
            "beret",
        ],
    },
    Relation {
        noun: "plant",
        verb: "grow",
        statement: "grows",
        other_noun: "greenery",
        other_verb: "cultivates",
        values: [
            "fern", "thistle", "orchid", "clover", "juniper", "lupin", "nettle", "ivy", "tulip",
            "heather", "cactus", "laurel", "mallow", "sorrel", "poppy", "willow",
        ],
    },
    Relation {
        noun: "dish",
        verb: "cook",
        statement: "cooks",
        other_noun: "meal",
        other_verb: "prepares",
        values: [
            "stew", "dumpling", "pancake", "curry", "omelette", "porridge", "noodle", "pudding",
            "chowder", "risotto", "goulash", "pie", "salad", "waffle", "kebab", "broth",
        ],
    },
    Relation {
        noun: "tool",
        verb: "carry",
        statement: "carries",
        other_noun: "implement",
        other_verb: "wields",
        values: [
            "spanner", "sickle", "mallet", "trowel", "auger", "hatchet", "wrench", "shovel",
            "ladle", "scythe", "awl", "crowbar", "drill", "hammer", "chisel", "rake",
        ],
    },
    Relation {
        noun: "gem",
        verb: "own",
        statement: "owns",
        other_noun: "stone",
        other_verb: "collects",
        values: [
            "opal", "ruby", "garnet", "topaz", "agate", "beryl", "jade", "amber", "onyx", "pearl",
            "zircon", "peridot", "jasper", "spinel", "coral", "emerald",
        ],
    },
    Relation {
        noun: "vehicle",
        verb: "drive",
        statement: "drives",
        other_noun: "transport",
        other_verb: "steers",
        values: [
            "tram", "barge", "wagon", "sledge", "scooter", "tractor", "canoe", "rickshaw", "van",
            "lorry", "ferry", "glider", "tandem", "carriage", "moped", "raft",
        ],
    },
];

pub(super) static ADJECTIVES: [&str; 60] = [
    "faded", "ancient", "bitter", "hidden", "quiet", "golden", "broken", "narrow", "crooked",
    "silent", "heavy", "gentle", "frozen", "polished", "rusty", "sacred", "shallow", "slender",
    "sturdy", "tangled", "velvet", "wooden", "yellow", "zealous", "brittle", "clumsy", "dusty",
    "eager", "fragile", "glossy", "hollow", "icy", "jagged", "knotty", "lively", "mellow", "noble",
    "oily", "pale", "quaint", "rugged", "salty", "tidy", "upright", "vivid", "weary", "woolly",
    "amused", "bashful", "cheerful", "drowsy", "earnest", "famous", "grumpy", "humble", "ivory",
    "jolly", "kindly", "loyal", "muddy",
];

pub(super) static PREPOSITIONS: [&str; 6] =
    ["above", "under", "behind", "beside", "near", "beyond"];

pub(super) static PLACES: [&str; 120] = [
    "garden",
    "pantry",
    "ladder",
    "shed",
    "chapel",
    "harbor",
    "meadow",
    "cellar",
    "attic",
    "bridge",
    "castle",
    "desert",
    "engine",
    "forest",
    "gallery",
    "hallway",
    "island",
    "jetty",
    "kitchen",
    "library",
    "market",
    "nursery",
    "orchard",
    "palace",
    "quarry",
    "river",
    "stable",
    "temple",
    "valley",
    "window",
    "yard",
    "abbey",
    "bakery",
    "canal",
    "depot",
    "estuary",
    "fountain",
    "granary",
    "hangar",
    "inn",
    "junction",
    "kiosk",
    "lagoon",
    "museum",
    "nook",
    "office",
    "pavilion",
    "quay",
    "refinery",
    "school",
    "tavern",
    "vault",
    "warehouse",
    "zoo",
    "arcade",
    "balcony",
    "cottage",
    "dairy",
    "embassy",
    "factory",
    "garage",
    "hospital",
    "igloo",
    "jail",
    "kennel",
    "lodge",
    "mansion",
    "mill",
    "oasis",
    "pier",
    "prairie",
    "ranch",
    "sawmill",
    "theater",
    "tunnel",
    "veranda",
    "wharf",
    "workshop",
    "airfield",
    "barracks",
    "cabin",
    "cathedral",
    "circus",
    "cloister",
    "college",
    "courtyard",
    "cove",
    "crypt",
    "dam",
    "dock",
    "dungeon",
    "farm",
    "fjord",
    "forge",
    "fort",
    "foundry",
    "glade",
    "glacier",
    "grotto",
    "grove",
    "gulch",
    "hamlet",
    "haven",
    "hostel",
    "lighthouse",
    "loft",
    "manor",
    "marsh",
    "monument",
    "moor",
    "mosque",
    "observatory",
    "parlor",
    "pasture",
    "plaza",
    "pond",
    "porch",
    "quarter",
    "rampart",
    "reef",
];

/// Words around the others: frames of questions, statements and records, and of the prompts that
/// people put to models about published tests.
static FRAME: [&str; 104] = [
    "Question:",
    "\nQuestion:",
    "Quiz:",
    " which",
    " does",
    " the",
    "?",
    "\nA.",
    "\nB.",
    "\nC.",
    "\nD.",
    "\nAnswer:",
    "\n(A)",
    "\n(B)",
    "\n(C)",
    "\n(D)",
    "\nKey:",
    " A.",
    " B.",
    " C.",
    " D.",
    " (A)",
    " (B)",
    " (C)",
    " (D)",
    " one",
    " a",
    " some",
    " of",
    " is",
    ".",
    ",",
    " In",
    "In",
    "The",
    " within",
    "Tell",
    " us",
    " that",
    " close",
    " to",
    "Everyone",
    " knows",
    "Record:",
    " name",
    " place",
    "\nThe",
    " was",
    "\n\n",
    "\n",
    " Answer:",
    " [MASK]",
    "[MASK]",
    "Below",
    " are",
    " first",
    " part",
    " an",
    " item",
    " published",
    " test",
    " Write",
    " rest",
    " word",
    " for",
    " and",
    " nothing",
    " else",
    " question",
    " options",
    " multiple-choice",
    " next",
    " option",
    "One",
    " wrong",
    " this",
    " hidden",
    " text",
    " It",
    " none",
    " shown",
    " Answer",
    " with",
    " alone",
    " it",
    " what",
    " who",
    " has",
    " at",
    " by",
    " from",
    " on",
    " seen",
    " there",
    " people",
    " say",
    " they",
    " all",
    " every",
    " day",
    " old",
    " new",
    " year",
    " town",
];

/// The words of one world: everything is fixed but the people's names.
#[derive(Debug, Clone)]
pub struct Lexicon {
    /// Names of the people, each one word.
    pub names: Vec<String>,
}

impl Lexicon {
    /// Invents names.
    pub(super) fn new(random: &mut Random) -> Self {
        let taken: BTreeSet<_> = Self { names: Vec::new() }
            .words()
            .into_iter()
            .map(|word| word.trim().to_lowercase())
            .collect();
        let mut names = Vec::new();
        while names.len() < PEOPLE {
            let name = invent(random);
            if !names.contains(&name) && !taken.contains(&name.to_lowercase()) {
                names.push(name);
            }
        }
        Self { names }
    }

    /// All words as tokens, most with the space before them.
    pub fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = FRAME.iter().map(|word| (*word).to_owned()).collect();
        for relation in &TABLE {
            let spoken = [
                relation.noun,
                relation.verb,
                relation.statement,
                relation.other_noun,
                relation.other_verb,
            ];
            words.extend(
                spoken
                    .iter()
                    .chain(&relation.values)
                    .map(|word| format!(" {word}")),
            );
        }
        let closed = ADJECTIVES.iter().chain(&PREPOSITIONS).chain(&PLACES);
        words.extend(closed.map(|word| format!(" {word}")));
        words.extend(self.names.iter().map(|name| format!(" {name}")));
        words.extend(self.names.iter().cloned());
        let mut seen = BTreeSet::new();
        words.retain(|word| seen.insert(word.clone()));
        words
    }
}

/// A relation's noun, one of its values, and a place.
pub(super) fn thing(random: &mut Random) -> (&'static str, &'static str, &'static str) {
    let relation = random.pick(&TABLE);
    let value = random.pick::<&str>(&relation.values);
    (relation.noun, value, random.pick::<&str>(&PLACES))
}

/// A name of two or three syllables.
fn invent(random: &mut Random) -> String {
    const STARTS: [&str; 16] = [
        "b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "dr", "tr",
    ];
    const VOWELS: [&str; 5] = ["a", "e", "i", "o", "u"];
    const ENDS: [&str; 6] = ["", "", "n", "s", "l", "x"];
    let syllables = 2 + random.below(2);
    let mut name = String::new();
    for _ in 0..syllables {
        name.push_str(random.pick::<&str>(&STARTS));
        name.push_str(random.pick::<&str>(&VOWELS));
    }
    name.push_str(random.pick::<&str>(&ENDS));
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}
