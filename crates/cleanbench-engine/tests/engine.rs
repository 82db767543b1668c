//! The engine with models and scorers that misbehave in ways no server can.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its scene must panic"
)]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cleanbench_core::event::StopReason;
use cleanbench_core::model::Sent;
use cleanbench_core::sample::SampleInput;
use cleanbench_core::{
    BoxFuture, CallError, CallErrorKind, Completion, Digest, DigestKey, Event, EventSink, Finish,
    Form, Judge, Message, Model, Outcome, Reply, Request, Role, RunId, Sample, Sampling, Score,
    Scorer, Sensitivity, Timing, Usage,
};
use cleanbench_engine::{
    Allowance, Ending, ModelSlot, Opened, PrepareError, Settings, StopSignal, Work, begin, execute,
    prepare, reopen, stop_pair,
};
use cleanbench_ledger::draft::Draft;
use cleanbench_ledger::manifest::{ModelPlan, SuitePlan, TaskPlan};
use cleanbench_ledger::samples::SampleContent;

/// Answers with the question; misbehaves where the question asks for it.
#[derive(Debug, Default)]
struct Puppet {
    sent: AtomicU32,
}

impl Model for Puppet {
    fn form(&self) -> Form {
        Form::Chat
    }

    fn body(&self, request: &Request) -> Result<Vec<u8>, CallError> {
        let text = request.messages[0].content.clone();
        assert!(text != "panic in body", "as asked");
        if text == "inexpressible" {
            return Err(CallError::new(
                CallErrorKind::Unsupported,
                "there is no way to ask this",
            ));
        }
        Ok(format!("{text} seed={:?}", request.seed).into_bytes())
    }

    fn send<'a>(&'a self, body: &'a [u8], _: Sensitivity) -> BoxFuture<'a, Sent> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            tokio::task::yield_now().await;
            assert!(!body.starts_with(b"panic in send"), "as asked");
            if body.starts_with(b"never ends") {
                std::future::pending::<()>().await;
            }
            let reply = Reply {
                status: 200,
                content_type: None,
                retry_after: None,
                body: body.to_vec(),
            };
            Sent {
                reply: Some(reply),
                error: None,
                timing: Timing::default(),
            }
        })
    }

    fn read(&self, _: &[u8], reply: &Reply) -> Result<Completion, CallError> {
        let text = String::from_utf8(reply.body.clone()).unwrap();
        assert!(!text.starts_with("panic in read"), "as asked");
        Ok(Completion {
            text,
            reasoning: None,
            finish: Finish::Stop,
            usage: Usage::default(),
            model: None,
            fingerprint: None,
            ..Completion::default()
        })
    }
}

#[derive(Debug)]
struct PuppetScorer;

impl Scorer for PuppetScorer {
    fn version(&self) -> u32 {
        1
    }

    fn check_sample(&self, _: &Sample) -> Result<(), String> {
        Ok(())
    }

    fn score(&self, _: &Sample, completion: &Completion) -> Score {
        assert!(!completion.text.starts_with("panic in score"), "as asked");
        if completion.text.starts_with("fail in score") {
            return Score::broken("failed as asked");
        }
        Score::verdict(true, completion.text.clone())
    }
}

/// Keeps every event.
#[derive(Default)]
struct Recorder(Mutex<Vec<Event>>);

