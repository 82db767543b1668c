//! `contamination.csv`: one line a model, task and probe, and one a gap.

use cleanbench_core::probe::{ArmCount, Contrast, ControlKind, Finding, ValueContrast, Values};

use super::{Artefact, Maker, is_probed, when_done};
use crate::columns::{CONFIDENCE, Cell, Column, CsvTable, Table};
use crate::findings::Report;
use crate::sink::TableSink;
use crate::{Contamination, Gap, Judged, Recording, ReportError, TaskVerdict};

pub(super) const MAKER: Maker = Maker {
    files: &[Findings::FILE],
    belongs: is_probed,
    begin: when_done::<FindingsFile>,
};

#[derive(Default)]
struct FindingsFile;

impl Artefact for FindingsFile {
    fn write(
        self: Box<Self>,
        recording: &Recording,
        report: &Report,
        sink: &mut dyn TableSink,
    ) -> Result<(), ReportError> {
        let out = sink.open(Findings::FILE)?;
        let mut table = CsvTable::<Findings, _>::new(out, recording.manifest.plan.tables)?;
        let mut lines = lines(&report.contamination);
        lines.try_for_each(|line| table.line(&line))?;
        table.finish()
    }
}

/// The table.
pub(crate) struct Findings;

/// A finding, of a probe or of a gap.
pub(crate) struct Line<'a> {
    model: &'a str,
    task: &'a str,
    finding: &'a Finding,
    /// What a gap does not have.
    judged: Option<OfProbe<'a>>,
}

/// What a probe's finding means within its family.
#[derive(Clone, Copy)]
struct OfProbe<'a> {
    verdict: &'a TaskVerdict,
    judged: &'a Judged,
    position: usize,
}

fn lines(contamination: &Contamination) -> impl Iterator<Item = Line<'_>> {
    let verdicts = contamination.verdicts.iter().flat_map(of_verdict);
    verdicts.chain(contamination.gaps.iter().map(of_gap))
}

fn of_verdict(verdict: &TaskVerdict) -> impl Iterator<Item = Line<'_>> {
    let judged = verdict.findings.iter().enumerate();
    judged.map(|(position, judged)| Line {
        model: &verdict.model,
        task: &verdict.task,
        finding: &judged.finding,
        judged: Some(OfProbe {
            verdict,
            judged,
            position,
        }),
    })
}

fn of_gap(gap: &Gap) -> Line<'_> {
    Line {
        model: &gap.model,
        task: &gap.task,
        finding: &gap.finding,
        judged: None,
    }
}

impl Line<'_> {
    fn contrast(&self, of: fn(&Contrast) -> Option<f64>) -> Cell<'static> {
        Cell::number(self.finding.contrast.as_ref().and_then(of))
    }

    fn word(&self, of: fn(&Contrast) -> &str) -> Cell<'static> {
        Cell::shown(self.finding.contrast.as_ref().map(of))
    }

    fn suspects(&self, of: fn(ArmCount) -> u64) -> Cell<'static> {
        Cell::Count(of(self.finding.suspects))
    }

    fn controls(&self, of: fn(ArmCount) -> u64) -> Cell<'static> {
        Cell::Count(of(self.finding.controls))
    }

    fn pairs(&self, of: fn([u64; 4]) -> u64) -> Cell<'static> {
        let contrast = self.finding.contrast.as_ref();
        Cell::count(contrast.and_then(|contrast| contrast.pairs).map(of))
    }

    fn measured(&self) -> Option<&Values> {
        self.finding.values.as_ref()
    }

    fn values(&self, of: fn(&ValueContrast) -> f64) -> Cell<'static> {
        Cell::number(self.measured().map(|one| of(&one.contrast)))
    }

    fn values_at_worst(&self, of: fn(&ValueContrast) -> f64) -> Cell<'static> {
        let worst = self.measured().and_then(|one| one.at_worst.as_ref());
        Cell::number(worst.map(of))
    }

    /// A figure of the family at the position of this finding.
    fn in_family(&self, of: fn(&TaskVerdict) -> &[Option<f64>]) -> Cell<'static> {
        let at = |probe: OfProbe<'_>| of(probe.verdict).get(probe.position).copied().flatten();
        Cell::number(self.judged.and_then(at))
    }
}

