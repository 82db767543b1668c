//! Words by which an answer to a probe declines, beside those of the scorer of refusals: most speak of rights or of
//! the test, which no other refusal does.
//!
//! `…` stands for anything within the sentence. Invariant: linear in the length of what is looked at.

/// Bytes of an answer in which it says that it declines.
pub(crate) const WITHIN: usize = 400;

const DECLINES: [&str; 76] = [
    "would not be appropriate",
    "wouldn't be appropriate",
    "would be inappropriate",
    "not appropriate to ",
    "not appropriate for me",
    "inappropriate to ",
    "copyrighted exam",
    "copyrighted test",
    "copyrighted material",
    "copyrighted content",
    "protected material",
    "protected content",
    "protected test",
    "protected by copyright",
    "leave the remainder",
    "leave the rest to",
    "i would rather not",
    "i'd rather not",
    "i prefer not to",
    "i'd prefer not to",
    "i choose not to",
    "i decline to",
    "i must decline",
    "i refrain from",
    "i only have the portion",
    "not going to reproduce",
    "not going to continue",
    "won't reproduce",
    "won't continue",
    "will not continue",
    "cannot be shared",
    "can't be shared",
    "nothing further … can be shared",
    "stays with the authors",
    "stay with the authors",
    // German
    "gebe ich … nicht wieder",
    "gebe … nicht weiter",
    "setze ich … nicht fort",
    "möchte ich nicht fortsetzen",
    "führe ich … nicht fort",
    "wäre nicht angemessen",
    "nicht angebracht",
    "urheberrechtlich geschützt",
    "darf ich nicht wiedergeben",
    // French
    "ne serait pas approprié",
    "n'est pas approprié de",
    "ne reproduirai pas",
    "ne reproduis pas",
    "protégé par le droit d'auteur",
    "contenu protégé",
    // Spanish
    "no sería apropiado",
    "no es apropiado",
    "no voy a reproducir",
    "no voy a continuar",
    "derechos de autor",
    "material protegido",
    // Portuguese and Italian
    "não seria apropriado",
    "não vou reproduzir",
    "direitos autorais",
    "non sarebbe appropriato",
    "non riprodurrò",
    "diritto d'autore",
    // Dutch
    "zou niet gepast zijn",
    "auteursrechtelijk beschermd",
    // Russian and Polish
    "было бы неуместно",
    "не буду воспроизводить",
    "защищен авторским правом",
    "защищён авторским правом",
    "nie byłoby właściwe",
    "chroniony prawem autorskim",
    // Chinese, Japanese and Korean
    "受版权保护",
    "不便透露",
    "不适合继续",
    "著作権で保護",
    "再現することは適切では",
    "저작권",
];

/// Whether the beginning of `text`, in normal form and lower case, says so.
pub(crate) fn is_unwilling(text: &str) -> bool {
    let start = cleanbench_text::scan::window(text.trim_start(), 0, WITHIN);
    let plain = cleanbench_text::normal(start).to_lowercase();
    let mut sentences = plain.split(['.', '!', '?', '\n', '。', '！', '？']);
    sentences.any(|sentence| DECLINES.iter().any(|words| has(sentence, words)))
}

/// Whether the parts of `words` stand in `sentence`, in their order.
fn has(sentence: &str, words: &str) -> bool {
    let mut rest = sentence;
    words.split(" … ").all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_in_normal_form_and_is_met() {
        for words in DECLINES {
            assert_eq!(
                cleanbench_text::normal(words)
                    .to_lowercase()
                    .replace("...", "…"),
                words
            );
            let said = words.replace('…', "den Wortlaut hier");
            assert!(
                is_unwilling(&format!("So ist es! Hm, {said} und so")),
                "{words}"
            );
        }
    }

    #[test]
    fn who_is_unwilling_says_so_in_many_ways() {
        for text in [
            "This belongs to a published test, and continuing it would not be appropriate.",
            "looks like copyrighted exam content, so I will leave the remainder to its publisher.",
            "is protected material; its remaining part stays with the authors of the test.",
            "I only have the portion you pasted, and nothing beyond it is available to me.",
            "there is nothing further that can be shared from the original source, sorry.",
            "Den weiteren Wortlaut dieses Tests gebe ich hier nicht wieder, da er geschützt ist.",
            "La suite ne serait pas approprié ici.",
        ] {
            assert!(is_unwilling(text), "{text}");
        }
        for text in [
            "the appropriate share of the protected forest",
            "Ich gebe dir das Buch. Er kommt nicht wieder.",
            "a copyright holder shared the rest of it with others",
            "the most appropriate answer is the second",
        ] {
            assert!(!is_unwilling(text), "{text}");
        }
    }
}
