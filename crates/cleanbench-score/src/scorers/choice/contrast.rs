//! Short answers that say of some options that they are wrong and of the others that they are right: "Not A but B",
//! "Bukan A, melainkan B", "Falsch sind B und D, richtig sind A und C".
//!
//! Every word must be known: the labels, what denies, what joins, and words that say nothing ("the", "είναι"). A clause
//! denies its labels where it holds one word that does.
//!
//! Invariant: one pass over at most [`LONGEST`] bytes. It refuses a text with any other word, a question, and labels
//! that a comma leaves on either side.

use std::collections::BTreeSet;

use super::options::Options;

/// Longest answer that is read so, in bytes.
const LONGEST: usize = 200;

const NOT: &str = "not|neither|none|isn't|aren't|nicht|kein|weder|pas|non|no|não|niet|inte|nie|ne|ikke|nu|nem|не|ні|bukan|không|ليس|\
    δεν|ei|isnt|n't";
const WRONG: &str = "wrong|incorrect|false|untrue|falsch|inkorrekt|faux|fausse|fausses|incorrecto|incorrecta|falso|falsa|errada|\
    errado|sbagliata|fout|onjuist|fel|felaktigt|nieprawda|błędna|błędne|niepoprawna|niepoprawne|špatně|nesprávná|nesprávné|\
    salah|sai|неверно|неверен|неверны|неправильно|خطأ|forkert|galt";
const RIGHT: &str = "right|correct|true|richtig|korrekt|juste|correcte|correctes|correcta|correcto|sí|si|corretta|giusta|certa|\
    correta|juist|goed|rätt|riktigt|poprawna|poprawne|prawidłowa|správně|správná|benar|đúng|верно|верен|правильно|صحيح|rigtig|\
    riktig";
const COPULA: &str = "is|are|it's|ist|sind|est|sont|es|son|è|sono|é|são|är|jest|są|to|je|jsou|adalah|là|это|είναι|er|der";
const BUT: &str = "but|sondern|mais|sino|ma|bensì|mas|maar|utan|ale|lecz|tylko|а|но|melainkan|tetapi|tapi|mà|بل|αλλά|men|\
    because|since|as|weil|denn|car|porque|perché|omdat|eftersom|bo|ponieważ|protože|karena|vì|потому";
const JOIN: &str = "and|or|nor|und|oder|noch|et|ou|ni|y|o|e|né|nem|en|of|och|eller|i|lub|ani|dan|atau|và|hoặc|и|или|ни|و|أو|και|ή";
const EMPTY: &str = "the|it|this|that|only|option|options|answer|answers|choice|of|both|one|ones|die|das|es|der|antwort|option|la|le|les|\
    el|los|las|il|lo|ce|n|c|réponse|respuesta|risposta|resposta|het|de|antwoord|det|svaret|svar|odpowiedź|odpowiedzi|odpověď|\
    možnost|jawaban|yang|đáp|án|phải|ответ|вариант|το|η|απάντηση|الإجابة|so|also|a|în|dagegen|hingegen|jedoch|allerdings|however|though|cependant|revanche|embargo|cambio|contrario|\
    invece|però|contudo|entanto|daarentegen|echter|däremot|dock|natomiast|jednak|naopak|však|derimod|dock|однако|же";

/// What a word does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Label(usize),
    Not,
    Wrong,
    Right,
    Copula,
    But,
    Join,
    Empty,
    Comma,
    /// A full stop, a semicolon or a dash.
    Stop,
}

/// What a clause says of its labels.
#[derive(Debug, Default)]
struct Clause {
    labels: Vec<usize>,
    denials: usize,
    says: bool,
    firm: bool,
}