/// What a gap between a task and its pairs can show.
pub(super) fn can_show(control: ControlKind) -> &'static str {
    match control {
        ControlKind::Rewording => {
            "wording only, one-sided; a rewording may be harder than its original without any leak"
        }
        _ => "content, one-sided; understates a leak in models trained by reinforcement",
    }
}

type ColumnOf = Column<Findings>;

impl Table for Findings {
    type Line<'a> = Line<'a>;
    const FILE: &'static str = "contamination.csv";
    const LINE: &'static str = "each model, task and probe, and for each gap between a task and its rewordings \
        or isomorphs";
    const COLUMNS: &'static [Column<Self>] = &[
        ColumnOf::new("model", "Name of the model.", |line| Cell::Text(line.model)),
        ColumnOf::new("task", "Name of the task.", |line| Cell::Text(line.task)),
        ColumnOf::new("probe", "Name of the probe, or of the gap.", |line| {
            Cell::word(&*line.finding.probe)
        }),
        ColumnOf::new("form", "The form in which it was put; empty for a gap.", |line| {
            Cell::shown(line.judged.map(|_| line.finding.form.as_str()))
        }),
        ColumnOf::new("control", "What the controls are.", |line| {
            Cell::word(line.finding.control.as_str())
        }),
        ColumnOf::new("suspects", "Suspect items.", |line| line.suspects(|arm| arm.items)),
        ColumnOf::new("suspects_valid", "Suspects with a valid answer.", |line| {
            line.suspects(|arm| arm.valid)
        }),
        ColumnOf::new("suspects_hits", "Suspects that were restored.", |line| {
            line.suspects(|arm| arm.hits)
        }),
        ColumnOf::new("suspects_filtered", "Suspects that a filter left out, or that were not needed.", |line| {
            line.suspects(|arm| arm.filtered)
        }),
        ColumnOf::new("suspects_missing", "Suspects without a valid answer.", |line| {
            line.suspects(|arm| arm.missing)
        }),
        ColumnOf::new("controls", "Controls.", |line| line.controls(|arm| arm.items)),
        ColumnOf::new("controls_valid", "Controls with a valid answer.", |line| {
            line.controls(|arm| arm.valid)
        }),
        ColumnOf::new("controls_hits", "Controls that were restored.", |line| {
            line.controls(|arm| arm.hits)
        }),
        ColumnOf::new("controls_filtered", "Controls that a filter left out, or that were not needed.", |line| {
            line.controls(|arm| arm.filtered)
        }),
        ColumnOf::new("controls_missing", "Controls without a valid answer.", |line| {
            line.controls(|arm| arm.missing)
        }),
        ColumnOf::new("effect", "Rate of hits of suspects minus that of controls.", |line| {
            line.contrast(|one| Some(one.effect))
        }),
        ColumnOf::new("effect_low", "Lower end of its interval.", |line| {
            line.contrast(|one| Some(one.low))
        }),
        ColumnOf::new("effect_high", "Upper end of its interval.", |line| {
            line.contrast(|one| Some(one.high))
        }),
        ColumnOf::new("confidence", "Confidence of the interval.", |line| {
            let contrast = line.finding.contrast.as_ref();
            contrast.map_or(Cell::Missing, |_| CONFIDENCE)
        }),
        ColumnOf::new("interval", "How the interval was computed.", |line| {
            line.word(|one| one.interval.as_str())
        }),
        ColumnOf::new("p", "p-value of no difference.", |line| line.contrast(|one| Some(one.p))),
        ColumnOf::new("test", "The test that it is of.", |line| line.word(|one| one.test.as_str())),
        ColumnOf::new("p_holm", "The same, adjusted by Holm for the family of probes.", |line| {
            line.in_family(|one| &one.verdict.adjusted)
        }),
        ColumnOf::new(
            "power_declared_effect",
            "Power to see the declared effect, from 0 to 1.",
            |line| line.in_family(|one| &one.verdict.power),
        ),
        ColumnOf::new(
            "smallest_detectable",
            "Smallest effect that would have been found with a power of .8.",
            |line| line.contrast(|one| one.smallest_detectable),
        ),
        ColumnOf::new("pairs", "Pairs of a suspect and its control.", |line| {
            line.pairs(|pairs| pairs.iter().sum())
        }),
        ColumnOf::new("pairs_both", "Pairs of which both were restored.", |line| {
            line.pairs(|pairs| pairs[0])
        }),
        ColumnOf::new("pairs_only_suspect", "Pairs of which only the suspect was.", |line| {
            line.pairs(|pairs| pairs[1])
        }),
        ColumnOf::new("pairs_only_control", "Pairs of which only the control was.", |line| {
            line.pairs(|pairs| pairs[2])
        }),
        ColumnOf::new("pairs_neither", "Pairs of which neither was.", |line| {
            line.pairs(|pairs| pairs[3])
        }),
        ColumnOf::new("filters", "Items that were left out, as `reason=count`.", |line| {
            let Some(_) = line.judged else {
                return Cell::Missing;
            };
            let filters = line.finding.filters.iter();
            let filters = filters.map(|(reason, count)| format!("{reason}={count}"));
            Cell::word(filters.collect::<Vec<_>>().join("; "))
        }),
        ColumnOf::new("examples", "Samples that show it best, as `show` takes them.", |line| {
            let examples = line.judged.map(|probe| crate::cell::text(&probe.judged.examples.join(" ")));
            examples.map_or(Cell::Missing, Cell::word)
        }),
        ColumnOf::new("not_testable", "Why nothing could be judged.", |line| {
            Cell::text(line.judged.and_then(|probe| probe.judged.not_testable.as_deref()))
        }),
        ColumnOf::new("class", "Class of exposure of the model at the task.", |line| {
            Cell::shown(line.judged.map(|probe| probe.verdict.verdict.class.as_str()))
        }),
        ColumnOf::new("suspects_invalid", "Suspects whose answer says nothing.", |line| {
            line.suspects(|arm| arm.invalid)
        })
        .since(7),
        ColumnOf::new("controls_invalid", "Controls whose answer says nothing.", |line| {
            line.controls(|arm| arm.invalid)
        })
        .since(7),
        ColumnOf::new("suspects_unpaired", "Suspects with an answer, and a partner without.", |line| {
            line.suspects(|arm| arm.unpaired)
        })
        .since(7),
        ColumnOf::new("controls_unpaired", "Controls with an answer, and a partner without.", |line| {
            line.controls(|arm| arm.unpaired)
        })
        .since(7),
        ColumnOf::new("invalid", "Answers that say nothing, as `reason=count`.", |line| {
            let invalid = line.finding.invalid.iter();
            let invalid = invalid.map(|(reason, count)| format!("{reason}={count}"));
            line.judged.map_or(Cell::Missing, |_| Cell::word(invalid.collect::<Vec<_>>().join("; ")))
        })
        .since(7),
        ColumnOf::new(
            "effect_low_at_worst",
            "The lower end if answers of suspects that say nothing are misses, and those of controls hits.",
            |line| Cell::number(line.finding.at_worst.as_ref().map(|contrast| contrast.low)),
        )
        .since(7),
        ColumnOf::new("p_at_worst", "The p-value of that.", |line| {
            Cell::number(line.finding.at_worst.as_ref().map(|contrast| contrast.p))
        })
        .since(7),
        ColumnOf::new("families_suspects", "Suspects, those that hang together counted once; empty where none do.", |line| {
            Cell::count(line.finding.families.map(|families| families.suspects))
        })
        .since(7),
        ColumnOf::new("families_controls", "Controls, those that hang together counted once; empty where none do.", |line| {
            Cell::count(line.finding.families.map(|families| families.controls))
        })
        .since(7),
        ColumnOf::new("bias_upper", "One-sided 95 % upper bound of the bias of the controls; empty where it was not measured.", |line| {
            Cell::number(line.finding.bias.map(|bias| bias.upper))
        })
        .since(7),
        ColumnOf::new("bias_items", "Items of an arm that it rests on.", |line| {
            Cell::count(line.finding.bias.map(|bias| bias.items))
        })
        .since(7),
        ColumnOf::new("bias_by", "What measured it.", |line| {
            Cell::shown(line.finding.bias.map(|bias| bias.source.as_str()))
        })
        .since(7),
        ColumnOf::new("can_show", "What the finding can show, and what not.", |line| {
            Cell::shown(line.judged.is_none().then(|| can_show(line.finding.control)))
        })
        .since(7),
        ColumnOf::new(
            "superiority",
            "How often the measure of a suspect is above that of a control (in pairs, of its own), ties half; empty without \
             measures.",
            |line| line.values(|one| one.superiority),
        )
        .since(8),
        ColumnOf::new("superiority_low", "Lower end of its interval.", |line| line.values(|one| one.low))
            .since(8),
        ColumnOf::new("superiority_high", "Upper end of its interval.", |line| line.values(|one| one.high))
            .since(8),
        ColumnOf::new("superiority_interval", "How the interval was computed, at 95 %.", |line| {
            Cell::shown(line.measured().map(|one| one.contrast.interval.as_str()))
        })
        .since(8),
        ColumnOf::new(
            "superiority_items",
            "Items with a measure in the smaller arm, in pairs pairs; those that hang together counted once.",
            |line| Cell::count(line.measured().map(|one| one.contrast.items)),
        )
        .since(8),
        ColumnOf::new("superiority_p", "p-value of no difference of measures.", |line| line.values(|one| one.p))
            .since(8),
        ColumnOf::new("superiority_test", "The test that it is of.", |line| {
            Cell::shown(line.measured().map(|one| one.contrast.test.as_str()))
        })
        .since(8),
        ColumnOf::new("superiority_p_holm", "The same, adjusted by Holm for the family of all tests, of hits too.", |line| {
            line.in_family(|one| &one.verdict.adjusted_values)
        })
        .since(8),
        ColumnOf::new(
            "superiority_low_at_worst",
            "The lower end if answers of suspects that say nothing have less than all others, and those of controls more.",
            |line| line.values_at_worst(|one| one.low),
        )
        .since(8),
        ColumnOf::new("superiority_p_at_worst", "The p-value of that.", |line| {
            line.values_at_worst(|one| one.p)
        })
        .since(8),
        ColumnOf::new(
            "superiority_bias_upper",
            "One-sided 95 % upper bound of the bias of measures, as a superiority; empty where it was not measured.",
            |line| Cell::number(line.measured().and_then(|one| Some(one.bias?.upper))),
        )
        .since(8),
        ColumnOf::new("superiority_bias_items", "Items of an arm that it rests on.", |line| {
            Cell::count(line.measured().and_then(|one| Some(one.bias?.items)))
        })
        .since(8),
        ColumnOf::new(
            "suspects_in_reasoning",
            "Suspects that are restored in the reasoning of the answer alone.",
            |line| Cell::Count(line.finding.in_reasoning),
        )
        .since(9),
    ];
}

#[cfg(test)]
mod tests {
    use super::super::tests::Full;
    use super::*;

    #[test]
    fn a_table_that_finds_no_room_in_the_end_is_an_error() {
        let table = CsvTable::<Findings, _>::new(Full, 1).unwrap();
        assert!(table.finish().is_err());
    }
}