impl EventSink for Recorder {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

fn content(text: &str) -> SampleContent {
    let sample = Sample {
        id: text.to_owned(),
        input: SampleInput::Input(text.to_owned()),
        target: None,
        choices: Vec::new(),
        metadata: serde_json::Map::new(),
        created: None,
        cluster: None,
        rewording_of: None,
        isomorph_of: None,
        images: Vec::new(),
        choice_rewordings: Vec::new(),
        sensitivity: Sensitivity::Private,
    };
    SampleContent {
        messages: vec![Message {
            role: Role::User,
            content: text.to_owned(),
            images: Vec::new(),
        }],
        continuations: Vec::new(),
        sample,
        probe: None,
    }
}

fn plan(out: &std::path::Path, temperature: f64, texts: &[&str]) -> Opened {
    let sampling = Sampling {
        temperature: Some(temperature),
        ..Sampling::default()
    };
    let draft = Draft {
        shard: None,
        out: out.to_owned(),
        tool: "test".to_owned(),
        run: RunId::from_random([7; 5]),
        suite: SuitePlan {
            name: "s".to_owned(),
            version: "1".to_owned(),
            digest: Digest([0; 32]),
        },
        models: vec![ModelPlan {
            name: "puppet".to_owned(),
            endpoint: serde_json::Value::Null,
            sampling: vec![sampling],
            effective: Vec::new(),
            role: cleanbench_ledger::manifest::Role::Subject,
        }],
        tasks: vec![TaskPlan {
            name: "t".to_owned(),
            epochs: 2,
            samples: 0,
            sensitivity: Sensitivity::Private,
            scorers: Vec::new(),
            scorers_digest: Digest([0; 32]),
            reducer: cleanbench_core::Reducer::Mean,
            cluster: None,
            slices: Vec::new(),
            constraints: cleanbench_core::Constraints::default(),
            definition: serde_json::Value::Null,
            probe: None,
        }],
        seed: 5,
        key: DigestKey::new([1; 32]),
        inputs: Vec::new(),
        gates: Vec::new(),
        baseline: None,
        junit: cleanbench_ledger::reporting::JunitPlan::default(),
        quarantine: Vec::new(),
        replay: None,
        selection: None,
        imported: None,
        notes: Vec::new(),
    };
    let samples = texts
        .iter()
        .map(|text| Ok::<_, std::convert::Infallible>((0, content(text))));
    prepare(draft, samples).unwrap()
}

fn run(mut opened: Opened, model: Arc<Puppet>) -> (Ending, Vec<Event>) {
    let recorder = Arc::new(Recorder::default());
    let (ledger, writer) =
        begin(&mut opened, "test", false, vec![Arc::clone(&recorder) as _]).unwrap();
    let (_handle, stop): (_, StopSignal) = stop_pair();
    let work = Work {
        run: opened.run,
        manifest: opened.manifest,
        table: opened.table,
        pending: opened.pending,
        ledger,
        models: vec![ModelSlot::new(model, 2)],
        judges: vec![Judge::Scorers(vec![Box::new(PuppetScorer)])],
        settings: Settings {
            max_retries: 2,
            backoff: Duration::ZERO,
            patience: Duration::from_secs(1),
            attempt_limit: Duration::from_millis(300),
        },
        stop,
        allowance: Allowance::default(),
        early: Vec::new(),
        scores: Vec::new(),
        planner: None,
        index: opened.index,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let ending = runtime.block_on(execute(work)).unwrap();
    writer.join().unwrap();
    let events = recorder.0.lock().unwrap().clone();
    (ending, events)
}

fn outcomes(events: &[Event]) -> Vec<(u64, Outcome)> {
    let mut found: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::AttemptEnded {
                place,
                outcome: Some(outcome),
                ..
            } => Some((place.sample, *outcome)),
            _ => None,
        })
        .collect();
    found.sort_by_key(|(sample, _)| *sample);
    found
}

#[test]
fn a_panic_is_a_record_and_the_others_go_on() {
    let out = tempfile::tempdir().unwrap();
    let texts = [
        "fine",
        "panic in send",
        "panic in read",
        "panic in score",
        "inexpressible",
        "panic in body",
        "never ends",
        "fine too",
    ];
    let (ending, events) = run(plan(out.path(), 0.0, &texts), Arc::default());
    assert_eq!(ending.reason, StopReason::Internal);
    assert_eq!(ending.panics, 8, "two epochs of four");
    let expected = [
        Outcome::Answered,
        Outcome::Exhausted,
        Outcome::Exhausted,
        Outcome::Answered,
        Outcome::Unsupported,
        Outcome::Exhausted,
        Outcome::Exhausted,
        Outcome::Answered,
    ];
    let twice: Vec<_> = (0..).zip(expected).flat_map(|pair| [pair, pair]).collect();
    assert_eq!(outcomes(&events), twice);
    let failed_judgements = events.iter().filter(
        |event| matches!(event, Event::Judged { error: Some(_), scores, .. } if scores.is_empty()),
    );
    assert_eq!(failed_judgements.count(), 2);
    assert!(matches!(
        events.last(),
        Some(Event::Stopped {
            reason: StopReason::Internal,
            ..
        })
    ));
}

#[test]
fn a_scorer_that_fails_itself_leaves_its_reason_and_no_score() {
    let out = tempfile::tempdir().unwrap();
    let texts = ["fine", "fail in score"];
    let (ending, events) = run(plan(out.path(), 0.0, &texts), Arc::default());
    assert_eq!(ending.reason, StopReason::Complete);
    assert_eq!(
        (ending.panics, ending.unjudged),
        (0, 2),
        "two epochs of one"
    );
    let failed = events.iter().filter(|event| {
        matches!(event, Event::Judged { error: Some(reason), scores, .. }
            if scores.is_empty() && reason == "failed as asked")
    });
    assert_eq!(failed.count(), 2);
}

/// Bodies that were sent, by sample, from the events' payloads.
fn bodies(run: &cleanbench_ledger::RunDirectory, events: &[Event]) -> Vec<String> {
    let reader = cleanbench_ledger::PayloadReader::new(run.path());
    let requests = events.iter().filter_map(|event| match event {
        Event::AttemptStarted {
            request: Some(request),
            ..
        } => Some(request),
        _ => None,
    });
    let mut bodies: Vec<_> = requests
        .map(|request| String::from_utf8(reader.read(request).unwrap().present().unwrap()).unwrap())
        .collect();
    bodies.sort();
    bodies
}

