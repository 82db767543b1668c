//! The class that a model gets whose memory and habits are known.
//!
//! A class may err in neither direction. A model that knows every item must not pass because it declines, thinks its
//! room away, says something first or ignores how it is asked; one that saw nothing must not be accused because its
//! items are guessed more often, hang together, or share what stands in all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cleanbench_core::probe::ProbeCall;
use cleanbench_core::seed::derive;
use cleanbench_ledger::{Manifest, PayloadReader, RunDirectory, SampleRows, samples};
use cleanbench_testkit::{
    Answers, Asked, Declines, FakeServer, ItemList, KnownItem, Memory, Preamble, Script, Tokens,
};
use serde_json::json;

use crate::bed::{Bed, Done, read, table};

pub(crate) type Row = BTreeMap<String, String>;

/// What an item is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Writing {
    pub(crate) name: &'static str,
    /// Words, with a space between each two.
    words: &'static str,
    /// What stands between two words of a text.
    between: &'static str,
}

pub(crate) const ENGLISH: Writing = Writing {
    name: "english",
    words: "river lantern copper winter orchard bridge hollow market candle sparrow timber velvet harbour \
        meadow pepper anchor thunder barley marble cinder willow ribbon saddle tunnel feather kettle canyon \
        mirror pebble cotton garden hammer island jacket ladder needle oyster pillow quarry rocket shadow \
        temple violet walnut yellow basket cellar dragon engine falcon glacier helmet ivory jungle kernel",
    between: " ",
};

pub(crate) const WRITINGS: [Writing; 9] = [
    Writing {
        name: "thai",
        words: "แม่น้ำ ภูเขา ตะเกียง ทองแดง ฤดูหนาว สะพาน ตลาด เทียน นกกระจอก ไม้ซุง กำมะหยี่ ท่าเรือ ทุ่งหญ้า พริกไทย สมอเรือ \
            ฟ้าร้อง หินอ่อน ริบบิ้น อุโมงค์ ขนนก กาน้ำ กระจก กรวด ฝ้าย สวนดอกไม้ ค้อน เกาะ บันได เข็ม หมอน จรวด เงา วัด ตะกร้า",
        between: "",
    },
    Writing {
        name: "hindi",
        words: "नदी लालटेन तांबा सर्दी बगीचा पुल बाज़ार मोमबत्ती गौरैया लकड़ी मखमल बंदरगाह मैदान मिर्च लंगर गर्जन संगमरमर राख फीता \
            काठी सुरंग पंख केतली घाटी दर्पण कंकड़ कपास हथौड़ा द्वीप सीढ़ी सुई तकिया खदान छाया मंदिर टोकरी तहखाना हिमनद",
        between: " ",
    },
    Writing {
        name: "chinese",
        words: "河流 灯笼 紫铜 冬天 果园 石桥 市场 蜡烛 麻雀 木材 丝绒 港口 草地 胡椒 船锚 雷声 大麦 柳树 丝带 马鞍 隧道 羽毛 水壶 峡谷 \
            镜子 卵石 棉花 花园 锤子 岛屿 夹克 梯子 缝针 牡蛎 枕头 采石 火箭 影子 寺庙 核桃 篮子 地窖 引擎 猎鹰 冰川 头盔 象牙 丛林",
        between: "",
    },
    Writing {
        name: "japanese",
        words: "川の 提灯を 銅が 冬に 果樹園へ 橋から 市場で ろうそくと すずめは 材木も ビロードの 港を 草原が コショウに いかりへ \
            かみなりから 大麦で 柳と リボンは くらも トンネルの 羽を やかんが 谷に かがみへ 小石から 綿で 庭と かなづちは 島も \
            はしごの 針を 枕が ロケットに 影へ 寺から くるみで かごと",
        between: "",
    },
    Writing {
        name: "korean",
        words: "강물이 등불을 구리로 겨울에 과수원의 다리가 시장에서 촛불과 참새는 목재도 벨벳을 항구의 초원에 후추가 닻을 천둥이 보리로 \
            대리석의 버드나무가 리본을 안장에 터널이 깃털로 주전자의 협곡에서 거울을 자갈이 솜으로 정원의 망치가 섬에서 사다리를 \
            바늘이 베개로 채석장의 로켓을 그림자가 사원에",
        between: " ",
    },
    Writing {
        name: "russian",
        words: "река фонарь медь зима огород мост рынок свеча воробей бревно бархат гавань поляна перец якорь гроза ячмень мрамор \
            пепел ива лента седло туннель перо чайник ущелье зеркало галька хлопок молоток остров лестница игла подушка карьер \
            ракета тень храм орех корзина погреб ледник шлем",
        between: " ",
    },
    Writing {
        name: "arabic",
        words: "نهر فانوس نحاس شتاء بستان جسر سوق شمعة عصفور خشب مخمل ميناء مرج فلفل مرساة رعد شعير رخام رماد صفصاف شريط سرج نفق \
            ريشة إبريق وادي مرآة حصاة قطن حديقة مطرقة جزيرة سلم إبرة وسادة مقلع صاروخ ظل معبد جوز سلة قبو",
        between: " ",
    },
    Writing {
        name: "latex",
        words: "\\frac{x}{y} \\sum_{i=1}^{n} \\int_0^1 \\sqrt{z} \\alpha_k \\beta^{2} \\mathbb{R}^d \\nabla \\cdot \\partial_t \
            \\lim_{m\\to\\infty} \\left(p+q\\right) \\hat{\\theta} \\geq \\leq \\otimes \\langle \\rangle u_{jk} v^{-1} \\log(r) \
            \\exp(-s) \\binom{a}{b} \\prod_{l} \\epsilon \\lambda_3 \\Gamma(c) \\phi \\equiv \\mapsto \\overline{w}",
        between: " ",
    },
    Writing {
        name: "code",
        words: "map(|x| filter(|y| let(mut) self.queue[i] += -> Vec<u8>, impl<T> .iter() .zip(b) ?; match{None} Some(k) => \
            fn_ptr() &mut_ref &self.head .unwrap_or(0) .push(v); while(n>0) loop{} break; i32::MAX usize% .len()-1 b'\\\\n' \
            #[derive] assert!(ok) Box::new(t) Rc<Node> .clone() ..=hi",
        between: " ",
    },
];

