//! The rule for waits against simulated endpoints, by a clock that does not wait.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::task::JoinSet;

use super::*;
use crate::burst::{LONGEST_PAUSE, Past};
use crate::hands::Hands;

/// What an endpoint makes of an attempt: after how long, and what it says.
type Behaviour = fn(Moment) -> (Duration, Load);

/// What it may look at.
#[derive(Debug, Clone, Copy)]
struct Moment {
    /// The attempt's number, from 1.
    number: u64,
    /// Attempts at the endpoint, this one included.
    in_flight: usize,
    /// Since the beginning.
    time: Duration,
}

impl Moment {
    /// Whether it is among one in `n`, scattered.
    fn is_one_in(self, n: u64) -> bool {
        (self.number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40).is_multiple_of(n)
    }
}

const ANSWER: Duration = Duration::from_millis(100);
const REFUSAL: Duration = Duration::from_millis(5);
const REFUSED: Load = Load::TurnedAway(None);

/// What came of a simulation.
#[derive(Debug)]
struct Outcome {
    /// Until all were served.
    #[expect(dead_code, reason = "shown where a test fails")]
    time: Duration,
    /// Until nearly all were: 99 of 100. The last may have been turned away several times in a row.
    nearly: Duration,
    served: u64,
    turned_away: u64,
    most: usize,
    limit: usize,
    /// The most refusals of a call that cost it a retry.
    costliest: usize,
}

#[derive(Debug, Default)]
struct Counts {
    in_flight: AtomicUsize,
    most: AtomicUsize,
    attempts: AtomicU64,
    served: AtomicU64,
    turned_away: AtomicU64,
    costliest: AtomicUsize,
    begun: AtomicU64,
    nearly: Mutex<Duration>,
}

async fn place(limiter: &EndpointLimiter) -> Seat {
    limiter.place(Hands::new(1).seat().await).await
}

async fn set_off(limiter: &EndpointLimiter) -> Seat {
    try_again(limiter, Past::New).await
}

/// Sets off with an attempt of a call whose attempts before came to `past`.
async fn try_again(limiter: &EndpointLimiter, past: Past) -> Seat {
    let asker = Asker {
        name: "sample".to_owned(),
        past,
        hands: Hands::new(1),
    };
    let mut seat = place(limiter).await;
    while !seat.depart(&asker) {
        seat.pause().await;
    }
    seat
}

/// Makes `calls` calls, `ceiling` at once; each is tried until it is served, after a wait that doubles or what was
/// asked for, in which another is made.
async fn simulate<B>(ceiling: usize, calls: u64, behaviour: B) -> Outcome
where
    B: Fn(Moment) -> (Duration, Load) + Send + Sync + 'static,
{
    let behaviour = Arc::new(behaviour);
    let limiter = EndpointLimiter::new(ceiling);
    let counts = Arc::new(Counts::default());
    let start = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..ceiling * 4 + 256 {
        let (limiter, counts) = (limiter.clone(), Arc::clone(&counts));
        let behaviour = Arc::clone(&behaviour);
        workers.spawn(async move {
            while counts.begun.fetch_add(1, Ordering::SeqCst) < calls {
                call(&limiter, &counts, start, &*behaviour).await;
                if counts.served.load(Ordering::SeqCst) * 100 <= calls * 99 {
                    *counts.nearly.lock().unwrap() = start.elapsed();
                }
            }
        });
    }
    workers.join_all().await;
    Outcome {
        time: start.elapsed(),
        nearly: *counts.nearly.lock().unwrap(),
        served: counts.served.load(Ordering::SeqCst),
        turned_away: counts.turned_away.load(Ordering::SeqCst),
        most: counts.most.load(Ordering::SeqCst),
        limit: limiter.limit(),
        costliest: counts.costliest.load(Ordering::SeqCst),
    }
}