#[test]
fn seeds_differ_by_epoch_and_greedy_decoding_sends_none() {
    let out = tempfile::tempdir().unwrap();
    let opened = plan(out.path(), 0.7, &["a"]);
    let directory = opened.run.clone();
    let (_, events) = run(opened, Arc::default());
    let sampled = bodies(&directory, &events);
    assert_eq!(sampled.len(), 2);
    assert_ne!(sampled[0], sampled[1]);
    assert!(sampled[0].contains("seed=Some("));
    let other = tempfile::tempdir().unwrap();
    let opened = plan(other.path(), 0.0, &["a"]);
    let directory = opened.run.clone();
    let (_, events) = run(opened, Arc::default());
    assert_eq!(bodies(&directory, &events), ["a seed=None", "a seed=None"]);
}

#[test]
fn a_reply_on_record_is_read_and_not_asked_again() {
    let out = tempfile::tempdir().unwrap();
    let opened = plan(out.path(), 0.0, &["a", "b"]);
    let directory = opened.run.clone();
    let model = Arc::new(Puppet::default());
    drop(run(opened, Arc::clone(&model)));
    assert_eq!(model.sent.load(Ordering::SeqCst), 4);
    let journal = directory.file("journal/00000.jsonl");
    let text = std::str::from_utf8(&fs_err::read(&journal).unwrap())
        .unwrap()
        .to_owned();
    // Cut after every record: from the first reply on, nothing that has a reply is sent again.
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    for kept in 1..lines.len() {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(directory.path(), copy.path());
        let cut: String = lines[..kept].concat();
        let replies = cut.matches("\"reply_received\"").count();
        fs_err::write(copy.path().join("journal/00000.jsonl"), cut).unwrap();
        let again = Arc::new(Puppet::default());
        let opened = reopen(cleanbench_ledger::RunDirectory::at(copy.path())).unwrap();
        let (ending, _) = run(opened, Arc::clone(&again));
        assert_eq!(ending.reason, StopReason::Complete);
        assert_eq!(
            again.sent.load(Ordering::SeqCst) as usize,
            4 - replies,
            "{kept} records kept"
        );
    }
}

#[test]
fn a_lost_payload_is_cut_off_at_the_very_end_and_refused_elsewhere() {
    let out = tempfile::tempdir().unwrap();
    let opened = plan(out.path(), 0.0, &["a", "b"]);
    let directory = opened.run.clone();
    drop(run(opened, Arc::default()));
    let segment = directory.file("payloads/0001.seg");
    let whole = fs_err::read(&segment).unwrap();
    fs_err::write(&segment, &whole[..whole.len() - 1]).unwrap();
    let refused = reopen(directory.clone()).map(|_| ()).unwrap_err();
    assert!(
        refused.to_string().contains("payload"),
        "the writer had stopped in order: {refused}"
    );
    let journal = directory.file("journal/00000.jsonl");
    let text = fs_err::read_to_string(&journal).unwrap();
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    fs_err::write(&journal, lines[..lines.len() - 1].concat()).unwrap();
    let model = Arc::new(Puppet::default());
    let (ending, _) = run(reopen(directory).unwrap(), Arc::clone(&model));
    assert_eq!(ending.reason, StopReason::Complete);
    assert_eq!(
        model.sent.load(Ordering::SeqCst),
        1,
        "only what was lost is asked again"
    );
}

#[test]
fn a_sample_that_cannot_be_read_leaves_no_run() {
    let out = tempfile::tempdir().unwrap();
    let mut opened = plan(out.path(), 0.0, &[]);
    assert!(opened.manifest.plan.tasks[0].samples == 0);
    opened.manifest.plan.tasks.clear();
    let draft = Draft {
        shard: None,
        out: out.path().join("other"),
        tool: "test".to_owned(),
        run: RunId::from_random([8; 5]),
        suite: opened.manifest.plan.suite.clone(),
        models: Vec::new(),
        tasks: Vec::new(),
        seed: 0,
        key: DigestKey::new([1; 32]),
        inputs: Vec::new(),
        gates: Vec::new(),
        baseline: None,
        junit: cleanbench_ledger::reporting::JunitPlan::default(),
        quarantine: Vec::new(),
        replay: None,
        selection: None,
        imported: None,
        notes: Vec::new(),
    };
    let samples = [Ok((0, content("a"))), Err("broken")];
    assert!(matches!(
        prepare(draft, samples),
        Err(PrepareError::Sample("broken"))
    ));
    let runs = cleanbench_ledger::directory::list(&out.path().join("other")).unwrap();
    assert!(runs.is_empty(), "a folder without a plan is no run");
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    fs_err::create_dir_all(to).unwrap();
    for entry in fs_err::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs_err::copy(path, target).unwrap();
        }
    }
}
