//! What was measured of a model: how often its answers could be read and placed, by the form that was asked for.
//!
//! In: counts per form, from the store. Out: the form to ask for next. Published figures differ by model and by the
//! size of files (SEARCH/REPLACE is well-formed in 92 % of answers on average and in 61 % on large files), so heal goes
//! by what it sees.

use super::exchange::AnswerFormat;

/// How answers of one form did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Habit {
    /// The form that was asked for.
    pub format: AnswerFormat,
    /// Answers.
    pub asked: u64,
    /// Those of them that had a form that could be read.
    pub well_formed: u64,
    /// Those of them of which every edit found its place.
    pub applied: u64,
    /// How often the endpoint refused the form itself.
    pub refused: u64,
}

/// Below this many answers nothing is concluded: three bad ones in a row are chance.
const ENOUGH: u64 = 5;

/// A form that works this often is kept.
const GOOD: f64 = 0.8;

/// The forms in which edits are asked for, the first choice first.
const ORDER: [AnswerFormat; 3] = [AnswerFormat::Json, AnswerFormat::SearchReplace, AnswerFormat::Definition];

impl Habit {
    /// How often an answer could be used, where enough are known.
    fn rate(&self) -> Option<f64> {
        (self.asked >= ENOUGH).then(|| self.applied as f64 / self.asked as f64)
    }
}

/// The form to ask for: the first one that is good or untried, else the best of those that were measured.
/// `can_json` says whether the endpoint has structured answers.
pub fn choose(habits: &[Habit], can_json: bool) -> AnswerFormat {
    let is_refused = |format: AnswerFormat| habits.iter().any(|habit| habit.format == format && habit.refused > 0);
    let is_known = |format: &AnswerFormat| (can_json || *format != AnswerFormat::Json) && !is_refused(*format);
    let known = ORDER.into_iter().filter(is_known);
    let rated: Vec<(AnswerFormat, Option<f64>)> = known
        .map(|format| (format, habits.iter().find(|habit| habit.format == format).and_then(Habit::rate)))
        .collect();
    let fine = rated.iter().find(|(_, rate)| rate.is_none_or(|rate| rate >= GOOD));
    let best = || rated.iter().max_by(|a, b| a.1.unwrap_or(0.0).total_cmp(&b.1.unwrap_or(0.0)));
    fine.or_else(best).map_or(AnswerFormat::SearchReplace, |(format, _)| *format)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn habit(format: AnswerFormat, asked: u64, applied: u64) -> Habit {
        Habit { format, asked, well_formed: applied, applied, refused: 0 }
    }

    #[test]
    fn a_form_is_kept_while_it_works() {
        use AnswerFormat::{Definition, Json, SearchReplace};
        assert_eq!(choose(&[], true), Json);
        assert_eq!(choose(&[], false), SearchReplace);
        assert_eq!(choose(&[habit(Json, 4, 0)], true), Json, "too few to tell");
        assert_eq!(choose(&[habit(Json, 10, 5)], true), SearchReplace);
        assert_eq!(choose(&[habit(Json, 10, 5), habit(SearchReplace, 10, 6)], true), Definition);
        let all = [habit(Json, 10, 5), habit(SearchReplace, 10, 7), habit(Definition, 10, 1)];
        assert_eq!(choose(&all, true), SearchReplace);
        assert_eq!(choose(&[Habit { refused: 1, ..habit(Json, 0, 0) }], true), SearchReplace, "refused before");
    }
}
