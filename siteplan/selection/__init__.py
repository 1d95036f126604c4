"""Which sites carry which stations from which year: candidates, problem, solver, greedy, bound."""
