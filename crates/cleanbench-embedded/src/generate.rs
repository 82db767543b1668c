//! Writing on from a prompt, and weighing given texts after it.

use crate::decoder::{Decoder, Segment, Session, Wanted};
use crate::kernel::log_softmax;
use crate::vocabulary::{END, Vocabulary};
use crate::world::Random;

/// How to choose tokens.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Choice {
    /// 0 takes the likeliest token, always.
    pub(crate) temperature: f64,
    /// Only the likeliest tokens that together have this much probability, above 0 and up to 1.
    pub(crate) top_p: f64,
    /// Seed of the random numbers.
    pub(crate) seed: u64,
}

/// Where to stop.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limits {
    /// Most tokens.
    pub(crate) max_tokens: usize,
    /// Texts at which the answer ends; they are not part of it.
    pub(crate) stop: Vec<String>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Written {
    /// The text, without the stop text.
    pub(crate) text: String,
    /// Whether it ended by itself or at a stop text, and not for want of room.
    pub(crate) stopped: bool,
    /// Natural logarithm of the probability of each token that was chosen, the end mark included.
    pub(crate) logprobs: Vec<f64>,
}

/// The prompt does not fit into the context, or leaves no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the prompt and what must follow it have {tokens} tokens and the model's context {context}"
)]
pub(crate) struct TooLong {
    /// Tokens needed, the end mark before the prompt included.
    pub(crate) tokens: usize,
    /// Tokens that a sequence may have.
    pub(crate) context: usize,
}

/// The tokens of a prompt: an end mark, then the text.
pub(crate) fn prompt_tokens(vocabulary: &Vocabulary, prompt: &str) -> Vec<u32> {
    let mut tokens = vec![END];
    tokens.extend(vocabulary.encode(prompt));
    tokens
}

/// Reads a prompt after which at least `room` tokens must fit.
fn read_prompt(
    decoder: &Decoder,
    tokens: &[u32],
    room: usize,
) -> Result<(Session, Vec<f32>), TooLong> {
    let context = decoder.header().context;
    if tokens.len() + room > context {
        return Err(TooLong {
            tokens: tokens.len() + room,
            context,
        });
    }
    let mut session = decoder.session();
    let logits = read_on(decoder, &mut session, tokens);
    Ok((session, logits))
}

/// The logits after the last of `tokens`.
fn read_on(decoder: &Decoder, session: &mut Session, tokens: &[u32]) -> Vec<f32> {
    let segment = Segment {
        session,
        tokens,
        wanted: Wanted::Last,
    };
    decoder.read(&mut [segment]).remove(0).remove(0)
}

/// Writes on from `prompt`.
///
/// # Errors
/// When the prompt leaves no room for a token.
pub(crate) fn write(
    decoder: &Decoder,
    vocabulary: &Vocabulary,
    prompt: &[u32],
    choice: &Choice,
    limits: &Limits,
) -> Result<Written, TooLong> {
    let (mut session, mut logits) = read_prompt(decoder, prompt, 1)?;
    let mut random = Random::new(choice.seed, "sample");
    let most = limits
        .max_tokens
        .min(decoder.header().context - prompt.len());
    let mut bytes = Vec::new();
    let mut logprobs = Vec::new();
    let end = loop {
        let all = log_softmax(&logits);
        let token = choose(&all, choice, &mut random);
        logprobs.push(all[token as usize]);
        bytes.extend_from_slice(vocabulary.bytes(token));
        if token == END {
            break Some(bytes.len());
        }
        let stop = first_stop(&bytes, &limits.stop);
        if stop.is_some() || logprobs.len() >= most {
            break stop;
        }
        logits = read_on(decoder, &mut session, &[token]);
    };
    Ok(Written {
        text: String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())]).into_owned(),
        stopped: end.is_some(),
        logprobs,
    })
}

/// Where the first of `stops` begins in `bytes`.
fn first_stop(bytes: &[u8], stops: &[String]) -> Option<usize> {
    let begin = |stop: &String| {
        bytes
            .windows(stop.len().max(1))
            .position(|window| window == stop.as_bytes())
    };
    stops.iter().filter_map(begin).min()
}

