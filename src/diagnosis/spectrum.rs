//! Spectrum-based fault localisation: lines that failing tests execute and passing ones do not.
//!
//! In: coverage per test and outcomes. Out: a suspiciousness between 0 and 1 for every line that a
//! failing test executed, by the Ochiai coefficient (Abreu, Zoeteweij, van Gemund, "On the accuracy
//! of spectrum-based fault localization", TAIC PART 2007), the best of the cheap formulas in later
//! comparisons.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use crate::testbed::warm::{Coverage, IMPORT};

/// Suspiciousness of lines.
pub type Spectrum = HashMap<(PathBuf, u32), f64>;

/// `failed / sqrt(all_failed * (failed + passed))` for each line a failing test executed.
pub(super) fn ochiai(coverage: &[Coverage], failing: &HashSet<&str>) -> Spectrum {
    let mut executed: HashMap<(&PathBuf, u32), (u32, u32)> = HashMap::new();
    let mut all_failed = 0_u32;
    for test in coverage.iter().filter(|test| test.id != IMPORT) {
        let failed = failing.contains(test.id.as_str());
        all_failed += u32::from(failed);
        for (file, lines) in &test.files {
            for &line in lines {
                let counts = executed.entry((file, line)).or_default();
                *(if failed { &mut counts.0 } else { &mut counts.1 }) += 1;
            }
        }
    }
    executed
        .into_iter()
        .filter(|(_, (failed, _))| *failed > 0)
        .map(|((file, line), (failed, passed))| {
            let score = f64::from(failed) / (f64::from(all_failed) * f64::from(failed + passed)).sqrt();
            ((file.clone(), line), score)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_only_failing_tests_reach_scores_one() {
        let test = |id: &str, lines: &[u32]| Coverage {
            id: id.to_owned(),
            files: [(PathBuf::from("a.py"), lines.to_vec())].into(),
        };
        let coverage = [test("bad", &[1, 2]), test("good", &[1]), test(IMPORT, &[9])];
        let spectrum = ochiai(&coverage, &HashSet::from(["bad"]));
        assert_eq!(spectrum[&("a.py".into(), 2)], 1.0);
        assert!((spectrum[&("a.py".into(), 1)] - 0.5_f64.sqrt()).abs() < 1e-9);
        assert!(!spectrum.contains_key(&("a.py".into(), 9)));
    }
}