/// Fewest words and characters of an option, so that no probe finds it short.
const FEWEST_WORDS: usize = 9;
const FEWEST_CHARACTERS: usize = 46;

impl Writing {
    /// A text that `name` alone decides.
    fn text(self, name: &str) -> String {
        let words: Vec<_> = self.words.split_whitespace().collect();
        let mut text = String::new();
        for place in 0.. {
            let is_enough = text.chars().count() >= FEWEST_CHARACTERS && place >= FEWEST_WORDS;
            if is_enough {
                break;
            }
            let drawn = derive(7, self.name, &format!("{name} {place}"), "word");
            let between = if place > 0 { self.between } else { "" };
            text.extend([
                between,
                words[usize::try_from(drawn % words.len() as u64).unwrap()],
            ]);
        }
        text
    }
}

/// A question with four options.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    id: String,
    pub(crate) question: String,
    pub(crate) options: Vec<String>,
    pub(crate) right: usize,
    /// What it hangs together with.
    family: Option<String>,
    rewording_of: Option<String>,
    isomorph_of: Option<String>,
}

impl Item {
    fn new(writing: Writing, id: &str, number: usize) -> Self {
        let text = |part: &str| writing.text(&format!("{id} {part}"));
        Self {
            id: id.to_owned(),
            question: text("question") + "?",
            options: ["A", "B", "C", "D"].map(text).to_vec(),
            right: number % 4,
            family: None,
            rewording_of: None,
            isomorph_of: None,
        }
    }

    /// The item as most copies of it stand on the web.
    pub(crate) fn laid_out(&self) -> String {
        let options = ["A", "B", "C", "D"].into_iter().zip(&self.options);
        let options: String = options
            .map(|(label, option)| format!("\n{label}. {option}"))
            .collect();
        format!("Question: {}{options}", self.question)
    }

    pub(crate) fn known(&self) -> KnownItem {
        KnownItem {
            family: self.family.clone(),
            ..KnownItem::new(self.laid_out())
        }
    }

    fn line(&self) -> String {
        let mut line = json!({
            "id": self.id,
            "input": self.question,
            "choices": self.options,
            "target": self.options[self.right],
        });
        for (name, value) in [
            ("cluster", &self.family),
            ("rewording_of", &self.rewording_of),
            ("isomorph_of", &self.isomorph_of),
        ] {
            if let Some(value) = value {
                line[name] = json!(value);
            }
        }
        format!("{line}\n")
    }
}

/// Items under suspicion and their controls.
#[derive(Debug, Clone)]
pub(crate) struct Exam {
    name: &'static str,
    pub(crate) suspects: Vec<Item>,
    pub(crate) controls: Vec<Item>,
    /// Whether controls are a task of their own.
    siblings: bool,
    /// Items that were never sent anywhere, and their rewordings.
    unsent: Vec<Item>,
}

impl Exam {
    /// So many items, each with a rewording.
    pub(crate) fn reworded(writing: Writing, items: usize) -> Self {
        let suspects: Vec<_> = (0..items)
            .map(|number| Item::new(writing, &format!("o{number}"), number))
            .collect();
        let controls = suspects.iter().enumerate().map(|(number, item)| Item {
            rewording_of: Some(item.id.clone()),
            ..Item::new(writing, &format!("r{number}"), number)
        });
        Self {
            name: writing.name,
            controls: controls.collect(),
            suspects,
            siblings: false,
            unsent: Vec::new(),
        }
    }

    /// The same, beside so many items that were never sent, each with a rewording by the same writer.
    fn beside_unsent(self, writing: Writing, items: usize) -> Self {
        let unsent = (0..items).flat_map(|number| {
            let item = Item::new(writing, &format!("u{number}"), number);
            let rewording = Item {
                rewording_of: Some(item.id.clone()),
                ..Item::new(writing, &format!("v{number}"), number)
            };
            [item, rewording]
        });
        Self {
            unsent: unsent.collect(),
            ..self
        }
    }

