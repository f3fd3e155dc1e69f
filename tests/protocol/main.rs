//! The protocol as a small exhaustive model: two rows, two leaves, an application, a copier, a sealer, a replayer, the swap, and
//! one death of the tool, in every order (breadth first). After each step the invariants of ARCHITECTURE.md hold.
//!
//! A step is what the server does at once: a statement with its snapshot, a COMMIT. Each *mutant* is the protocol with one rule
//! broken, as tools before us broke it; the model finds the shortest way by which that loses or doubles a row. So the rules are
//! needed, and the model can see. What it leaves out: the reverse way, which is the same with the tables exchanged.

#[cfg(test)]
mod state;
#[cfg(test)]
mod steps;

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, VecDeque};

    use crate::{
        state::{Stage, State},
        steps::{Mutant, Step, next},
    };

    /// What a search came to.
    struct Found {
        states: usize,
        swaps: usize,
        /// The shortest way to a broken invariant, and which.
        broken: Option<(Vec<Step>, &'static str)>,
    }

    fn search(mutant: Option<Mutant>, transactions: u8) -> Found {
        let mut came: HashMap<State, Option<(State, Step)>> = HashMap::new();
        let mut queue: VecDeque<State> = State::beginnings(transactions).into();
        came.extend(queue.iter().map(|state| (state.clone(), None)));
        let mut swaps = 0;
        while let Some(state) = queue.pop_front() {
            swaps += usize::from(state.stage == Stage::Swapped);
            if let Some(broken) = state.broken() {
                return Found { states: came.len(), swaps, broken: Some((way(&came, &state), broken)) };
            }
            for (step, after) in next(&state, mutant) {
                if !came.contains_key(&after) {
                    came.insert(after.clone(), Some((state.clone(), step)));
                    queue.push_back(after);
                }
            }
        }
        Found { states: came.len(), swaps, broken: None }
    }

    fn way(came: &HashMap<State, Option<(State, Step)>>, end: &State) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut at = end;
        while let Some((before, step)) = &came[at] {
            steps.push(*step);
            at = before;
        }
        steps.reverse();
        steps
    }

    #[test]
    fn no_order_of_steps_breaks_the_protocol() {
        let found = search(None, 2);
        eprintln!("{} states, {} of them swapped", found.states, found.swaps);
        assert!(found.broken.is_none(), "{:#?}", found.broken);
        assert!(found.states > 20_000 && found.swaps > 100, "{} states, {} swaps", found.states, found.swaps);
    }

    #[test]
    fn each_rule_is_needed() {
        for mutant in Mutant::ALL {
            let found = search(Some(mutant), 2);
            let (steps, broken) = found.broken.unwrap_or_else(|| panic!("{mutant:?} is not caught"));
            eprintln!("{mutant:?}: {broken}, after {} steps: {steps:?}", steps.len());
        }
    }
}
