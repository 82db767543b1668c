//! The numerals of Chinese, Japanese and Korean: `四十二`, `三万五千`, `二〇二四`, `五分之三`, `百分之五十`, `사십이`.
//!
//! It refuses what is no number of that form, and reads at most [`LONGEST`] characters.

use super::Spelled;

/// Most characters of one number.
const LONGEST: usize = 24;

/// What a character means.
#[derive(Clone, Copy)]
enum Sign {
    Digit(f64),
    Unit(f64),
    Myriad(f64),
}

fn sign(character: char) -> Option<Sign> {
    const DIGITS: [&str; 10] = [
        "零〇영공",
        "一壹일",
        "二贰两兩이",
        "三叁삼",
        "四肆사",
        "五伍오",
        "六陆육륙",
        "七柒칠",
        "八捌팔",
        "九玖구",
    ];
    let digit = DIGITS.iter().position(|all| all.contains(character));
    match (digit.and_then(|digit| u8::try_from(digit).ok()), character) {
        (Some(digit), _) => Some(Sign::Digit(f64::from(digit))),
        (_, '十' | '拾' | '십') => Some(Sign::Unit(10.0)),
        (_, '百' | '佰' | '백') => Some(Sign::Unit(100.0)),
        (_, '千' | '仟' | '천') => Some(Sign::Unit(1000.0)),
        (_, '万' | '萬' | '만') => Some(Sign::Myriad(1e4)),
        (_, '亿' | '億' | '억') => Some(Sign::Myriad(1e8)),
        _ => None,
    }
}

/// The numeral at the start of `text`.
pub(super) fn numeral(text: &str) -> Option<Spelled> {
    let (negative, body) = ["负", "負", "マイナス", "마이너스 "]
        .iter()
        .find_map(|minus| Some((true, text.strip_prefix(minus)?)))
        .unwrap_or((false, text));
    let (percent, body) = match body.strip_prefix("百分之") {
        Some(share) => (true, share),
        None => (false, body),
    };
    let (mut value, mut rest) = number(body)?;
    if let Some((over, after)) = rest.strip_prefix("分之").and_then(number) {
        (value, rest) = (over / value, after);
    }
    Some(Spelled {
        len: text.len() - rest.len(),
        value: if negative { -value } else { value },
        percent,
    })
    .filter(|found| found.value.is_finite())
}

/// A number with decimals, and what follows it.
fn number(text: &str) -> Option<(f64, &str)> {
    let end = text
        .char_indices()
        .take(LONGEST)
        .find(|(_, character)| sign(*character).is_none())
        .map_or_else(|| cut(text), |(at, _)| at);
    let (signs, rest) = text.split_at(end);
    // 一共 is "altogether", 一定 "certainly", and so on.
    let word = signs == "一"
        && rest.starts_with([
            '共', '定', '般', '起', '些', '样', '樣', '切', '直', '旦', '方', '边',
        ]);
    if word || is_shortened(signs) {
        return None;
    }
    let signs: Vec<Sign> = signs.chars().filter_map(sign).collect();
    let whole = value(&signs)?;
    let (decimals, rest) = decimals(rest);
    Some((format!("{whole}{decimals}").parse().ok()?, rest))
}

/// Whether a digit stands at the end after a hundred or more, as in `一千五`: 1500 in Chinese, 1005 in Japanese.
fn is_shortened(signs: &str) -> bool {
    let mut last = signs.chars().rev();
    let digit = last.next().and_then(sign);
    let large = last
        .next()
        .is_some_and(|before| "百佰千仟万萬亿億".contains(before));
    matches!(digit, Some(Sign::Digit(_))) && large
}

fn cut(text: &str) -> usize {
    text.char_indices()
        .nth(LONGEST)
        .map_or(text.len(), |(at, _)| at)
}

/// Decimals after `点`, as text.
fn decimals(rest: &str) -> (String, &str) {
    let Some(after) = ["点", "點", "점"]
        .iter()
        .find_map(|point| rest.strip_prefix(point))
    else {
        return (String::new(), rest);
    };
    let mut plain = String::from(".");
    let mut end = 0;
    for (at, character) in after.char_indices().take(LONGEST) {
        let Some(Sign::Digit(digit)) = sign(character) else {
            break;
        };
        plain.push_str(&digit.to_string());
        end = at + character.len_utf8();
    }
    if end == 0 {
        return (String::new(), rest);
    }
    (plain, &after[end..])
}

/// The value of signs: by places where they are digits alone, else by units.
fn value(signs: &[Sign]) -> Option<f64> {
    if signs.is_empty() {
        return None;
    }
    if signs.iter().all(|sign| matches!(sign, Sign::Digit(_))) {
        return Some(signs.iter().fold(0.0, |sum, sign| match sign {
            Sign::Digit(digit) => sum * 10.0 + digit,
            _ => sum,
        }));
    }
    let (mut total, mut section, mut digit) = (0.0, 0.0, None);
    for sign in signs {
        match *sign {
            Sign::Digit(next) => digit = Some(next),
            Sign::Unit(unit) => section += digit.take().unwrap_or(1.0) * unit,
            Sign::Myriad(unit) => {
                let below: f64 = section + digit.take().unwrap_or(0.0);
                total = if unit > 1e4 {
                    (total + below) * unit
                } else {
                    total + below * unit
                };
                section = 0.0;
            }
        }
    }
    Some(total + section + digit.unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numerals_by_units_and_by_places() {
        for (text, expected) in [
            ("四十二个", 42.0),
            ("十", 10.0),
            ("一百零五", 105.0),
            ("三万五千", 35_000.0),
            ("两亿", 2e8),
            ("二〇二四", 2024.0),
            ("三点二五", 3.25),
            ("五分之三", 0.6),
            ("负五", -5.0),
            ("사십이", 42.0),
        ] {
            let found = numeral(text).map(|found| found.value);
            assert!(
                found.is_some_and(|found| (found - expected).abs() < 1e-9),
                "{text}: {found:?}"
            );
        }
        assert!(numeral("百分之五十").is_some_and(|found| found.percent && found.value > 49.5));
        for text in ["问题", "一千五", "三万五", "一共有"] {
            assert_eq!(numeral(text), None, "{text}");
        }
        assert!(numeral("천오").is_some_and(|found| (found.value - 1005.0).abs() < 1e-9));
    }
}
