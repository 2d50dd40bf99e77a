"""Use cases, one function each: gather, decide (pure), apply."""
