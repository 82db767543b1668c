//! Exit codes: the promise to shells and CI jobs, in one place.

/// How a command ended. Where several apply, [`Exit::worst`] decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Done; every gate that was set passed.
    Done = 0,
    /// A bug in cleanbench itself.
    Internal = 1,
    /// The command line was not understood.
    Usage = 2,
    /// Finished, but some samples have no answer.
    Unanswered = 3,
    /// The selection matched nothing.
    NothingSelected = 4,
    /// The suite has errors.
    SuiteInvalid = 65,
    /// The models file, a label or another setting forbids the run.
    ConfigInvalid = 66,
    /// The endpoint cannot be reached or refuses the key.
    EndpointRefused = 69,
    /// The run directory cannot be written.
    CannotWrite = 73,
    /// No conclusion: underpowered, an outage, or a cap; the run can be resumed.
    Inconclusive = 75,
    /// A gate failed.
    GateFailed = 100,
    /// A contamination gate failed.
    ContaminationGateFailed = 101,
    /// The run directory does not verify.
    VerifyFailed = 102,
    /// Interrupted; the run can be resumed.
    Interrupted = 130,
}

/// Order of precedence where several exits of one run apply: the first listed wins.
const PRECEDENCE: [Exit; 10] = [
    Exit::Interrupted,
    Exit::Internal,
    Exit::VerifyFailed,
    Exit::CannotWrite,
    Exit::EndpointRefused,
    Exit::GateFailed,
    Exit::ContaminationGateFailed,
    Exit::Inconclusive,
    Exit::Unanswered,
    Exit::Done,
];

impl Exit {
    /// The number given to the operating system.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The one of two exits that a run reports. Exits that end a command before a run starts
    /// (usage, selection, suite, configuration) stand above all others.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        let rank = |exit: Self| PRECEDENCE.iter().position(|p| *p == exit);
        if rank(other) < rank(self) {
            other
        } else {
            self
        }
    }
}

/// The table printed by `--help`.
pub const HELP: &str = "\
Exit codes:
  0    done, all gates pass
  1    internal error (a bug)
  2    usage
  3    finished, some samples unanswered
  4    nothing selected
  65   suite invalid
  66   config invalid, or a label forbids sending
  69   endpoint unreachable or refused
  73   cannot write
  75   inconclusive (underpowered, outage, budget or time cap; resumable)
  100  a gate failed
  101  contamination gate failed
  102  verification failed
  130  interrupted (resumable)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precedence_is_the_documented_one() {
        assert_eq!(Exit::Done.worst(Exit::Unanswered), Exit::Unanswered);
        assert_eq!(Exit::Interrupted.worst(Exit::Internal), Exit::Interrupted);
        assert_eq!(
            Exit::EndpointRefused.worst(Exit::GateFailed),
            Exit::EndpointRefused
        );
        assert_eq!(
            Exit::Unanswered.worst(Exit::Inconclusive),
            Exit::Inconclusive
        );
        assert_eq!(Exit::Done.worst(Exit::SuiteInvalid), Exit::SuiteInvalid);
    }

    #[test]
    fn of_any_two_the_one_that_is_documented_first_wins() {
        let documented = [130, 1, 102, 73, 69, 100, 101, 75, 3, 0];
        assert_eq!(PRECEDENCE.map(Exit::code), documented);
        for (rank, first) in PRECEDENCE.into_iter().enumerate() {
            for second in &PRECEDENCE[rank..] {
                assert_eq!(first.worst(*second), first);
                assert_eq!(second.worst(first), first);
            }
        }
    }

    #[test]
    fn help_lists_every_code() {
        for exit in PRECEDENCE.into_iter().chain([
            Exit::Usage,
            Exit::NothingSelected,
            Exit::SuiteInvalid,
            Exit::ConfigInvalid,
        ]) {
            assert!(
                HELP.lines()
                    .any(|line| line.trim_start().starts_with(&format!("{} ", exit.code())))
            );
        }
    }
}
