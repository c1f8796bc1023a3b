//! `data.TYPE OPERATOR VALUE`, up to four of them.

use weir_shm::{DataKind, DataType, Row, TableSpec};

use super::data_type;
use crate::cli::session::Context;

const MOST: usize = 4;

#[derive(Clone, Copy)]
enum Operator {
    Eq,
    Ne,
    Le,
    Ge,
    Lt,
    Gt,
}

const OPERATORS: [(&str, Operator); 6] = [
    ("eq", Operator::Eq),
    ("ne", Operator::Ne),
    ("le", Operator::Le),
    ("ge", Operator::Ge),
    ("lt", Operator::Lt),
    ("gt", Operator::Gt),
];

/// All must hold.
#[derive(Default)]
pub struct Filter(Vec<(DataType, u8, Operator, i64)>);

impl Filter {
    /// Reads from the second argument on.
    pub fn parse(context: &Context<'_>, spec: &TableSpec) -> Result<Self, String> {
        let mut filter = Self::default();
        let mut at = 1;
        while !context.argument(at).is_empty() {
            if filter.0.len() == MOST {
                // Counted with the two words of the command.
                let (place, before) = (at + 3, context.argument(at - 1));
                return Err(format!(
                    "Detected extra data in filter, {place}th word of input, after '{before}'"
                ));
            }
            let number = filter.0.len() + 1;
            let fault = |text: &str| format!("Filter entry #{number}: {text}");
            let name = context.argument(at).strip_prefix("data.");
            let (data, index) = name.and_then(data_type).ok_or_else(|| fault("Unknown data type"))?;
            if spec.stored(data).is_none_or(|stored| index >= stored.elements) {
                return Err(fault("Data type not stored in this table"));
            }
            let word = context.argument(at + 1);
            let operator = OPERATORS.iter().find(|(name, _)| *name == word).map(|(_, operator)| *operator);
            let operator = operator.ok_or_else(|| {
                fault("Require and operator among \"eq\", \"ne\", \"le\", \"ge\", \"lt\", \"gt\"")
            })?;
            let value = context.argument(at + 2).parse();
            let value = value.map_err(|_| fault("Require a valid integer value to compare against"))?;
            filter.0.push((data, index, operator, value));
            at += 3;
        }
        Ok(filter)
    }

    pub fn fits(&self, row: &Row, now_ms: u64) -> bool {
        self.0.iter().all(|(data, index, operator, wanted)| {
            // A name is no number to compare with.
            let value = row.value(*data, *index, now_ms).filter(|_| data.kind() != DataKind::Name);
            let value = value.unwrap_or(0) as i64;
            match operator {
                Operator::Eq => value == *wanted,
                Operator::Ne => value != *wanted,
                Operator::Le => value <= *wanted,
                Operator::Ge => value >= *wanted,
                Operator::Lt => value < *wanted,
                Operator::Gt => value > *wanted,
            }
        })
    }
}
