//! Credit rules that travel the routes back.
