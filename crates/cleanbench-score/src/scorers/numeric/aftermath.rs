//! What an answer says after its number: that it was wrong, that it was checked, that more can be asked.
//!
//! A withdrawal ("wait", "sorry", "correction", "不对") at the start of a sentence or a clause takes back what stands
//! before it, unless what follows confirms it. Remarks (checks, offers) end the answer proper. An answer that
//! stops in the middle or that says it has none gives no number. Everything here is linear.

use std::sync::LazyLock;

use regex::Regex;

use cleanbench_text::scan::window;
use cleanbench_text::spelled::running;

static WITHDRAWN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix) (?: ^ | [.!?…。！？;:,，\n(—–*] | \s- ) [\s*_>\-]{0,8}
        (?: (?: oh | h+m+ | uh | um | no | ah | well | but | oops | actually | nein | non ) [\ ,.!…—-]{1,3} ){0,2}
        (?:
          (?P<strong> correction\b | corrected\b | i\ (?:actually\ )?meant\b | make\ that\b | scratch\ that\b | strike\ that\b
            | (?:i | i've | i\ have)\ (?:just\ )?(?:made|make)\ an?\ (?:\w{1,12}\ )?(?:mistake|error)\b
            | (?:that|this)(?:\ is|['’]s|\ was)\ (?:wrong|incorrect|not\ right|not\ correct)\b
            | (?:that|this)\ (?:can['’]t|cannot|can\ not|couldn['’]t)\ be\ (?:right|correct|true)\b | i\ was\ wrong\b
            | my\ (?:mistake|bad)\b | i\ (?:misread|miscounted|miscalculated)\b | erratum\b
            | korrektur\b | das\ (?:ist|war|stimmt)\ (?:falsch|nicht)\b | corrección\b | me\ equivoqué\b | rectification\b
            | je\ me\ suis\ trompée?\b | correzione\b | correção\b | poprawka\b | исправление\b
            | 不对 | 不對 | 错了 | 錯了 | 更正 | 我算错 | 訂正 | 間違え | 정정 )
        | (?P<weak> wait\b(?:,?\ (?:no|that|actually|let|i|maybe|wrong|it)\b | \s*[,.:;!?…—–-] | \s*$ )
            | hold\ on\b | moment\s*[,.:;!…] | (?:one|just\ a)\ moment\b | moment\ mal\b
            | actually,?\ (?:no\b | it(?:['’]s|\ is|\ should)\b | that(?:['’]s|\ is)\b)
            | halt\s*[,.:;!…] | stopp?\s*[,.:;!…] | espera\b | un\ momento\b | attendez\b | attends\b | aspetta\b | подожди(?:те)?\b | стоп\b
            | 等等 | 等一下 | 稍等 | 待って | 잠깐 )
        | (?P<mild> sorry\b | apologies\b | i\ apologi[sz]e\b | pardon\b | oops\b | perdón\b | désolée?\b | scusa\b | desculpe\b
            | entschuldigung\b | извините\b | простите\b | 抱歉 | 对不起 )
        )",
    )
    .expect("the pattern is fixed and its tests compile it")
});

static CONFIRMED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix) \b(?: yes | yep | yeah | confirmed | confirms | checks\ out | matches | that\ works
            | (?:is|was|['’]s)\ (?:indeed\ |in\ fact\ )?(?:correct|right|fine|ok)
            | still\ (?:stands|holds|correct|right|get|the\ same) | the\ same\ (?:answer|result|number|value) | stands
            | ja | stimmt | passt | sí | oui | c['’]est\ (?:bien|juste) | да | верно )\b
        | 没错 | 沒錯 | 是对的 | 正确 | 正確 | 確かに | 合って | 맞",
    )
    .expect("the pattern is fixed and its tests compile it")
});

static NO_CONFIRMATION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:stimmt|das passt) nicht\b|\b(?:wrong|mistake|incorrect)\b|不正确|不正確")
        .expect("the pattern is fixed and its tests compile it")
});