async fn call<B>(limiter: &EndpointLimiter, counts: &Counts, start: Instant, behaviour: &B)
where
    B: Fn(Moment) -> (Duration, Load),
{
    let mut faults = Vec::new();
    let mut past = Past::New;
    loop {
        faults.retain(|fault| !limiter.is_forgiven(*fault));
        let seat = try_again(limiter, past).await;
        let in_flight = counts.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        counts.most.fetch_max(in_flight, Ordering::SeqCst);
        let (latency, load) = behaviour(Moment {
            number: counts.attempts.fetch_add(1, Ordering::SeqCst) + 1,
            in_flight,
            time: start.elapsed(),
        });
        tokio::time::sleep(latency).await;
        counts.in_flight.fetch_sub(1, Ordering::SeqCst);
        let fault = seat.leave(load);
        if load == Load::Served {
            counts.served.fetch_add(1, Ordering::SeqCst);
            break;
        }
        counts.turned_away.fetch_add(1, Ordering::SeqCst);
        faults.push(fault);
        past = past.after(fault.streak());
        if limiter.costs(fault) {
            let Load::TurnedAway(asked) = load else {
                continue;
            };
            let costly = faults.iter().filter(|fault| limiter.costs(**fault)).count();
            let backoff = Duration::from_millis(250 << costly.min(6));
            tokio::time::sleep(asked.unwrap_or(backoff)).await;
        }
    }
    let costly = faults.iter().filter(|fault| limiter.costs(**fault));
    counts.costliest.fetch_max(costly.count(), Ordering::SeqCst);
}

fn ideal(calls: u64, at_once: u32) -> Duration {
    ANSWER * u32::try_from(calls).unwrap() / at_once
}

