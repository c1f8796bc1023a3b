//! Balancing algorithms. Pure: state comes in, a choice goes out.
