//! The least that can be done with the general HTTP client: sends the lines of a file as requests, reads the
//! answers, and keeps nothing. `.ci/bench` measures it as a mark beside what cleanbench costs.
//!
//! Arguments: URL, file with one body a line, number of requests, requests in flight.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::header::CONTENT_TYPE;
use tokio::task::JoinSet;

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, file, requests, in_flight] = arguments.as_slice() else {
        return Err("usage: bare_client URL FILE REQUESTS IN_FLIGHT".into());
    };
    let bodies = fs_err::read_to_string(file)?;
    let bodies: Arc<[String]> = bodies.lines().map(str::to_owned).collect();
    let (requests, in_flight) = (requests.parse()?, in_flight.parse()?);
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .tcp_nodelay(true)
        .build()?;
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..in_flight {
        let (client, url, bodies) = (client.clone(), url.clone(), Arc::clone(&bodies));
        workers.spawn(send_all(client, url, bodies, Arc::clone(&next), requests));
    }
    while let Some(ended) = workers.join_next().await {
        ended??;
    }
    Ok(())
}

async fn send_all(
    client: reqwest::Client,
    url: String,
    bodies: Arc<[String]>,
    next: Arc<AtomicUsize>,
    requests: usize,
) -> Result<(), Failure> {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= requests {
            return Ok(());
        }
        let body = bodies[number % bodies.len()].clone();
        let request = client.post(&url).header(CONTENT_TYPE, "application/json");
        request
            .body(body)
            .send()
            .await?
            .error_for_status()?
            .bytes()
            .await?;
    }
}