#[track_caller]
fn check_ratio(outcome: &Outcome, ideal: Duration, most: f64) {
    let ratio = outcome.nearly.as_secs_f64() / ideal.as_secs_f64();
    assert!(ratio <= most, "{ratio:.2} times the ideal: {outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_steady_endpoint_is_asked_at_the_ceiling_at_once() {
    let outcome = simulate(32, 3200, |_| (ANSWER, Load::Served)).await;
    assert_eq!((outcome.most, outcome.served), (32, 3200));
    check_ratio(&outcome, ideal(3200, 32), 1.001);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_serves_less_is_used_well_and_seldom_overrun() {
    fn at_most<const CAPACITY: usize>(now: Moment) -> (Duration, Load) {
        if now.in_flight <= CAPACITY {
            (ANSWER, Load::Served)
        } else {
            (REFUSAL, REFUSED)
        }
    }
    for (capacity, behaviour) in [
        (1, at_most::<1> as Behaviour),
        (3, at_most::<3>),
        (10, at_most::<10>),
        (24, at_most::<24>),
    ] {
        let calls = u64::from(capacity) * 600;
        let outcome = simulate(32, calls, behaviour).await;
        check_ratio(&outcome, ideal(calls, capacity), 1.25);
        // One place too many is one refusal a round, until it is noticed.
        let most = if capacity < 10 {
            outcome.served
        } else {
            outcome.served / 5
        };
        assert!(outcome.turned_away <= most, "{outcome:?}");
        assert!(outcome.costliest <= 5, "{outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn mishaps_whatever_the_load_delay_their_own_call_alone() {
    for asked in [None, Some(Duration::from_secs(1))] {
        for ceiling in [4, 16, 64] {
            let behaviour: Behaviour = match asked {
                None => |now| {
                    if now.is_one_in(12) {
                        (REFUSAL, REFUSED)
                    } else {
                        (ANSWER, Load::Served)
                    }
                },
                Some(_) => |now| {
                    if now.is_one_in(12) {
                        (REFUSAL, Load::TurnedAway(Some(Duration::from_secs(1))))
                    } else {
                        (ANSWER, Load::Served)
                    }
                },
            };
            let outcome = simulate(ceiling, 3000, behaviour).await;
            let at_once = u32::try_from(ceiling).unwrap();
            let ideal = ideal(3000 * 12 / 11, at_once);
            check_ratio(&outcome, ideal, 1.2);
            assert_eq!(outcome.limit, ceiling);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_share_whatever_the_load_is_learnt_and_halving_undone() {
    let outcome = simulate(16, 3000, |now| {
        if now.is_one_in(3) {
            (REFUSAL, REFUSED)
        } else {
            (ANSWER, Load::Served)
        }
    })
    .await;
    assert!(outcome.limit >= 15, "{outcome:?}");
    check_ratio(&outcome, ideal(3000 * 3 / 2, 16), 1.3);
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_waited_for_and_costs_nobody_a_retry() {
    fn away_until<const SECONDS: u64, const ASKED: u64>(now: Moment) -> (Duration, Load) {
        let is_away = (5..5 + SECONDS).contains(&now.time.as_secs());
        let asked = (ASKED > 0).then(|| Duration::from_secs(ASKED));
        if is_away {
            (REFUSAL, Load::TurnedAway(asked))
        } else {
            (ANSWER, Load::Served)
        }
    }
    for (seconds, behaviour) in [
        (12, away_until::<12, 0> as Behaviour),
        (12, away_until::<12, 5>),
        (60, away_until::<60, 0>),
        (60, away_until::<60, 5>),
        (300, away_until::<300, 0>),
        (300, away_until::<300, 30>),
    ] {
        let outcome = simulate(16, 1600, behaviour).await;
        let ideal = ideal(1600, 16) + Duration::from_secs(seconds);
        check_ratio(&outcome, ideal, 1.25);
        assert!(outcome.turned_away < 100, "{outcome:?}");
        assert_eq!(outcome.costliest, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_of_the_minute_is_used_whole() {
    // 300 a minute, and nobody beyond; the window begins with the run.
    static SERVED: Mutex<(u64, u32)> = Mutex::new((0, 0));
    let outcome = simulate(16, 900, |now| {
        let mut served = SERVED.lock().unwrap();
        let window = now.time.as_secs() / 60;
        if served.0 != window {
            *served = (window, 0);
        }
        served.1 += 1;
        if served.1 <= 300 {
            (ANSWER, Load::Served)
        } else {
            (REFUSAL, REFUSED)
        }
    })
    .await;
    check_ratio(&outcome, Duration::from_secs(122), 1.15);
    assert!(outcome.costliest <= 1, "{outcome:?}");
}

/// An endpoint that serves so many a second and turns away the others; ten are saved up at most.
fn bucket(per_second: f64) -> impl Fn(Moment) -> (Duration, Load) + Send + Sync {
    let bucket = Mutex::new((Duration::ZERO, 10.0_f64));
    move |now| {
        let mut bucket = bucket.lock().unwrap();
        let gained = now.time.saturating_sub(bucket.0).as_secs_f64() * per_second;
        *bucket = (now.time, (bucket.1 + gained).min(10.0));
        if bucket.1 >= 1.0 {
            bucket.1 -= 1.0;
            (ANSWER, Load::Served)
        } else {
            (REFUSAL, REFUSED)
        }
    }
}

/// Sixteen at once would make 160 a second.
#[tokio::test(start_paused = true)]
async fn a_rate_below_what_is_asked_is_used_whole_and_loses_no_call() {
    for (per_second, calls, seconds) in [(10.0, 600, 59), (50.0, 1500, 30)] {
        let outcome = simulate(16, calls, bucket(per_second)).await;
        check_ratio(&outcome, Duration::from_secs(seconds), 1.15);
        assert!(outcome.costliest <= 5, "{outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_asked_for_holds_for_a_burst_and_has_a_longest_time() {
    for (asked, expected) in [(7, 7), (3600, LONGEST_PAUSE.as_secs())] {
        let limiter = EndpointLimiter::new(8);
        let mut seats = Vec::new();
        for _ in 0..5 {
            seats.push(set_off(&limiter).await);
        }
        for seat in seats.drain(..) {
            seat.leave(Load::TurnedAway(Some(Duration::from_secs(asked))));
        }
        let before = Instant::now();
        let probe = set_off(&limiter).await;
        assert_eq!(before.elapsed().as_secs(), expected);
        // One goes out to see, and all follow when it is not turned away.
        let waiting = tokio::spawn({
            let limiter = limiter.clone();
            async move { drop(set_off(&limiter).await) }
        });
        tokio::time::sleep(Duration::from_millis(40)).await;
        assert!(!waiting.is_finished());
        probe.leave(Load::Served);
        waiting.await.unwrap();
        assert!(before.elapsed().as_secs() <= expected);
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_turned_away_again_and_again_are_no_outage() {
    let limiter = EndpointLimiter::new(8);
    for _ in 0..100 {
        let fault = try_again(&limiter, Past::Failed).await.leave(REFUSED);
        assert!(limiter.costs(fault));
    }
    assert_eq!(limiter.status().absence, None);
}

/// Turns `pasts` away one after the other; what became of each.
async fn turn_away(limiter: &EndpointLimiter, pasts: &[Past]) -> Vec<Past> {
    let mut found = Vec::new();
    for past in pasts {
        let fault = try_again(limiter, *past).await.leave(REFUSED);
        found.push(past.after(fault.streak()));
    }
    found
}

#[tokio::test(start_paused = true)]
async fn what_a_burst_has_forgiven_is_no_burst_again() {
    let limiter = EndpointLimiter::new(16);
    let pasts = turn_away(&limiter, &[Past::New; 6]).await;
    assert!(limiter.status().absence.is_some());
    set_off(&limiter).await.leave(Load::Served);
    assert_eq!(limiter.status().absence, None);
    turn_away(&limiter, &pasts).await;
    assert_eq!(limiter.status().absence, None, "others are served");
    turn_away(&limiter, &[Past::New; 17]).await;
    assert!(limiter.status().absence.is_some(), "nobody is");
}

#[tokio::test(start_paused = true)]
async fn where_calls_were_turned_away_whatever_happened_a_few_more_are_no_outage() {
    let limiter = EndpointLimiter::new(16);
    for _ in 0..7 {
        let once = turn_away(&limiter, &[Past::New]).await;
        set_off(&limiter).await.leave(Load::Served);
        turn_away(&limiter, &once).await;
        set_off(&limiter).await.leave(Load::Served);
    }
    turn_away(&limiter, &[Past::New; 5]).await;
    assert_eq!(limiter.status().absence, None);
    turn_away(&limiter, &[Past::New; 12]).await;
    assert!(limiter.status().absence.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_answers_slowly_is_not_gone() {
    let limiter = EndpointLimiter::new(16);
    let slow = set_off(&limiter).await;
    tokio::time::sleep(ANSWER).await;
    for _ in 0..6 {
        set_off(&limiter).await.leave(REFUSED);
    }
    assert!(limiter.status().absence.is_some());
    tokio::time::sleep(Duration::from_mins(20)).await;
    assert!(!limiter.is_gone(Duration::from_mins(10)));
    drop(slow);
    assert!(limiter.is_gone(Duration::from_mins(10)));
}

/// An answer to an attempt that was sent before the others were turned away, and is heard after them.
#[tokio::test(start_paused = true)]
async fn an_endpoint_that_served_one_last_attempt_is_away_from_then_on() {
    let limiter = EndpointLimiter::new(16);
    let last = set_off(&limiter).await;
    for _ in 0..6 {
        set_off(&limiter).await.leave(REFUSED);
    }
    tokio::time::sleep(ANSWER).await;
    last.leave(Load::Served);
    assert_eq!(limiter.status().absence, Some(Duration::ZERO));
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert!(limiter.is_gone(Duration::from_mins(10)));
}

#[tokio::test(start_paused = true)]
async fn one_refusal_pauses_nobody_else() {
    let limiter = EndpointLimiter::new(4);
    let before = Instant::now();
    for _ in 0..3 {
        let seat = set_off(&limiter).await;
        seat.leave(Load::TurnedAway(Some(Duration::from_mins(1))));
    }
    drop(set_off(&limiter).await);
    assert_eq!(before.elapsed(), Duration::ZERO);
}

/// A limiter that knows how long answers take.
async fn experienced(places: usize) -> EndpointLimiter {
    let limiter = EndpointLimiter::new(places);
    for _ in 0..60 {
        answered(&limiter).await;
    }
    limiter
}

async fn answered(limiter: &EndpointLimiter) {
    let seat = set_off(limiter).await;
    tokio::time::sleep(ANSWER).await;
    seat.leave(Load::Served);
}

async fn is_full(limiter: &EndpointLimiter) -> bool {
    let place = tokio::time::timeout(Duration::from_millis(1), place(limiter));
    place.await.is_err()
}

#[tokio::test(start_paused = true)]
async fn a_call_far_older_than_others_that_were_answered_lends_its_place() {
    let limiter = experienced(2).await;
    let hung = set_off(&limiter).await;
    for _ in 0..8 {
        answered(&limiter).await;
    }
    let other = set_off(&limiter).await;
    limiter.lend();
    assert!(is_full(&limiter).await, "both are in flight, and not old");
    tokio::time::sleep(ANSWER).await;
    other.leave(Load::Served);
    for _ in 0..3 {
        answered(&limiter).await;
    }
    let other = set_off(&limiter).await;
    limiter.lend();
    let lent = set_off(&limiter).await;
    assert_eq!(limiter.status().oldest.unwrap().name, "sample");
    // It is back, and what was lent is not given back twice.
    drop(hung);
    assert!(is_full(&limiter).await);
    drop((lent, other));
    let both = (place(&limiter).await, place(&limiter).await);
    assert!(is_full(&limiter).await);
    drop(both);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_is_answered_nothing_is_lent() {
    let limiter = experienced(16).await;
    let mut seats = Vec::new();
    for _ in 0..16 {
        seats.push(set_off(&limiter).await);
    }
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        limiter.lend();
    }
    assert!(is_full(&limiter).await);
}

#[tokio::test(start_paused = true)]
async fn one_old_call_among_many_waits_half_a_minute_before_it_lends() {
    let limiter = experienced(16).await;
    let _old = set_off(&limiter).await;
    for _ in 0..299 {
        answered(&limiter).await;
    }
    let mut others = Vec::new();
    for _ in 0..15 {
        others.push(set_off(&limiter).await);
    }
    limiter.lend();
    assert!(is_full(&limiter).await);
    tokio::time::sleep(ANSWER).await;
    limiter.lend();
    drop(place(&limiter).await);
}

/// What came of calls of which some are outrun.
#[derive(Debug, Default)]
struct Outrun {
    in_flight: AtomicUsize,
    sent: AtomicU64,
    answered: AtomicU64,
    /// The most at once that are not among those that hang, by the second in which they were.
    most: Mutex<Vec<usize>>,
    /// When the last call of those that do not hang was answered.
    last: Mutex<Duration>,
}

impl Outrun {
    /// The most at once from second `first` on, before second `end`.
    fn most(&self, first: usize, end: usize) -> usize {
        let most = self.most.lock().unwrap();
        let seconds = most.iter().take(end).skip(first);
        seconds.copied().max().unwrap_or_default()
    }

    fn note(&self, second: u64, in_flight: usize) {
        let second = usize::try_from(second).unwrap();
        let mut most = self.most.lock().unwrap();
        if most.len() <= second {
            most.resize(second + 1, 0);
        }
        most[second] = most[second].max(in_flight);
    }
}

/// How long an attempt takes; `None` for one that hangs.
type Time = fn(Moment) -> Option<Duration>;

/// Makes `calls` calls at `places`, each once; whoever looks after places lends them.
async fn outrun(places: usize, calls: u64, time: Time) -> Arc<Outrun> {
    let limiter = EndpointLimiter::new(places);
    let found = Arc::new(Outrun::default());
    let start = Instant::now();
    let hands = Hands::new(places);
    let mut workers = JoinSet::new();
    for _ in 0..272 {
        let (limiter, found, hands) = (limiter.clone(), Arc::clone(&found), hands.clone());
        workers.spawn(async move {
            while found.sent.load(Ordering::SeqCst) < calls {
                let mut seat = limiter.place(hands.seat().await).await;
                let number = found.sent.fetch_add(1, Ordering::SeqCst) + 1;
                let asker = Asker {
                    name: "sample".to_owned(),
                    past: Past::New,
                    hands: hands.clone(),
                };
                assert!(seat.depart(&asker), "nobody is turned away");
                let moment = Moment {
                    number,
                    in_flight: found.in_flight.load(Ordering::SeqCst),
                    time: start.elapsed(),
                };
                let Some(time) = time(moment) else {
                    tokio::time::sleep(Duration::from_mins(5)).await;
                    seat.leave(Load::Unknown);
                    continue;
                };
                let in_flight = found.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
                found.note(start.elapsed().as_secs(), in_flight);
                tokio::time::sleep(time).await;
                found.in_flight.fetch_sub(1, Ordering::SeqCst);
                found.answered.fetch_add(1, Ordering::SeqCst);
                *found.last.lock().unwrap() = start.elapsed();
                seat.leave(Load::Served);
            }
        });
    }
    let look_after = async {
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            limiter.lend();
        }
    };
    tokio::select! {
        _ = workers.join_all() => {}
        () = look_after => {}
    }
    found
}

/// One in 25 hangs.
fn hangs(now: Moment) -> Option<Duration> {
    (!now.is_one_in(25)).then_some(ANSWER)
}

#[tokio::test(start_paused = true)]
async fn calls_that_hang_hold_up_others_by_a_quarter_or_so() {
    for places in [2, 4, 8, 16, 64] {
        let found = outrun(places, 3000, hangs).await;
        let at_once = u32::try_from(places).unwrap();
        let ideal = ideal(found.answered.load(Ordering::SeqCst), at_once);
        let ratio = found.last.lock().unwrap().as_secs_f64() / ideal.as_secs_f64();
        assert!(ratio < 1.3, "{ratio:.2} times the ideal at {places} places");
        assert!(found.most(0, 10_000) <= places, "{found:?}");
    }
}

impl Moment {
    /// Between 0 and 1, scattered.
    fn chance(self) -> f64 {
        let scattered = self.number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
        f64::from(u32::try_from(scattered).unwrap() % 1000) / 1000.0
    }
}

/// After ten seconds in which one in 25 hangs, all answers take `TIMES` as long, and up to half as long again.
fn slows_down<const TIMES: u32>(now: Moment) -> Option<Duration> {
    let usual = hangs(now)?;
    let is_slow = now.time >= Duration::from_secs(10);
    Some(if is_slow {
        (usual * TIMES).mul_f64(1.0 + now.chance() / 2.0)
    } else {
        usual
    })
}

/// The same with a server of which only `LEFT` sixteenths are left, so that each call more makes all others slower.
fn loses_capacity<const LEFT: u32>(now: Moment) -> Option<Duration> {
    let usual = hangs(now)?;
    let left = if now.time >= Duration::from_secs(10) {
        LEFT
    } else {
        16
    };
    let share = f64::from(u32::try_from(now.in_flight).unwrap()) / f64::from(left);
    Some(usual.mul_f64(share.max(1.0) * (1.0 + now.chance() / 2.0)))
}

/// One in 25 hangs; how long the others take is spread widely, one in a hundred ten times as long as most.
fn is_uneven(now: Moment) -> Option<Duration> {
    let usual = hangs(now)?;
    Some(usual.mul_f64(0.5 / (1.0 - now.chance()).powf(0.7)))
}

/// Some lend that would have been answered, but no more than as many again: then some are answered, and it is known that
/// all are slow.
#[tokio::test(start_paused = true)]
async fn an_endpoint_that_becomes_slow_for_all_is_not_flooded() {
    for (name, behaviour) in [
        ("2 times", slows_down::<2> as Time),
        ("3 times", slows_down::<3>),
        ("4 times", slows_down::<4>),
        ("5 times", slows_down::<5>),
        ("7 times", slows_down::<7>),
        ("10 times", slows_down::<10>),
        ("20 times", slows_down::<20>),
        ("50 times", slows_down::<50>),
        ("a half left", loses_capacity::<8>),
        ("a quarter left", loses_capacity::<4>),
        ("a sixteenth left", loses_capacity::<1>),
        ("uneven", is_uneven),
    ] {
        let found = outrun(16, 3000, behaviour).await;
        assert!(found.most(0, 10) <= 16, "{name}: {found:?}");
        let most = found.most(10, 10_000);
        assert!(most <= 32, "{name}: {most} at once");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lowered_limit_holds_while_places_are_given_back() {
    let limiter = EndpointLimiter::new(8);
    for _ in 0..64 {
        set_off(&limiter).await.leave(Load::Served);
    }
    let mut seats = Vec::new();
    for _ in 0..8 {
        seats.push(set_off(&limiter).await);
    }
    loop {
        seats.pop().unwrap().leave(Load::TurnedAway(None));
        seats.pop().unwrap().leave(Load::Served);
        if limiter.limit() < 8 {
            break;
        }
        seats.push(set_off(&limiter).await);
        seats.push(set_off(&limiter).await);
    }
    assert_eq!(limiter.limit(), 4);
    seats.truncate(4);
    let none = tokio::time::timeout(Duration::from_secs(1), place(&limiter)).await;
    assert!(none.is_err(), "four are in flight");
    seats.pop();
    drop(place(&limiter).await);
}
