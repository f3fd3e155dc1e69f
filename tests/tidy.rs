//! Rules about the source itself (budgets, floors); being built.