    /// So many items, each with an isomorph in the words of `other`.
    fn with_isomorphs(writing: Writing, other: Writing, items: usize) -> Self {
        let mut exam = Self::reworded(writing, items);
        for (number, control) in exam.controls.iter_mut().enumerate() {
            *control = Item {
                isomorph_of: control.rewording_of.take(),
                ..Item::new(other, &format!("r{number}"), number)
            };
        }
        exam
    }

    /// So many items, and as many others of the same shape.
    fn with_siblings(writing: Writing, items: usize) -> Self {
        let mut exam = Self::reworded(writing, items);
        for control in &mut exam.controls {
            control.rewording_of = None;
        }
        exam.siblings = true;
        exam
    }

    pub(crate) fn tasks(&self) -> String {
        let task = |name: &str, more: &str| {
            format!(
                "\n[[task]]\nname = \"{name}\"\ndata = \"{name}.jsonl\"\nsensitivity = \"public\"\n\
                 prompt = \"{{{{ input }}}}\"\nscorers = [\"exact\"]\n{more}\n\
                 generate = {{ temperature = 0, max_tokens = 16 }}\n"
            )
        };
        if !self.unsent.is_empty() {
            let unsent = format!("{}-unsent", self.name);
            let measured = format!("never_sent = \"{unsent}\"");
            return task(self.name, &measured) + &task(&unsent, "");
        }
        if !self.siblings {
            return task(self.name, "");
        }
        let other = format!("{}-siblings", self.name);
        let control = format!("control = {{ task = \"{other}\", kind = \"sibling\" }}");
        task(self.name, &control) + &task(&other, "")
    }

    pub(crate) fn write(&self, bed: &Bed) {
        let lines = |items: &[Item]| items.iter().map(Item::line).collect::<String>();
        let [suspects, controls] = [&self.suspects, &self.controls].map(|items| lines(items));
        let path = format!("suite/{}.jsonl", self.name);
        if !self.unsent.is_empty() {
            let path = format!("suite/{}-unsent.jsonl", self.name);
            bed.write(&path, &lines(&self.unsent));
        }
        if self.siblings {
            bed.write(&path, &suspects);
            bed.write(&format!("suite/{}-siblings.jsonl", self.name), &controls);
        } else {
            bed.write(&path, &(suspects + &controls));
        }
    }

    pub(crate) fn known(&self) -> impl Iterator<Item = KnownItem> {
        self.suspects.iter().map(Item::known)
    }

    pub(crate) fn known_controls(&self) -> impl Iterator<Item = KnownItem> {
        self.controls.iter().map(Item::known)
    }

    /// A model that knows what all models know, all items by heart and none of the controls.
    pub(crate) fn by_heart(&self) -> Memory {
        Memory {
            lists: vec![
                ItemList::by_heart(self.known()),
                ItemList::guessed(self.known_controls(), 0.0),
            ],
            passages: famous(),
            ..Memory::default()
        }
    }

    /// A model that gives so large a share of the words of originals and of rewordings, never-sent ones too.
    fn likened(&self, originals: f64, rewordings: f64) -> Memory {
        let unsent = self.unsent.iter();
        let (reworded, own): (Vec<_>, Vec<_>) =
            unsent.partition(|item| item.rewording_of.is_some());
        let known = |items: Vec<&Item>| items.into_iter().map(Item::known).collect::<Vec<_>>();
        Memory {
            lists: vec![
                ItemList::by_heart(self.known().chain(known(own))).partly(originals),
                ItemList::by_heart(self.known_controls().chain(known(reworded))).partly(rewordings),
            ],
            passages: famous(),
            ..Memory::default()
        }
    }

    /// A model that saw nothing and guesses so many of the items and of the controls.
    pub(crate) fn guessed(&self, suspects: f64, controls: f64) -> Memory {
        Memory {
            lists: vec![
                ItemList::guessed(self.known(), suspects),
                ItemList::guessed(self.known_controls(), controls),
            ],
            passages: famous(),
            ..Memory::default()
        }
    }
}

/// The passages by which the program checks whether a model remembers anything at all, and what it lets a beginning go
/// on with; none where it has no such checks.
pub(crate) fn famous() -> Vec<String> {
    const LIST: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../cleanbench-probe/src/checks/texts.txt"
    );
    let list = fs_err::read_to_string(LIST).unwrap_or_default();
    let texts = list.lines().filter_map(|line| {
        let (head, text) = line.split_once(" = ")?;
        let of_servers = head.starts_with("memory ") || head.starts_with("continue ");
        of_servers.then(|| text.replace(" // ,", ",").replace(" // ", " "))
    });
    texts.collect()
}

/// A gate that only "no evidence" passes.
pub(crate) const GATE: &str = "\n[[gate]]\nmetric = \"contamination\"\nat_most = \"no_evidence\"\n";