static REMARK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?imx) (?: ^[\ \t*_>\#✅✓🔍-]{0,8} | [.!?]\ {1,2}[*_]{0,2} | [。！？]\s? )
        (?: (?: verification | double[\ -]?check(?:ing)? | (?:sanity\ |quick\ )?check | common\ (?:mistake|error|pitfall)s?
              | fun\ fact | verifying | probe | kontrolle | häufiger\ fehler | comprobación | verificación | vérification | verifica
              | verificação | проверка | 验证 | 验算 | 检验 | 検算 | 확인 )[\ *_]{0,4}[:：]
          | \[\^?[0-9]{1,3}\]:
          | (?: (?:we|you|i)\ can\ (?:also\ |easily\ |quickly\ )?| let['’]?s\ (?:also\ |quickly\ )? | let\ (?:me|us)\ (?:also\ |quickly\ )? )
              (?: double[\ -]?check | verify | check | confirm )\b
          | as\ a\ (?:quick\ )?(?:sanity\ )?check\b | plugging\ (?:\S{1,12}\ ){0,3}back\b[^\n]{0,160}(?:✓|check|true|correct|works|match|holds|satisf)
          | would\ you\ like\b | do\ you\ want\ me\b | let\ me\ know\b | feel\ free\b | want\ me\ to\b | shall\ i\b
          | if\ you(?:['’]d|\ would)\ like\b | if\ you\ want\ me\b | i\ hope\ (?:this|that)\ helps\b
          | zur\ (?:probe|kontrolle)\b | möchtest\ du\b | möchten\ sie\b | soll\ ich\b | sag\ (?:mir\ )?bescheid\b
          | ¿?(?:quieres|quiere|te\ gustaría|desea)\ que\b | si\ quieres\b | avísame\b
          | (?:voulez-vous|souhaitez-vous|veux-tu)\b | n['’]hésitez\ pas\b | vuoi\ che\b | quer\ que\b | хотите\b | дайте\ знать\b
          | 需要我 | 如果你(?:需要|想) | 如需 | 如果您 )",
    )
    .expect("the pattern is fixed and its tests compile it")
});

static REFUSED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix) (?: cannot | can['’]t | can\ not | could\ not | couldn['’]t )\ be\ (?: determined | calculated | computed | answered | solved | found | derived )
        | \b(?: i | we | one )\ (?: cannot | can['’]t | can\ not | am\ unable\ to | am\ not\ able\ to | are\ unable\ to )\ (?: answer | determine | solve | calculate | compute | help | tell )
        | \b(?: not\ enough | insufficient )\ (?: information | data | facts )
        | \bimpossible\ to\ (?: determine | tell | say | calculate | know )
        | nicht\ (?: bestimmt | berechnet | beantwortet | ermittelt )\ werden | lässt\ sich\ nicht\ (?: bestimmen | berechnen | beantworten )
        | no\ se\ puede\ (?: determinar | calcular | responder ) | (?:ne\ peut\ pas | impossible\ de )\ (?: être\ )?(?: détermin | calcul | répond )
        | non\ (?:è\ possibile|si\ può)\ (?: determinare | calcolare ) | невозможно\ (?: определить | вычислить | ответить )
        | (?: 无法 | 不能 | 無法 )(?: 确定 | 计算 | 回答 | 得出 | 確定 | 計算 ) | 信息不足",
    )
    .expect("the pattern is fixed and its tests compile it")
});

static PROVISO: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:but|however|assum\w{2,4}|if|although|though|so|therefore|aber|wenn|also|pero|si|mais|ma|но|если)\b|但|如果|假设|=",
    )
    .expect("the pattern is fixed and its tests compile it")
});

/// How much of what follows a number is looked at for a withdrawal.
const NEAR: usize = 1 << 14;

/// Where reading goes on after the last withdrawal behind `from`.
#[derive(Debug, Clone, Copy)]
pub(in crate::scorers) struct Withdrawal {
    pub(in crate::scorers) end: usize,
    /// Whether it withdraws even where no other number follows.
    pub(in crate::scorers) is_final: bool,
}

/// What withdraws the number that ends at `from`.
pub(in crate::scorers) fn withdrawal(text: &str, from: usize) -> Option<Withdrawal> {
    let near = window(text, from, NEAR);
    // "Some say 39, but that's wrong" is about something else.
    let last = WITHDRAWN
        .captures_iter(near)
        .filter(|found| {
            let clause = found[0].starts_with([',', '，', ';']);
            !(clause && (found[0].contains("that") || found[0].contains("this")))
        })
        .last()?;
    let end = last.get(0)?.end();
    let tail = &near[end..];
    let denies = NO_CONFIRMATION.is_match(tail);
    let confirmed = last.name("strong").is_none() && !denies && CONFIRMED.is_match(tail);
    let is_final = last.name("mild").is_none() || denies;
    let found = Withdrawal {
        end: from + end,
        is_final,
    };
    (!confirmed).then_some(found)
}