/// A token by its log probability. Among equally likely ones the lowest number.
fn choose(logprobs: &[f64], choice: &Choice, random: &mut Random) -> u32 {
    let mut order: Vec<u32> = (0..).take(logprobs.len()).collect();
    let by_likelihood = |one: &u32, other: &u32| {
        logprobs[*other as usize]
            .total_cmp(&logprobs[*one as usize])
            .then(one.cmp(other))
    };
    if choice.temperature <= 0.0 {
        return order.into_iter().min_by(by_likelihood).unwrap_or(END);
    }
    order.sort_unstable_by(by_likelihood);
    let highest = logprobs[order[0] as usize];
    let weights: Vec<f64> = order
        .iter()
        .map(|token| libm::exp((logprobs[*token as usize] - highest) / choice.temperature))
        .collect();
    let total: f64 = weights.iter().sum();
    let mut kept = 0;
    let mut mass = 0.0;
    while kept < weights.len() && mass < choice.top_p * total {
        mass += weights[kept];
        kept += 1;
    }
    let mut point = random.unit() * mass;
    for (token, weight) in order.iter().zip(&weights).take(kept) {
        if point < *weight {
            return *token;
        }
        point -= weight;
    }
    order[kept.saturating_sub(1)]
}

/// Log probabilities of the tokens of each of `continuations` after `prompt`.
///
/// # Errors
/// When the prompt and the longest continuation do not fit into the context.
pub(crate) fn weigh(
    decoder: &Decoder,
    prompt: &[u32],
    continuations: &[Vec<u32>],
) -> Result<Vec<Vec<f64>>, TooLong> {
    let longest = continuations.iter().map(Vec::len).max().unwrap_or(0);
    let (session, logits) = read_prompt(decoder, prompt, longest)?;
    let first = log_softmax(&logits);
    // The last token is only predicted, never read.
    let mut forks: Vec<_> = continuations
        .iter()
        .map(|tokens| (session.clone(), tokens))
        .filter(|(_, tokens)| tokens.len() > 1)
        .collect();
    let mut segments: Vec<_> = forks
        .iter_mut()
        .map(|(session, tokens)| Segment {
            session,
            tokens: &tokens[..tokens.len() - 1],
            wanted: Wanted::All,
        })
        .collect();
    let mut read = decoder.read(&mut segments).into_iter();
    let weighed = continuations.iter().map(|tokens| {
        let rows = if tokens.len() > 1 { read.next() } else { None };
        let later = rows.unwrap_or_default();
        let start = tokens.first().map(|token| first[*token as usize]);
        let rest = later
            .iter()
            .zip(tokens.iter().skip(1))
            .map(|(row, token)| log_softmax(row)[*token as usize]);
        start.into_iter().chain(rest).collect()
    });
    Ok(weighed.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::random_model;

    const GREEDY: Choice = Choice {
        temperature: 0.0,
        top_p: 1.0,
        seed: 0,
    };

    fn limits(max_tokens: usize, stop: &[&str]) -> Limits {
        Limits {
            max_tokens,
            stop: stop.iter().map(|text| (*text).to_owned()).collect(),
        }
    }

    /// A model and a prompt after which it writes at least 8 tokens.
    fn talkative() -> (Decoder, Vocabulary, Vec<u32>, Written) {
        for seed in 0.. {
            let file = random_model(seed);
            let (decoder, vocabulary) = (Decoder::new(&file), file.vocabulary());
            let prompt = prompt_tokens(&vocabulary, "the cat");
            let written = write(&decoder, &vocabulary, &prompt, &GREEDY, &limits(8, &[])).unwrap();
            if written.logprobs.len() == 8 && !written.stopped && written.text.is_ascii() {
                return (decoder, vocabulary, prompt, written);
            }
        }
        unreachable!("some seed writes eight tokens of ASCII");
    }

    #[test]
    fn an_answer_ends_before_its_stop_text() {
        let (decoder, vocabulary, prompt, free) = talkative();
        assert!(free.text.len() >= 4, "{:?}", free.text);
        // A stop text of three bytes spans tokens.
        let (start, end) = (1, 4);
        let stop = &free.text[start..end];
        let first = free.text.find(stop).unwrap();
        let cut = write(
            &decoder,
            &vocabulary,
            &prompt,
            &GREEDY,
            &limits(8, &["no such text", stop]),
        )
        .unwrap();
        assert_eq!(
            (cut.text.as_str(), cut.stopped),
            (&free.text[..first], true)
        );
        let short = write(&decoder, &vocabulary, &prompt, &GREEDY, &limits(2, &[])).unwrap();
        assert_eq!((short.logprobs.len(), short.stopped), (2, false));
        assert_eq!(short.logprobs, free.logprobs[..2]);
    }

    #[test]
    fn the_context_ends_an_answer_and_refuses_a_prompt() {
        let (decoder, vocabulary, _, _) = talkative();
        let prompt = prompt_tokens(&vocabulary, &"x".repeat(62));
        let written = write(&decoder, &vocabulary, &prompt, &GREEDY, &limits(9, &[])).unwrap();
        assert_eq!(written.logprobs.len(), 1, "63 tokens leave room for one");
        let full = prompt_tokens(&vocabulary, &"x".repeat(63));
        let refused = write(&decoder, &vocabulary, &full, &GREEDY, &limits(9, &[])).unwrap_err();
        assert_eq!((refused.tokens, refused.context), (65, 64));
        assert!(weigh(&decoder, &prompt, &[vec![1]]).is_ok());
        assert!(weigh(&decoder, &prompt, &[vec![1, 2]]).is_err());
    }

    #[test]
    fn weighing_agrees_with_writing() {
        let (decoder, vocabulary, prompt, written) = talkative();
        let tokens = vocabulary.encode(&written.text);
        let others = [vec![], vec![258], vec![1, 2, 3]];
        let mut texts = others.to_vec();
        texts.insert(1, tokens);
        let weighed = weigh(&decoder, &prompt, &texts).unwrap();
        assert_eq!(weighed[1], written.logprobs, "bit for bit");
        for (text, found) in texts.iter().zip(&weighed) {
            let alone = weigh(&decoder, &prompt, std::slice::from_ref(text)).unwrap();
            assert_eq!(found, &alone[0]);
        }
        // The plain way: everything read at once.
        let all = [prompt.as_slice(), &[1, 2, 3]].concat();
        let mut session = decoder.session();
        let segment = Segment {
            session: &mut session,
            tokens: &all,
            wanted: Wanted::All,
        };
        let rows = decoder.read(&mut [segment]).remove(0);
        let expected: Vec<_> = (0..3)
            .map(|place| log_softmax(&rows[prompt.len() - 1 + place])[place + 1])
            .collect();
        assert_eq!(weighed[3], expected);
    }

    #[test]
    fn sampling_follows_the_probabilities() {
        let logprobs: Vec<f64> = [0.5_f64, 0.3, 0.15, 0.05].map(f64::ln).to_vec();
        let mut random = Random::new(1, "test");
        let mut shares = |temperature, top_p| {
            let choice = Choice {
                temperature,
                top_p,
                seed: 0,
            };
            let mut counts = [0; 4];
            for _ in 0..20_000 {
                counts[choose(&logprobs, &choice, &mut random) as usize] += 1;
            }
            counts.map(|count| f64::from(count) / 20_000.0)
        };
        // Four standard errors are at most 0.0142.
        for (found, expected) in [
            (shares(1.0, 1.0), [0.5, 0.3, 0.15, 0.05]),
            (shares(1.0, 0.7), [0.625, 0.375, 0.0, 0.0]),
            (shares(0.5, 1.0), [0.684_9, 0.246_6, 0.061_6, 0.006_8]),
        ] {
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 0.0142, "{found} {expected}");
            }
        }
        let tied = [-1.0, -0.5, -0.5];
        assert_eq!(choose(&tied, &GREEDY, &mut random), 1);
    }
}