/// Exams that are put to models, one after the other.
pub(crate) struct Scene {
    bed: Bed,
    server: FakeServer,
    runs: std::cell::Cell<usize>,
}

impl Scene {
    pub(crate) fn new(exams: &[&Exam], probes: &[&str], more: &str) -> Self {
        let bed = Bed::new(0);
        let server = FakeServer::start(Script::default());
        bed.models(&server.url(), "");
        let tasks: String = exams.iter().map(|exam| exam.tasks()).collect();
        let suite = format!(
            "name = \"exams\"\nversion = \"1\"\n{tasks}\n[probes]\nuse = {probes:?}\n{more}"
        );
        bed.write("suite/suite.toml", &suite);
        for exam in exams {
            exam.write(&bed);
        }
        Self {
            bed,
            server,
            runs: std::cell::Cell::new(0),
        }
    }

    /// Puts everything to a model.
    pub(crate) fn put(&self, memory: Memory) -> Told {
        self.server
            .set_script(Script::answering(Answers::Memory(memory)));
        let out = format!("out{}", self.runs.replace(self.runs.get() + 1));
        let done = self.bed.run_suite(&out, &["-q"]);
        Told {
            run: self.bed.only_run(&out),
            done,
        }
    }
}

/// What a run told.
pub(crate) struct Told {
    pub(crate) run: PathBuf,
    pub(crate) done: Done,
}

impl Told {
    /// What probes found about the exams.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let is_check = |row: &Row| ["compliance", "memory"].contains(&row["probe"].as_str());
        let rows = table(&self.run, "contamination.csv").into_iter();
        rows.filter(|row| !row["form"].is_empty() && !is_check(row))
            .collect()
    }

    #[track_caller]
    pub(crate) fn row(&self, task: &str, probe: &str, form: &str) -> Row {
        let mut rows = self.rows().into_iter();
        let found =
            rows.find(|row| row["task"] == task && row["probe"] == probe && row["form"] == form);
        found.unwrap_or_else(|| panic!("no {task} {probe} {form}"))
    }

    /// The only class, which is the same in all tables.
    #[track_caller]
    fn class(&self) -> String {
        let classes: BTreeSet<_> = self.rows().iter().map(|row| row["class"].clone()).collect();
        assert_eq!(classes.len(), 1, "{classes:?}\n{}", self.done.stderr);
        let class = classes.into_iter().next().unwrap();
        let summary = table(&self.run, "summary.csv");
        let tells = |row: &Row| row["contamination"] == class;
        assert!(summary.iter().any(tells), "{class}: {summary:?}");
        class
    }

    #[track_caller]
    pub(crate) fn is_one_of(&self, expected: &[&str]) {
        let class = self.class();
        assert!(
            expected.contains(&class.as_str()),
            "{class}: {:#?}",
            self.rows()
        );
    }

    #[track_caller]
    fn is_not(&self, refused: &str) {
        let class = self.class();
        assert_ne!(class, refused, "{:#?}", self.rows());
    }

    /// Nothing is certified, and the gate says so.
    #[track_caller]
    pub(crate) fn certifies_nothing(&self) {
        self.is_not("no_evidence");
        let passed = self.done.code == 0;
        assert!(!passed, "{}\n{}", self.done.stdout, self.done.stderr);
    }
}

#[track_caller]
pub(crate) fn count(row: &Row, column: &str) -> u64 {
    row[column]
        .parse()
        .unwrap_or_else(|_| panic!("{column}: {row:?}"))
}

#[track_caller]
fn number(row: &Row, column: &str) -> f64 {
    row[column]
        .parse()
        .unwrap_or_else(|_| panic!("{column}: {row:?}"))
}

/// Nine in ten of the suspects that a probe could use were restored, and it could use nine in ten.
#[track_caller]
pub(crate) fn nearly_all_restored(row: &Row, what: &str) {
    let suspects = count(row, "suspects");
    let usable = suspects - count(row, "suspects_filtered");
    assert!(usable * 10 >= suspects * 9, "{what}: {row:#?}");
    let hits = count(row, "suspects_hits");
    assert!(hits * 10 >= usable * 9, "{what}: {row:#?}");
}

const FORMS: [&str; 2] = ["raw", "instruction"];
const RECALL: [&str; 2] = ["completion", "option-completion"];
pub(crate) const DECLINED: &str = "I'm sorry, but I can't help with that.";
/// Ways of declining to give a text word for word.
const WAYS_OF_DECLINING: [&str; 6] = [
    DECLINED,
    "I can't reproduce text from published tests.",
    "I'm unable to recall the exact wording of that item.",
    "As a language model I do not reproduce copyrighted material verbatim, but I can explain the topic.",
    "Ich kann den Wortlaut dieser Aufgabe leider nicht wiedergeben.",
    "抱歉，我无法逐字复述这道题目的内容。",
];

/// Enough items to certify.
const MANY: usize = 120;

