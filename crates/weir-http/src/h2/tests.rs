//! Both roles against each other in memory.
