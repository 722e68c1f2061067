//! Which samples of a recording cover a span.