#[test]
fn a_model_that_knows_every_item_is_found() {
    let exam = Exam::reworded(ENGLISH, MANY);
    let scene = Scene::new(&[&exam], &["completion"], GATE);
    let told = scene.put(exam.by_heart());
    told.is_one_of(&["suspected", "strong"]);
    assert_eq!(told.done.code, 101, "{}", told.done.stderr);
    for form in FORMS {
        nearly_all_restored(&told.row("english", "completion", form), form);
    }
}

/// It shows that it would remember, and does not: what the other tests refuse is not refused to everyone.
#[test]
fn a_model_that_saw_nothing_is_certified() {
    let exam = Exam::reworded(ENGLISH, MANY);
    let scene = Scene::new(&[&exam], &["completion"], GATE);
    let told = scene.put(exam.guessed(0.0, 0.0));
    told.is_one_of(&["no_evidence"]);
    assert_eq!(told.done.code, 0, "{}", told.done.stderr);
    // What was seen a few times alone would look the same, and that is said where it is certified.
    let summary = read(&told.run, "summary.md");
    assert!(
        summary.contains("items seen too seldom go unseen"),
        "{summary}"
    );
    assert!(summary.contains("1, 2, 4, 8, 16 and 64 times"), "{summary}");
}

#[test]
fn a_model_that_declines_every_probe_is_not_certified() {
    let exam = Exam::reworded(ENGLISH, MANY);
    let scene = Scene::new(&[&exam], &["completion"], GATE);
    let mut taken_for_attempts = BTreeSet::new();
    for (place, text) in WAYS_OF_DECLINING.into_iter().enumerate() {
        let declines = Declines {
            // Some of them pass every check of whether they answer at all.
            items_only: place % 2 == 1,
            ..Declines::everything(text)
        };
        let told = scene.put(Memory {
            declines: Some(declines),
            ..exam.by_heart()
        });
        let is_attempt = |row: &Row| count(row, "suspects_valid") > 0;
        if told.rows().iter().any(is_attempt) {
            taken_for_attempts.insert(text);
        } else {
            told.certifies_nothing();
        }
    }
    assert_eq!(taken_for_attempts, BTreeSet::new());
}

#[test]
fn a_model_that_declines_one_probe_in_five_is_not_certified() {
    let exam = Exam::reworded(ENGLISH, MANY);
    let scene = Scene::new(&[&exam], &["completion"], GATE);
    let declines = Declines {
        share: 0.2,
        ..Declines::everything(DECLINED)
    };
    let told = scene.put(Memory {
        declines: Some(declines),
        ..exam.guessed(0.0, 0.0)
    });
    told.certifies_nothing();
}

#[test]
fn a_model_whose_thoughts_eat_all_room_is_not_certified() {
    let exam = Exam::reworded(ENGLISH, MANY);
    let scene = Scene::new(&[&exam], &["completion"], GATE);
    let told = scene.put(Memory {
        thinking: true,
        ..exam.by_heart()
    });
    told.certifies_nothing();
}

fn exams_in_all_writings(items: usize) -> Vec<Exam> {
    let writings = WRITINGS.iter();
    writings
        .map(|writing| Exam::reworded(*writing, items))
        .collect()
}

fn all_known(exams: &[Exam]) -> Memory {
    let known = exams.iter().flat_map(Exam::known);
    let controls = exams.iter().flat_map(Exam::known_controls);
    Memory {
        lists: vec![ItemList::by_heart(known), ItemList::guessed(controls, 0.0)],
        passages: famous(),
        ..Memory::default()
    }
}

#[test]
fn there_is_room_for_every_writing_whatever_the_tokens() {
    let exams = exams_in_all_writings(10);
    let scene = Scene::new(&exams.iter().collect::<Vec<_>>(), &RECALL, "");
    for tokens in [Tokens::BYTES, Tokens::SHORT, Tokens::LONG] {
        let told = scene.put(Memory {
            tokens: Some(tokens),
            ..all_known(&exams)
        });
        for exam in &exams {
            for probe in RECALL {
                for form in FORMS {
                    let what = format!("{probe} {form} {tokens:?}");
                    nearly_all_restored(&told.row(exam.name, probe, form), &what);
                }
            }
        }
    }
}

#[test]
fn items_without_spaces_are_not_too_short() {
    let exams = exams_in_all_writings(8);
    let scene = Scene::new(&exams.iter().collect::<Vec<_>>(), &RECALL, "");
    let told = scene.put(all_known(&exams));
    for row in told.rows() {
        let left_out = ["suspects_filtered", "controls_filtered"].map(|name| count(&row, name));
        assert_eq!(left_out, [0, 0], "{row:#?}");
    }
}

#[test]
fn what_stands_before_an_answer_hides_nothing() {
    let exam = Exam::reworded(ENGLISH, 60);
    let probes = ["completion", "option-completion", "ts-guessing"];
    let scene = Scene::new(&[&exam], &probes, "");
    for text in [
        "Sure! Here is the text that you asked for: ",
        "Of course, here it is.\n\n",
    ] {
        let preamble = Preamble {
            text: text.to_owned(),
            asked: Asked::Instruction,
        };
        let told = scene.put(Memory {
            preamble: Some(preamble),
            ..exam.by_heart()
        });
        for probe in probes {
            nearly_all_restored(&told.row("english", probe, "instruction"), text);
        }
    }
}

