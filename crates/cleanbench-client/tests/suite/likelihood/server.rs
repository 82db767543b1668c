//! A little HTTP server, and an embedded model behind the wire forms of four real ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use cleanbench_embedded::file::ModelFile;
use cleanbench_embedded::{Decoder, END, Segment, Vocabulary, Wanted, shipped};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Answers a path and a body with a status and a body.
pub(crate) type Handler = Arc<dyn Fn(&str, &Value) -> (u16, Vec<u8>) + Send + Sync>;

/// Serves `handler` on a free port, one request a connection.
pub(crate) async fn serve(handler: Handler) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&handler)));
        }
    });
    port
}

async fn answer(mut stream: TcpStream, handler: Handler) {
    let mut received = Vec::new();
    let mut buffer = [0; 16_384];
    let (head, body) = loop {
        let count = stream.read(&mut buffer).await.unwrap();
        if count == 0 {
            return;
        }
        received.extend_from_slice(&buffer[..count]);
        let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8(received[..end].to_vec()).unwrap();
        let body = &received[end + 4..];
        if body.len() == length(&head) {
            break (head, body.to_vec());
        }
    };
    let path = head.split(' ').nth(1).unwrap().to_owned();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let (status, reply) = handler(&path, &body);
    let head = format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        reply.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&reply).await.unwrap();
}

fn length(head: &str) -> usize {
    let line = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length:")?
            .trim()
            .parse()
            .ok()
    });
    line.unwrap_or(0)
}

/// The model behind the forms.
pub(crate) struct Served {
    decoder: Decoder,
    pub(crate) vocabulary: Vocabulary,
}

impl Served {
    pub(crate) fn new() -> Self {
        let file = ModelFile::read(shipped("clean").unwrap()).unwrap();
        Self {
            decoder: Decoder::new(&file),
            vocabulary: file.vocabulary(),
        }
    }

    /// The tokens of a text, the end mark before them.
    pub(crate) fn tokens(&self, text: &str) -> Vec<u32> {
        let mut tokens = vec![END];
        tokens.extend(self.vocabulary.encode(text));
        tokens
    }

    /// After each token the log probabilities of the next, computed in 64 bits from the logits.
    pub(crate) fn logprobs(&self, tokens: &[u32]) -> Vec<Vec<f64>> {
        let mut session = self.decoder.session();
        let segment = Segment {
            session: &mut session,
            tokens,
            wanted: Wanted::All,
        };
        let rows = self.decoder.read(&mut [segment]).remove(0);
        rows.iter().map(|row| log_softmax(row)).collect()
    }

    /// Log probabilities of a text's tokens; none for the end mark.
    pub(crate) fn scored(&self, tokens: &[u32]) -> Vec<Option<f64>> {
        let rows = self.logprobs(tokens);
        let next = rows.iter().zip(&tokens[1..]);
        std::iter::once(None)
            .chain(next.map(|(row, token)| Some(row[*token as usize])))
            .collect()
    }

    fn text(&self, token: u32) -> String {
        self.vocabulary.decode(&[token])
    }

    fn likeliest(&self, tokens: &[u32]) -> u32 {
        let row = self.logprobs(tokens).pop().unwrap();
        (0..)
            .zip(&row)
            .max_by(|one, other| one.1.total_cmp(other.1))
            .unwrap()
            .0
    }

    /// Completions with `echo`.
    pub(crate) fn echo(&self, body: &Value) -> Value {
        let prompt = body["prompt"].as_str().unwrap();
        let mut tokens = self.tokens(prompt);
        let length = tokens.len();
        let generated = body["max_tokens"].as_u64().unwrap();
        if generated > 0 {
            tokens.push(self.likeliest(&tokens));
        }
        let texts: Vec<_> = tokens.iter().map(|token| self.text(*token)).collect();
        json!({
            "model": "served",
            "system_fingerprint": "fp",
            "choices": [{
                "text": self.vocabulary.decode(&tokens),
                "logprobs": {"tokens": texts, "token_logprobs": self.scored(&tokens)},
            }],
            "usage": {"prompt_tokens": length, "completion_tokens": generated},
        })
    }

    /// vLLM's `prompt_logprobs`.
    pub(crate) fn vllm(&self, body: &Value) -> Value {
        let tokens = self.tokens(body["prompt"].as_str().unwrap());
        let entries: Vec<_> = self
            .scored(&tokens)
            .into_iter()
            .zip(&tokens)
            .map(|(logprob, token)| {
                let facts =
                    json!({"logprob": logprob, "rank": 1, "decoded_token": self.text(*token)});
                logprob.map_or(Value::Null, |_| json!({token.to_string(): facts}))
            })
            .collect();
        json!({
            "model": "served",
            "choices": [{"text": " x", "prompt_logprobs": entries}],
            "usage": {"prompt_tokens": tokens.len(), "completion_tokens": 1},
        })
    }

