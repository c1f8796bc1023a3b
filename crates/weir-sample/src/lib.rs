//! Sample expressions: fetches, converters, ACLs, maps, variables, log formats.
