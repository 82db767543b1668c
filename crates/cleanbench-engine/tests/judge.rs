//! A judge: a second model is asked about each answer of the first, in a batch that is planned from them.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its scene must panic"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cleanbench_core::event::{Place, StopReason};
use cleanbench_core::model::Sent;
use cleanbench_core::sample::SampleInput;
use cleanbench_core::{
    BoxFuture, CallError, CallId, CallKey, Completion, Digest, DigestKey, Event, EventSink, Form,
    Judge, Message, Model, Outcome, Purpose, Reply, Request, Role, RunId, Sample, Sampling, Score,
    Scorer, Sensitivity, Timing,
};
use cleanbench_engine::{
    Allowance, Ending, ModelSlot, Opened, Planner, PlannerError, Settings, Work, begin, execute,
    prepare, reopen, stop_pair,
};
use cleanbench_ledger::batches::{DueBatch, DueSample};
use cleanbench_ledger::draft::{Draft, Input};
use cleanbench_ledger::manifest::{ModelPlan, SuitePlan, TaskPlan};
use cleanbench_ledger::samples::SampleContent;
use cleanbench_ledger::{JournalReader, LedgerError, Manifest, PayloadReader, RunDirectory, Tail};

/// Answers with its name and the question.
#[derive(Debug)]
struct Parrot {
    name: &'static str,
    sent: AtomicU32,
}

impl Parrot {
    fn named(name: &'static str) -> Arc<Self> {
        let sent = AtomicU32::new(0);
        Arc::new(Self { name, sent })
    }

    fn sent(&self) -> u32 {
        self.sent.load(Ordering::SeqCst)
    }
}

impl Model for Parrot {
    fn form(&self) -> Form {
        Form::Chat
    }

    fn body(&self, request: &Request) -> Result<Vec<u8>, CallError> {
        Ok(request.messages[0].content.clone().into_bytes())
    }

    fn send<'a>(&'a self, body: &'a [u8], _: Sensitivity) -> BoxFuture<'a, Sent> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            tokio::task::yield_now().await;
            let reply = Reply {
                status: 200,
                content_type: None,
                retry_after: None,
                body: [self.name.as_bytes(), b" says ", body].concat(),
            };
            Sent {
                reply: Some(reply),
                error: None,
                timing: Timing::default(),
            }
        })
    }

    fn read(&self, _: &[u8], reply: &Reply) -> Result<Completion, CallError> {
        Ok(Completion {
            text: String::from_utf8(reply.body.clone()).unwrap(),
            ..Completion::default()
        })
    }
}

/// Every answer is right.
#[derive(Debug)]
struct Content;

impl Scorer for Content {
    fn version(&self) -> u32 {
        1
    }

    fn check_sample(&self, _: &Sample) -> Result<(), String> {
        Ok(())
    }

