//! Actions and rule sets: their table and their typed form.
