//! Operators in words, for those who read a patch.
//!
//! In: an operator's name. Out: which mistake it undoes, as a clause that ends "the mistake was …".

/// The mistake that an operator undoes; `None` for names that are not the search's.
pub(super) fn mistake(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "accumulate" => "a loop that overwrote what it should add up, or a result that was not the accumulated one",
        "add-statement" => "a statement that was forgotten",
        "argument" => "arguments in the wrong order, one too many or one missing",
        "attribute" => "the wrong attribute or method of the right object",
        "binary-operator" => "the wrong operator in a comparison, a sum or a condition",
        "callee" => "a call of the wrong function",
        "compare-type" => "a test of the wrong property, such as truth where presence was meant",
        "conjunct" => "a condition that asked too much or too little",
        "constant" => "a wrong number, text, truth value or null",
        "exception" => "the wrong kind of exception, caught or raised",
        "expression" => "the wrong expression, where the right one stands elsewhere in the file",
        "missing-await" => "a promise or coroutine used as if it were its result",
        "missing-return" => "a result that was computed and not returned, or returned too early",
        "move-statement" => "a statement at the wrong place",
        "negate" => "a condition that meant the opposite",
        "null-default" => "a value that may be missing, used without a default",
        "null-guard" => "a missing check for null before a value is used",
        "object-entry" => "a wrong value, a wrong key or a missing entry of an object",
        "part-of-draft" => "one change too many in a model's draft, of which this is the part that is needed",
        "past-fix" => "the one that an earlier fix of the same failure undid",
        "off-by-one" => "one too many or one too few at a boundary, an index or a count",
        "receiver" => "a forgotten `self.` or `this.`, or one too many",
        "remove-statement" => "a statement too many, or one that must not depend on a condition",
        "revert-hunk" => "a change of the suspect commit, which is taken back here",
        "slice-copy" => "a list or object that was shared where a copy was meant",
        "swap-operands" => "two things in each other's place",
        "variable" => "the wrong name among those in scope",
        "wrap-call" => "a conversion that was missing or should not be there",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::search::operators::ALL;

    #[test]
    fn every_operator_has_words() {
        for name in ALL.iter().map(|operator| operator.name).chain(["revert-hunk"]) {
            assert!(mistake(name).is_some(), "{name}");
        }
        assert_eq!(mistake("a model's idea"), None);
    }
}
