//! Declares a struct of counters: the fields, how they are cleared, and their part of the layout checksum.

macro_rules! counters {
    (
        $(#[$doc:meta])*
        pub struct $name:ident { $( $(#[$field_doc:meta])* $field:ident: $kind:ident, )* }
    ) => {
        $(#[$doc])*
        #[repr(C)]
        #[derive(Debug, Default)]
        pub struct $name { $( $(#[$field_doc])* pub $field: $crate::$kind, )* }

        impl $name {
            /// The fields' names and kinds in order; part of the layout checksum.
            pub const LAYOUT: &'static str = concat!(stringify!($name), $( ":", stringify!($field), "=", stringify!($kind), )*);

            /// Clears what counts present things; totals stay. For the place of a worker that died.
            pub fn clear_gauges(&self) {
                $( counters!(@gauge self $field $kind); )*
            }

            /// Clears totals and rates; what is there now stays counted. For `clear counters all`, by the owner.
            pub fn clear_totals(&self) {
                $( counters!(@total self $field $kind); )*
            }
        }
    };
    (@gauge $self:ident $field:ident Gauge) => { $self.$field.clear() };
    (@gauge $self:ident $field:ident $kind:ident) => {};
    (@total $self:ident $field:ident Gauge) => {};
    (@total $self:ident $field:ident Latest) => {};
    (@total $self:ident $field:ident $kind:ident) => { $self.$field.clear() };
}
