//! x
use cleanbench_core::*;
#[derive(Debug)]
struct F;
impl Scorer for F {
    fn version(&self) -> u32 {
        1
    }
    fn check_sample(&self, _: &Sample) -> Result<(), String> {
        Ok(())
    }
    fn score(&self, _: &Sample, _: &Completion) -> Score {
        Score::verdict(true, "")
    }
}
struct C;
impl ScorerCatalog for C {
    fn build(&self, _: &ScorerSpec) -> Result<Box<dyn Scorer>, Vec<SpecError>> {
        Ok(Box::new(F))
    }
}
fn main() {
    let p = std::env::args().nth(1).unwrap();
    let t = std::time::Instant::now();
    let l = cleanbench_suite::load(std::path::Path::new(&p), &C);
    let d = t.elapsed();
    for x in l.diagnostics.iter().take(3) {
        println!("{x}")
    }
    let s = l.suite.unwrap();
    let n = s.tasks[0].samples;
    println!("{n} samples {:?}/sample", d / n as u32);
    let st = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", st.lines().find(|l| l.starts_with("VmHWM")).unwrap());
    let t = std::time::Instant::now();
    let c = s.tasks[0].samples().filter(|x| x.is_ok()).count() as u32;
    println!("stream {c} {:?}", t.elapsed() / c);
}