/// The options that a short answer says to be right, where it denies others.
pub(in crate::scorers) fn affirmed(text: &str, options: &Options) -> Option<BTreeSet<usize>> {
    if text.len() > LONGEST || text.contains(['\n', '?', '？']) {
        return None;
    }
    // What "so is B" says of it, the clause before does.
    let folded = text.to_lowercase();
    if ["so is ", "so are ", "neither is "]
        .iter()
        .any(|words| folded.contains(words))
    {
        return None;
    }
    let words = words(text, options)?;
    // "No, A" takes back what was said before it.
    let answers =
        |pair: &[Word]| pair[0] == Word::Not && matches!(pair[1], Word::Comma | Word::Stop);
    let denied_behind = |at: usize| matches!(words.get(at.wrapping_sub(1)), Some(Word::Label(_)));
    let mut pairs = words.windows(2).enumerate();
    if pairs.any(|(at, pair)| answers(pair) && !denied_behind(at)) {
        return None;
    }
    let mut right = BTreeSet::new();
    let mut wrong = BTreeSet::new();
    for clause in clauses(&words) {
        match (clause.labels.is_empty(), clause.denials) {
            (true, 0) => {}
            (false, 0) if clause.says || clause.firm => right.extend(clause.labels),
            (false, 1) => wrong.extend(clause.labels),
            _ => return None,
        }
    }
    let apart = right.is_disjoint(&wrong) && !right.is_empty() && !wrong.is_empty();
    apart.then_some(right)
}

/// The words of `text`; `None` where one is not known.
fn words(text: &str, options: &Options) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut rest = text.trim_matches([' ', '.', '!']);
    while let Some(first) = rest.chars().next() {
        let end = rest
            .find(|c: char| !c.is_alphabetic() && c != '\'')
            .unwrap_or(rest.len());
        if end > 0 {
            words.push(of(&rest[..end], options)?);
            if words.len() > 40 {
                return None;
            }
            rest = &rest[end..];
            continue;
        }
        match first {
            ',' | '،' => words.push(Word::Comma),
            '.' | ';' | '!' | '—' | '–' | '-' => words.push(Word::Stop),
            ' ' | '*' | '_' | '(' | ')' | '"' => {}
            _ => return None,
        }
        rest = &rest[first.len_utf8()..];
    }
    Some(words)
}

/// What a word does.
fn of(word: &str, options: &Options) -> Option<Word> {
    let mut letters = word.chars();
    if let (Some(letter @ 'A'..='Z'), None) = (letters.next(), letters.next()) {
        return options.by_letter(letter).ok().map(Word::Label);
    }
    let folded = word.to_lowercase();
    if folded == "n'est" {
        return Some(Word::Empty);
    }
    let kinds = [
        (NOT, Word::Not),
        (WRONG, Word::Wrong),
        (RIGHT, Word::Right),
        (COPULA, Word::Copula),
        (BUT, Word::But),
        (JOIN, Word::Join),
        (EMPTY, Word::Empty),
    ];
    let known = |words: &str| words.split('|').any(|known| known == folded);
    kinds
        .into_iter()
        .find_map(|(words, kind)| known(words).then_some(kind))
}

fn clauses(words: &[Word]) -> Vec<Clause> {
    let mut clauses = Vec::new();
    let mut clause = Clause {
        firm: true,
        ..Clause::default()
    };
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1);
        let begins = match word {
            Word::Stop | Word::But => Some(true),
            Word::Comma => {
                let listed = matches!(next, Some(Word::Join)) || is_listed(&words[at + 1..]);
                (!listed).then_some(false)
            }
            Word::Join => matches!(next, Some(Word::Not)).then_some(true),
            _ => None,
        };
        if let Some(firm) = begins {
            clause.firm &= firm || matches!(next, Some(Word::But));
            clauses.push(std::mem::take(&mut clause));
            clause.firm = firm;
            continue;
        }
        match word {
            Word::Label(named) => clause.labels.push(*named),
            Word::Not | Word::Wrong => clause.denials += 1,
            Word::Right | Word::Copula => clause.says = true,
            _ => {}
        }
    }
    clauses.push(clause);
    clauses
}

/// Whether what follows a comma is an item of a list, and no clause of its own.
fn is_listed(words: &[Word]) -> bool {
    let label = matches!(words.first(), Some(Word::Label(_)));
    let next = words.iter().skip(1).find(|word| **word != Word::Empty);
    label
        && !matches!(
            next,
            Some(Word::Copula | Word::Right | Word::Wrong | Word::Not)
        )
}
