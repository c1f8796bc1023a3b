//! One scenario played against real HAProxy and against weir, compared after normalising only what must differ.
