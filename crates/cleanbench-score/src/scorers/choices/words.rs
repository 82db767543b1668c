//! Words that say of a list of options whether it is right, in 27 languages.
//!
//! Invariant: every pattern is put to one sentence or head of bounded length. It refuses nothing: what is made of a
//! match stands in `choices.rs`.

use std::sync::LazyLock;

use regex::Regex;

/// What says that a list is not the answer.
const WRONG: &str = r"(?i)\b(?:incorrect|wrong|false|eliminated|excluded|rejected|not|neither|except|don't|aren't|isn't|falsch\w*|nicht|mauvaise?s?|fausses?|faux|incorrectes?|pas|incorrect[ao]s?|falsas?|equivocadas?|errad[ao]s?|não|sbagliat[aeio]|errat[aeio]|onjuiste?|foute?|verkeerde|niet|felaktiga?|fel|inte|błędn\w*|nieprawidłow\w*|niepoprawn\w*|yanlış\w*|salah|sai|неправильн\p{L}*|неверн\p{L}*|ошибочн\p{L}*|chybn\w*|špatn\w*|nesprávn\w*|není|nejsou|forkert\w*|ikke|väär\w*|ei|eivät|greșit\w*|gresit\w*|incorect\w*|nu|helytelen\w*|rossz|hibás|nem|λάθος|λανθασμέν\p{L}*|εσφαλμέν\p{L}*|δεν|невірн\p{L}*|хибн\p{L}*|помилков\p{L}*|שגוי\p{L}*|לא|אינן|خاطئ\p{L}*|خطأ|गलत|नहीं)(?:$|(?-i:[^\p{L}]))|الخاطئة|ผิด|ไม่ถูก|ไม่ใช่|错误|錯誤|不正确|不正確|不是|誤り|間違|不正解|틀린|오답|아닌";

/// What says that a list is the answer.
const RIGHT: &str = r"(?i)\b(?:correct|right|true|answers?|selected|richtig\w*|korrekt\w*|antworten|bonnes?|correctes?|vraies?|réponses|correct[ao]s|respuestas|corret[aeio]s?|cert[ao]s|respostas|alternativas|giust[aeio]|risposte|juiste?|antwoorden|rätt|riktiga|svaren|poprawn\w*|prawidłow\w*|odpowiedzi|doğru|cevaplar|yanıtlar|benar|jawaban|đúng|đáp án|правильн\p{L}*|верн\p{L}*|ответы|správn\w*|odpovědi|rigtige?|svarene|oike\w*|vastaukset|corecte?|răspunsurile|helyes|válaszok|σωστ\p{L}*|απαντήσεις|вірн\p{L}*|відповіді|נכונ\p{L}*|התשובות|सही|उत्तर)(?:$|(?-i:[^\p{L}]))|الصحيحة|الإجابات|ถูกต้อง|คำตอบ|正确|正確|正解|答案|答え|정답|맞는|옳은";

/// What takes a list back.
const RETRACTS: &str =
    r"(?i)\b(?:actually|wait|correction|hmm|maybe|perhaps|scratch|but|however|also|or)\b|\bno,";

/// A word for "or": one of the two, and it is not said which.
const EITHER: &str = r"(?i)(?:^|(?-i:[^\p{L}]))(?:or|oder|ou|o|oppure|of|eller|lub|albo|veya|ya da|atau|hoặc|или|nebo|tai|sau|vagy|ή|або|чи|או|أو|या)(?:$|(?-i:[^\p{L}]))|หรือ|或|또는|または|あるいは";

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is fixed and the tests compile it")
}

/// Whether `text` says that what it leads in is not the answer.
pub(super) fn says_wrong(text: &str) -> bool {
    static WORDS: LazyLock<Regex> = LazyLock::new(|| compiled(WRONG));
    WORDS.is_match(text)
}

/// Where the first word ends by which `text` says that a list is the answer.
pub(super) fn says_right(text: &str) -> Option<usize> {
    static WORDS: LazyLock<Regex> = LazyLock::new(|| compiled(RIGHT));
    WORDS.find(text).map(|found| found.end())
}

/// Whether `text` takes back what was said before it.
pub(super) fn retracts(text: &str) -> bool {
    static WORDS: LazyLock<Regex> = LazyLock::new(|| compiled(RETRACTS));
    WORDS.is_match(text)
}

/// Whether what stands between two options offers one or the other.
pub(super) fn alternates(between: &str) -> bool {
    static WORDS: LazyLock<Regex> = LazyLock::new(|| compiled(EITHER));
    WORDS.is_match(between)
}
