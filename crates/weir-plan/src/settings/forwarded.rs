//! `option forwarded` (manual 4.2): what the `Forwarded` header (RFC 7239) of requests tells.

/// `E` is an expression, as written or resolved.
#[derive(Clone, Debug)]
pub struct Forwarded<E> {
    pub proto: bool,
    pub host: Part<E>,
    pub by: Part<E>,
    pub by_port: Part<E>,
    pub source: Part<E>,
    pub source_port: Part<E>,
}

#[derive(Clone, Debug)]
pub enum Part<E> {
    None,
    /// What the connection or the request says.
    Own,
    Expr(E),
}

impl<E> Forwarded<E> {
    /// Without any word: `proto` and `for`.
    pub fn usual() -> Self {
        Self { proto: true, source: Part::Own, ..Self::nothing() }
    }

    pub fn nothing() -> Self {
        Self {
            proto: false,
            host: Part::None,
            by: Part::None,
            by_port: Part::None,
            source: Part::None,
            source_port: Part::None,
        }
    }

    /// With every expression changed; nothing where one cannot be.
    pub fn resolve<T>(&self, mut change: impl FnMut(&E) -> Option<T>) -> Option<Forwarded<T>> {
        let mut part = |part: &Part<E>| {
            Some(match part {
                Part::None => Part::None,
                Part::Own => Part::Own,
                Part::Expr(expr) => Part::Expr(change(expr)?),
            })
        };
        Some(Forwarded {
            proto: self.proto,
            host: part(&self.host)?,
            by: part(&self.by)?,
            by_port: part(&self.by_port)?,
            source: part(&self.source)?,
            source_port: part(&self.source_port)?,
        })
    }
}

impl<E> Part<E> {
    pub fn is_none(&self) -> bool {
        matches!(self, Part::None)
    }
}