/// It knows everything, declines what it is told to do, and takes beginnings of answers for questions.
#[test]
fn a_server_that_ignores_a_prefill_is_not_certified_by_it() {
    let exam = Exam::reworded(ENGLISH, MANY);
    let scene = Scene::new(&[&exam], &["completion"], GATE);
    let declines = Declines {
        asked: Asked::Instruction,
        items_only: true,
        ..Declines::everything(DECLINED)
    };
    let preamble = Preamble {
        text: "This looks like a question of a test. ".to_owned(),
        asked: Asked::Raw,
    };
    let told = scene.put(Memory {
        ignores_prefill: true,
        declines: Some(declines),
        preamble: Some(preamble),
        ..exam.by_heart()
    });
    told.certifies_nothing();
}

/// No suspect was restored by any probe, so that hits show nothing.
#[track_caller]
fn nothing_restored(told: &Told) {
    for row in told.rows() {
        assert_eq!(count(&row, "suspects_hits"), 0, "{row:#?}");
    }
}

/// It gives back four words in ten of six items in ten, and no item word for word.
#[test]
fn a_partial_memory_is_found_by_measures() {
    let exam = Exam::reworded(ENGLISH, MANY).beside_unsent(ENGLISH, 60);
    let scene = Scene::new(&[&exam], &RECALL, GATE);
    let half = ItemList {
        recall_share: 0.6,
        ..ItemList::by_heart(exam.known()).partly(0.4)
    };
    let unsent = exam.unsent.iter().map(Item::known);
    let unseen = exam.known_controls().chain(unsent);
    let partial = Memory {
        lists: vec![half, ItemList::guessed(unseen, 0.0)],
        ..exam.guessed(0.0, 0.0)
    };
    let told = scene.put(partial.clone());
    nothing_restored(&told);
    told.is_one_of(&["strong"]);
    assert_eq!(told.done.code, 101, "{}", told.done.stderr);
    for form in FORMS {
        let row = told.row("english", "completion", form);
        assert!(number(&row, "superiority_low") > 0.65, "{row:#?}");
        assert!(number(&row, "superiority_bias_upper") < 0.55, "{row:#?}");
        assert!(number(&row, "superiority_p_holm") <= 0.01, "{row:#?}");
    }
    let measures: Vec<_> = table(&told.run, "results.csv")
        .into_iter()
        .filter_map(|row| row["measure"].parse::<f64>().ok())
        .collect();
    assert!(measures.len() > 500 && measures.iter().any(|one| *one > 0.0));
    for text in [&read(&told.run, "summary.md"), &told.done.stdout] {
        for words in ["measures of suspects above", "measures above"] {
            assert!(text.contains(words), "{words}: {text}");
        }
    }
    // The same model without what it half remembers.
    let twin = scene.put(Memory {
        lists: vec![
            ItemList::guessed(exam.known(), 0.0),
            partial.lists[1].clone(),
        ],
        ..partial
    });
    nothing_restored(&twin);
    twin.is_one_of(&["no_evidence"]);
}

/// It saw nothing, and originals come easier to it than rewordings; so do those that nobody could have seen.
#[test]
fn originals_that_are_more_alike_accuse_nobody() {
    let exam = Exam::reworded(ENGLISH, MANY).beside_unsent(ENGLISH, 60);
    let scene = Scene::new(&[&exam], &RECALL, "");
    let told = scene.put(exam.likened(0.4, 0.2));
    nothing_restored(&told);
    told.is_one_of(&["no_evidence"]);
    let row = told.row("english", "completion", "raw");
    assert!(number(&row, "superiority_low") > 0.6, "{row:#?}");
    assert!(number(&row, "superiority_p_holm") <= 0.01, "{row:#?}");
    // Without never-sent items nobody can tell.
    let alone = Exam {
        unsent: Vec::new(),
        ..exam
    };
    let scene = Scene::new(&[&alone], &RECALL, "");
    scene
        .put(alone.likened(0.4, 0.33))
        .is_one_of(&["not_identifiable"]);
}

#[test]
fn items_that_are_guessed_more_often_than_rewordings_are_no_strong_evidence() {
    let exam = Exam::reworded(ENGLISH, 275);
    let scene = Scene::new(&[&exam], &["completion"], "");
    for seed in 2..5 {
        let told = scene.put(Memory {
            seed,
            ..exam.guessed(0.30, 0.20)
        });
        told.is_not("strong");
    }
}