    /// `SGLang`'s `/generate`.
    pub(crate) fn sglang(&self, body: &Value) -> Value {
        let tokens = self.tokens(body["text"].as_str().unwrap());
        let entries: Vec<_> = self
            .scored(&tokens)
            .into_iter()
            .zip(&tokens)
            .map(|(logprob, token)| json!([logprob, token, self.text(*token)]))
            .collect();
        json!({
            "text": " x",
            "meta_info": {
                "prompt_tokens": tokens.len(),
                "completion_tokens": 1,
                "input_token_logprobs": entries,
            },
        })
    }

    /// llama.cpp's `/tokenize`.
    pub(crate) fn tokenize(&self, body: &Value) -> Value {
        let text = body["content"].as_str().unwrap();
        let tokens = if body["add_special"] == true {
            self.tokens(text)
        } else {
            self.vocabulary.encode(text)
        };
        let pieces: Vec<_> = tokens
            .iter()
            .map(|token| {
                let bytes = self.vocabulary.bytes(*token);
                let piece = std::str::from_utf8(bytes).map_or(json!(bytes), |text| json!(text));
                json!({"id": token, "piece": piece})
            })
            .collect();
        json!({"tokens": pieces})
    }

    /// llama.cpp's `/completion`, which reports nothing for tokens of broken characters and fails when
    /// such a one is forced alone.
    pub(crate) fn completion(&self, body: &Value) -> (u16, Value) {
        let ids = |value: &Value| u32::try_from(value.as_u64().unwrap()).unwrap();
        let mut tokens: Vec<_> = body["prompt"].as_array().unwrap().iter().map(ids).collect();
        let length = tokens.len();
        let forced: Vec<u32> = body["grammar"].as_str().map_or(Vec::new(), |grammar| {
            let literals = grammar.strip_prefix("root ::= ").unwrap().split(' ');
            let id = |text: &str| text.strip_prefix("<[")?.strip_suffix("]>")?.parse().ok();
            literals.map(|text| id(text).unwrap()).collect()
        });
        let written = if forced.is_empty() {
            vec![self.likeliest(&tokens)]
        } else {
            forced
        };
        let broken = |token: &u32| std::str::from_utf8(self.vocabulary.bytes(*token)).is_err();
        if written.iter().all(broken) {
            return (500, json!({"error": {"message": "empty grammar stack"}}));
        }
        let likeliest = usize::try_from(body["n_probs"].as_u64().unwrap()).unwrap();
        let mut entries = Vec::new();
        for token in &written {
            let row = self.logprobs(&tokens).pop().unwrap();
            let mut order: Vec<_> = row.iter().enumerate().collect();
            order.sort_by(|one, other| other.1.total_cmp(one.1));
            let top: Vec<_> = order
                .iter()
                .take(likeliest)
                .map(|(id, logprob)| json!({"id": id, "logprob": logprob}))
                .collect();
            if !broken(token) {
                entries.push(
                    json!({"id": token, "logprob": row[*token as usize], "top_logprobs": top}),
                );
            }
            tokens.push(*token);
        }
        let answer = json!({
            "model": "served",
            "tokens_evaluated": length,
            "tokens_predicted": written.len(),
            "truncated": false,
            "completion_probabilities": entries,
        });
        (200, answer)
    }

    /// All four forms under the paths of the real servers.
    pub(crate) fn handler(self: Arc<Self>) -> Handler {
        Arc::new(move |path, body| {
            let (status, answer) = match path {
                "/v1/completions" if body["echo"] == true => (200, self.echo(body)),
                "/v1/completions" => (200, self.vllm(body)),
                "/generate" => (200, self.sglang(body)),
                "/tokenize" => (200, self.tokenize(body)),
                "/completion" => self.completion(body),
                _ => (404, json!({"error": {"message": "no such path"}})),
            };
            (status, answer.to_string().into_bytes())
        })
    }
}

fn log_softmax(logits: &[f32]) -> Vec<f64> {
    let wide: Vec<f64> = logits.iter().map(|logit| f64::from(*logit)).collect();
    let highest = wide.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = wide.iter().map(|logit| (logit - highest).exp()).sum();
    wide.iter()
        .map(|logit| logit - highest - sum.ln())
        .collect()
}

/// Counts the requests of each path.
pub(crate) fn paths(exchanges: &[Value]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for exchange in exchanges {
        *counts
            .entry(exchange["path"].as_str().unwrap())
            .or_default() += 1;
    }
    counts
}