/// Where the remarks begin that follow the first number, which ends at `given`, else the end.
pub(in crate::scorers) fn end_of_result(text: &str, given: usize) -> usize {
    let from = text.ceil_char_boundary(given.max(text.len().saturating_sub(NEAR)));
    let found = REMARK
        .find_iter(&text[from..])
        .find(|found| found.start() > 0 || found.as_str().starts_with(['.', '!', '?', '。']));
    found.map_or(text.len(), |found| from + found.start() + 1)
}

/// Words with which no sentence ends.
const DANGLING: [&str; 30] = [
    "the", "a", "an", "and", "or", "but", "is", "are", "was", "were", "of", "to", "by", "with",
    "from", "for", "at", "on", "into", "than", "we", "so", "then", "because", "since", "which",
    "our", "its", "their", "divide",
];

/// Whether the answer stops before its result: at a colon, an operator, or a heading of a step.
pub(in crate::scorers) fn is_cut_off(text: &str) -> bool {
    let near = &text[text.ceil_char_boundary(text.len().saturating_sub(NEAR))..];
    let body = near.trim_end_matches(|c: char| c.is_whitespace() || "*_#".contains(c));
    let joined = body.ends_with([':', '：', '=', '×', '÷', '≈', '+'])
        || body.ends_with("\\times")
        || body.ends_with("\\cdot");
    let word = body.rsplit(' ').next().unwrap_or_default();
    let dangling = DANGLING.contains(&word) && !body.ends_with(" or so");
    body.contains(' ') && (joined || dangling || is_unfinished(body))
}

/// Whether the last sentence has no end and only says what comes next: "So we multiply", "Step 3: Now we subtract".
fn is_unfinished(body: &str) -> bool {
    const OPENS: &str = "so then now next first second third finally therefore thus to step also dann nun jetzt zuerst \
        schritt wir ahora luego entonces primero paso maintenant ensuite puis étape adesso poi passo agora depois";
    let start = [". ", "! ", "? ", "\n"]
        .iter()
        .filter_map(|end| Some(body.rfind(end)? + end.len()))
        .max();
    let Some(last) = start.map(|start| body[start..].trim_start_matches(['*', '_', '#', '-', ' ']))
    else {
        return false;
    };
    let mut words = last.split_whitespace();
    let first = words
        .next()
        .unwrap_or_default()
        .trim_end_matches([',', ':'])
        .to_lowercase();
    let opens = OPENS.split_whitespace().any(|word| word == first);
    let rest = last
        .split_once(':')
        .filter(|(head, _)| head.len() <= 12)
        .map_or(last, |(_, rest)| rest);
    let digits = rest.contains(char::is_numeric);
    let open_end = last.ends_with(char::is_alphabetic);
    opens && open_end && !digits && words.count() >= 1 && running(rest).is_empty()
}

/// Whether the end of the answer says that there is none.
pub(in crate::scorers) fn is_refused(text: &str) -> bool {
    let near = &text[text.ceil_char_boundary(text.len().saturating_sub(800))..];
    let last = REFUSED.find_iter(near).last();
    last.is_some_and(|found| !PROVISO.is_match(&near[found.end()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_withdraws() {
        for (text, expected) in [
            ("40. Sorry, I meant 42.", true),
            ("40. Wait, that's wrong.", true),
            ("40。不对，应该是42。", true),
            ("40. Wait, let me check: 5 * 8 = 40, yes.", false),
            ("40 minutes to wait.", false),
            ("40. Hold on. It is indeed the same result.", false),
        ] {
            assert_eq!(withdrawal(text, 2).is_some(), expected, "{text}");
        }
    }

    #[test]
    fn what_ends_without_a_number() {
        assert!(is_cut_off("Step 1: 20\nStep 2:"));
        assert!(is_cut_off("So 5 + 6 ="));
        assert!(is_cut_off("There are 20. So we multiply"));
        assert!(is_cut_off("Step 1: 20\nStep 2: Now we subtract"));
        assert!(!is_cut_off("So it is 6."));
        assert!(!is_cut_off("There are 20. So we get forty"));
        assert!(!is_cut_off("20 apples\nHope this helps"));
        assert!(is_refused("It cannot be determined from the 3 facts."));
        assert!(!is_refused("It cannot be computed, but about 5 fits."));
    }
}
