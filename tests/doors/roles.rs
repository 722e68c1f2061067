//! Every route for every kind of caller.