    fn score(&self, _: &Sample, completion: &Completion) -> Score {
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

fn content(id: &str, text: &str) -> SampleContent {
    SampleContent {
        messages: vec![Message::new(Role::User, text.to_owned())],
        continuations: Vec::new(),
        sample: Sample {
            id: id.to_owned(),
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
        },
        probe: None,
    }
}

fn task(name: &str) -> TaskPlan {
    TaskPlan {
        name: name.to_owned(),
        epochs: 1,
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
    }
}

fn model(name: &str) -> ModelPlan {
    let greedy = Sampling {
        temperature: Some(0.0),
        ..Sampling::default()
    };
    ModelPlan {
        name: name.to_owned(),
        endpoint: serde_json::Value::Null,
        sampling: vec![greedy; 2],
        effective: Vec::new(),
        role: cleanbench_ledger::manifest::Role::Subject,
    }
}

const QUESTIONS: [&str; 3] = ["one", "two", "three"];

fn planned(out: &Path) -> Opened {
    let key = DigestKey::new([1; 32]);
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
        models: vec![model("writer"), model("judge")],
        tasks: vec![task("essays"), task("grades")],
        seed: 5,
        inputs: vec![Input {
            name: "suite.key".to_owned(),
            bytes: key.reveal_hex().into_bytes(),
        }],
        key,
        gates: Vec::new(),
        baseline: None,
        junit: cleanbench_ledger::reporting::JunitPlan::default(),
        quarantine: Vec::new(),
        replay: None,
        selection: None,
        imported: None,
        notes: Vec::new(),
    };
    let samples = QUESTIONS.iter();
    let samples = samples.map(|text| Ok::<_, std::convert::Infallible>((0, content(text, text))));
    prepare(draft, samples).unwrap()
}

/// The answers of the writer by line, and how many grades are on record.
fn answers(run: &RunDirectory) -> Result<(BTreeMap<u64, String>, usize), LedgerError> {
    let manifest = Manifest::read(run)?;
    let payloads = PayloadReader::new(run.path());
    let (mut answers, mut grades) = (BTreeMap::new(), 0);
    let mut ended = Vec::new();
    let mut reader = JournalReader::open(run, &manifest, Tail::MayBeTorn)?;
    while let Some((_, record)) = reader.read()? {
        match record.event {
            Event::ReplyReceived {
                place,
                response: Some(response),
                ..
            } if place.model == 0 => {
                let bytes = payloads.read(&response)?.present().unwrap();
                answers.insert(place.sample, String::from_utf8(bytes).unwrap());
            }
            Event::AttemptEnded {
                place,
                outcome: Some(Outcome::Answered),
                ..
            } if place.model == 0 => ended.push(place.sample),
            Event::BatchPlanned { .. } => grades += 1,
            _ => {}
        }
    }
    answers.retain(|line, _| ended.contains(line));
    Ok((answers, grades))
}

/// Has every answer graded once all of them are there. The judge asks nothing by itself in the plan.
fn grading(run: RunDirectory) -> Planner {
    Arc::new(move || {
        let read = answers(&run).map_err(|error| PlannerError(error.to_string()));
        let (answers, grades) = read?;
        if grades > 0 || answers.len() < QUESTIONS.len() {
            return Ok(Vec::new());
        }
        let samples = answers.into_iter().map(|(line, answer)| DueSample {
            follows: Some(line),
            content: content(&format!("grade {line}"), &format!("grade: {answer}")),
        });
        Ok(vec![DueBatch {
            model: 1,
            task: 1,
            step: 1,
            purpose: Purpose::Judge("grader".into()),
            samples: samples.collect(),
        }])
    })
}

struct Ran {
    ending: Ending,
    events: Vec<Event>,
}

/// Goes on with `opened`; the judge answers nothing of the plan, as the writer does.
fn run(mut opened: Opened, models: [Arc<Parrot>; 2]) -> Ran {
    let recorder = Arc::new(Recorder::default());
    let sinks = vec![Arc::clone(&recorder) as _];
    let (ledger, writer) = begin(&mut opened, "test", false, sinks).unwrap();
    let (_handle, stop) = stop_pair();
    let work = Work {
        planner: Some(grading(opened.run.clone())),
        run: opened.run,
        manifest: opened.manifest,
        table: opened.table,
        pending: opened.pending,
        ledger,
        models: models.map(|model| ModelSlot::new(model, 2)).into(),
        judges: vec![
            Judge::Scorers(vec![Box::new(Content)]),
            Judge::Scorers(vec![Box::new(Content)]),
        ],
        settings: Settings {
            max_retries: 0,
            patience: Duration::from_secs(1),
            backoff: Duration::ZERO,
            attempt_limit: Duration::from_secs(5),
        },
        stop,
        allowance: Allowance::default(),
        early: Vec::new(),
        scores: Vec::new(),
        index: opened.index,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let ending = runtime.block_on(execute(work)).unwrap();
    writer.join().unwrap();
    let events = recorder.0.lock().unwrap().clone();
    Ran { ending, events }
}

/// What the judge said about each answer, by line of its batch.
fn grades(run: &RunDirectory, events: &[Event]) -> BTreeMap<u64, String> {
    let payloads = PayloadReader::new(run.path());
    let replies = events.iter().filter_map(|event| match event {
        Event::ReplyReceived {
            place,
            response: Some(response),
            ..
        } if place.batch != 0 => Some((place.sample, *response)),
        _ => None,
    });
    let text = |response| {
        let bytes = payloads.read(&response).unwrap().present().unwrap();
        String::from_utf8(bytes).unwrap()
    };
    replies
        .map(|(line, response)| (line, text(response)))
        .collect()
}

#[test]
fn every_answer_is_put_to_the_judge_under_a_name_of_its_own() {
    let out = tempfile::tempdir().unwrap();
    let opened = planned(out.path());
    let (directory, id) = (opened.run.clone(), opened.manifest.run.clone());
    let models = [Parrot::named("writer"), Parrot::named("judge")];
    let ran = run(opened, models.clone());
    assert_eq!(ran.ending.reason, StopReason::Complete);
    // The judge answers the plan's questions too: a plan puts every task to every model.
    assert_eq!([models[0].sent(), models[1].sent()], [3, 6]);
    let grades = grades(&directory, &ran.events);
    let expected = QUESTIONS.map(|question| format!("judge says grade: writer says {question}"));
    assert_eq!(grades.into_values().collect::<Vec<_>>(), expected);
    let expected = CallId::of(&CallKey {
        run: &id,
        model: "judge",
        task: "grades",
        sample: "grade 0",
        epoch: 1,
        purpose: Purpose::Judge("grader".into()),
        step: 1,
    });
    let first = Place::followed(1, 1, 0);
    let found = ran.events.iter().find_map(|event| match event {
        Event::Judged { call, place, .. } if *place == first => Some(*call),
        _ => None,
    });
    assert_eq!(found, Some(expected));
}

#[test]
fn cut_off_anywhere_it_plans_the_same_and_asks_nothing_again() {
    let out = tempfile::tempdir().unwrap();
    let opened = planned(out.path());
    let directory = opened.run.clone();
    let whole = run(opened, ["writer", "judge"].map(Parrot::named));
    let whole = grades(&directory, &whole.events);
    let journal = fs_err::read_to_string(directory.file("journal/00000.jsonl")).unwrap();
    let lines: Vec<_> = journal.split_inclusive('\n').collect();
    for kept in 1..lines.len() {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(directory.path(), copy.path());
        let cut: String = lines[..kept].concat();
        let replies = cut.matches("\"reply_received\"").count();
        fs_err::write(copy.path().join("journal/00000.jsonl"), cut).unwrap();
        let models = ["writer", "judge"].map(Parrot::named);
        let again = RunDirectory::at(copy.path());
        let ran = run(reopen(again.clone()).unwrap(), models.clone());
        assert_eq!(ran.ending.reason, StopReason::Complete);
        let sent = models.iter().map(|model| model.sent() as usize);
        assert_eq!(sent.sum::<usize>(), 9 - replies, "{kept} records kept");
        let manifest = Manifest::read(&again).unwrap();
        let reader = JournalReader::open(&again, &manifest, Tail::Whole).unwrap();
        let events: Vec<_> = reader.map(|record| record.unwrap().1.event).collect();
        assert_eq!(grades(&again, &events), whole, "{kept} records kept");
    }
}

fn copy_folder(from: &Path, to: &Path) {
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