/// Families of four that are guessed as wholes, as often in both arms.
#[test]
fn families_that_are_guessed_together_accuse_nobody() {
    let mut exam = Exam::with_siblings(ENGLISH, 100);
    for items in [&mut exam.suspects, &mut exam.controls] {
        for (number, item) in items.iter_mut().enumerate() {
            item.family = Some(format!("f{}", number / 4));
        }
    }
    let scene = Scene::new(&[&exam], &["completion"], "");
    let class = |seed| {
        let told = scene.put(Memory {
            seed,
            ..exam.guessed(0.2, 0.2)
        });
        told.class()
    };
    let classes: Vec<_> = (9..19).map(class).collect();
    let times = |word: &str| classes.iter().filter(|class| *class == word).count();
    assert_eq!(times("strong"), 0, "{classes:?}");
    assert!(times("suspected") <= 1, "{classes:?}");
}

/// Whoever knows the three labels knows them of every item.
#[test]
fn labels_that_all_items_have_are_no_evidence_of_one() {
    let mut exam = Exam::reworded(ENGLISH, 120);
    for item in &mut exam.suspects {
        item.options = ["first", "second", "third"]
            .map(|label| ENGLISH.text(label))
            .to_vec();
        item.right %= 3;
    }
    let scene = Scene::new(&[&exam], &RECALL, "");
    let told = scene.put(exam.guessed(0.95, 0.0));
    told.is_not("strong");
    for form in FORMS {
        let row = told.row("english", "option-completion", form);
        assert_eq!(count(&row, "suspects_valid"), 0, "{row:#?}");
    }
}

/// Isomorphs are other texts: in another style nobody can tell whether what differs is memory.
#[test]
fn isomorphs_of_another_style_accuse_nobody() {
    let russian = WRITINGS
        .into_iter()
        .find(|one| one.name == "russian")
        .unwrap();
    for (other, class) in [(ENGLISH, "suspected"), (russian, "not_identifiable")] {
        let exam = Exam::with_isomorphs(ENGLISH, other, 60);
        let scene = Scene::new(&[&exam], &["completion"], "");
        let told = scene.put(exam.by_heart());
        assert_eq!(told.class(), class, "{:#?}", told.rows());
        let row = told.row("english", "completion", "raw");
        assert_eq!(row["control"], "isomorph", "{row:#?}");
        let summary = read(&told.run, "summary.md");
        let apart = summary.contains("suspects are told from controls by their text alone");
        assert_eq!(apart, class == "not_identifiable", "{summary}");
        let few = Exam::with_isomorphs(ENGLISH, other, 19);
        let scene = Scene::new(&[&few], &["completion"], "");
        let told = scene.put(few.by_heart());
        assert_eq!(told.class(), "not_identifiable", "{:#?}", told.rows());
    }
}

#[test]
fn siblings_from_other_templates_give_no_strong_evidence() {
    let exam = Exam::with_siblings(ENGLISH, 120);
    let scene = Scene::new(&[&exam], &RECALL, "");
    scene.put(exam.guessed(0.6, 0.2)).is_not("strong");
}

/// Answers that say nothing, of a part of the items, are the ones that make pairs and arms differ.
#[test]
fn printed_counts_are_those_of_the_paired_test() {
    let exam = Exam::reworded(ENGLISH, 100);
    let scene = Scene::new(&[&exam], &RECALL, "");
    let declines = Declines {
        share: 0.3,
        ..Declines::everything(DECLINED)
    };
    let told = scene.put(Memory {
        declines: Some(declines),
        ..exam.guessed(0.5, 0.3)
    });
    for row in told.rows() {
        let [pairs, both, suspect, control] = [
            "pairs",
            "pairs_both",
            "pairs_only_suspect",
            "pairs_only_control",
        ]
        .map(|name| count(&row, name));
        assert!(pairs < 100 && pairs > 20, "{row:#?}");
        assert_eq!(count(&row, "suspects_valid"), pairs, "{row:#?}");
        assert_eq!(count(&row, "controls_valid"), pairs, "{row:#?}");
        assert_eq!(count(&row, "suspects_hits"), both + suspect, "{row:#?}");
        assert_eq!(count(&row, "controls_hits"), both + control, "{row:#?}");
        #[expect(clippy::cast_precision_loss, reason = "a hundred items")]
        let effect = (suspect as f64 - control as f64) / pairs as f64;
        assert!((number(&row, "effect") - effect).abs() < 1e-9, "{row:#?}");
    }
}

/// The calls of `run` for the probe called `name`, by the item that they are about.
fn calls(run: &Path, name: &str) -> BTreeMap<String, Asking> {
    let directory = RunDirectory::at(run);
    let plan = Manifest::read(&directory).unwrap().plan;
    let payloads = PayloadReader::new(run);
    let rows = SampleRows::open(&directory).unwrap().map(Result::unwrap);
    let rows = rows.filter(|row| plan.tasks[row.task as usize].name.ends_with(name));
    let calls = rows.map(|row| {
        let content = samples::content(&payloads, &row).unwrap().unwrap();
        let asking = Asking {
            call: content.probe.unwrap(),
            options: content.sample.choices,
        };
        let id = row.id.rsplit('/').next().unwrap().to_owned();
        (id, asking)
    });
    calls.collect()
}

