//! Listeners, streams, pools: runs a Plan. Never names syntax, config or compile.