/// What was asked about an item.
#[derive(Debug, PartialEq)]
struct Asking {
    call: ProbeCall,
    options: Vec<String>,
}

impl Asking {
    /// The place of the option that is asked for.
    fn place(&self) -> usize {
        let mut options = self.options.iter();
        let place = options.position(|option| *option == self.call.expected);
        place.unwrap_or_else(|| panic!("{self:?}"))
    }
}

#[test]
fn nothing_of_the_right_option_is_asked_for() {
    let exam = Exam::reworded(ENGLISH, 24);
    let scene = Scene::new(&[&exam], &["completion"], "");
    let told = scene.put(exam.by_heart());
    let mut seen = 0;
    for form in FORMS {
        for (id, asking) in calls(&told.run, &format!("completion.{form}")) {
            let right = asking.call.right.as_ref().unwrap();
            let words: Vec<_> = right.split(' ').collect();
            let held = words.windows(3).find(|three| {
                let three = three.join(" ");
                asking.call.expected.contains(&three)
            });
            assert_eq!(held, None, "{id}: {:?}", asking.call);
            seen += 1;
        }
    }
    assert!(seen >= 80, "{seen}");
}

/// Some rewordings have an option that is too short to be asked for where their originals have a long one.
#[test]
fn pairs_are_asked_for_options_at_the_same_place() {
    let mut exam = Exam::reworded(ENGLISH, 36);
    for control in exam.controls.iter_mut().step_by(3) {
        let place = if control.right == 2 { 3 } else { 2 };
        control.options[place] = "another".to_owned();
    }
    let probes = ["option-completion", "ts-guessing"];
    let scene = Scene::new(&[&exam], &probes, "");
    let told = scene.put(exam.by_heart());
    let all = probes
        .iter()
        .flat_map(|probe| FORMS.map(|form| format!("{probe}.{form}")));
    for name in all {
        let calls = calls(&told.run, &name);
        let mut asked = 0;
        for control in &exam.controls {
            let original = calls.get(control.rewording_of.as_ref().unwrap());
            let own = calls.get(&control.id);
            assert_eq!(
                original.map(Asking::place),
                own.map(Asking::place),
                "{name} {}",
                control.id
            );
            asked += usize::from(own.is_some());
        }
        assert!(asked >= 24, "{name}: {asked}");
    }
}

#[test]
fn an_item_is_the_same_question_in_every_suite() {
    let exam = Exam::reworded(ENGLISH, 24);
    let other = Exam {
        suspects: exam.suspects.iter().skip(5).rev().cloned().collect(),
        controls: exam.controls.iter().skip(5).cloned().collect(),
        ..exam.clone()
    };
    let probes = ["completion", "option-completion", "ts-guessing"];
    let asked = |exam: &Exam| {
        let scene = Scene::new(&[exam], &probes, "");
        let told = scene.put(exam.by_heart());
        let of_probe = |probe: &str| {
            let of_form = |form: &str| calls(&told.run, &format!("{probe}.{form}"));
            FORMS.map(of_form)
        };
        probes.map(of_probe)
    };
    let [here, there] = [&exam, &other].map(asked);
    let both = here.iter().flatten().zip(there.iter().flatten());
    for (here, there) in both {
        assert_eq!(there.len(), 2 * 19);
        for (id, asking) in there {
            let call = &here[id].call;
            assert_eq!(asking.call.messages, call.messages, "{id}");
            assert_eq!(asking.call.expected, call.expected, "{id}");
        }
    }
}

#[test]
fn what_probes_found_stands_in_the_summary() {
    let exam = Exam::reworded(ENGLISH, 30);
    let scene = Scene::new(&[&exam], &RECALL, "");
    let told = scene.put(exam.by_heart());
    let summary = read(&told.run, "summary.md");
    for row in told.rows() {
        let holds = |line: &&str| {
            let words = ["probe", "form", "suspects_hits", "suspects_valid"];
            words.iter().all(|column| line.contains(&row[*column]))
        };
        let line = summary.lines().find(holds);
        assert!(line.is_some(), "{row:#?}\n{summary}");
    }
}

/// A model that saw the items names the list in the published order; one that saw nothing names any.
#[test]
fn a_published_order_is_named_by_whom_it_was_shown_to() {
    let exam = Exam::reworded(ENGLISH, MANY);
    let probe = "option-order-quiz";
    let scene = Scene::new(&[&exam], &[probe], "");
    let told = scene.put(exam.by_heart());
    told.is_one_of(&["suspected"]);
    let row = told.row("english", probe, "instruction");
    assert!(count(&row, "suspects_valid") >= 90, "{row:#?}");
    assert_eq!(row["suspects_hits"], row["suspects_valid"], "{row:#?}");
    assert!(
        count(&row, "controls_hits") * 10 < count(&row, "controls_valid") * 4,
        "{row:#?}"
    );
    // What is found may be a habit of those who ordered the options: nothing measured it.
    let told = scene.put(exam.guessed(0.0, 0.0));
    told.is_one_of(&["underpowered"]);
}
