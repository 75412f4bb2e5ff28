//! The data contract: from text to [`DataContract`], or to everything that is wrong with it.

use super::{
    data::{Column, ColumnKind, DataContract, Role},
    finding::{Findings, SourceFile, Span},
    node::Node,
    notes::quoted,
    reading::Reading,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// Columns of a data set: the memory of reading and monitoring grows with them.
const MOST_COLUMNS: usize = 1_000;

/// A data contract as written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "data contract")]
struct RawContract {
    /// Text that stands for a missing value, beside the empty cell.
    #[schemars(required)]
    missing: Option<String>,
    /// Columns in file order; exactly one has the role label.
    #[schemars(required, with = "Vec<Column>")]
    columns: Option<Vec<Value>>,
}

/// Reads a data contract, such as `data/mammographic.yaml`.
///
/// # Errors
/// Everything that is wrong with the file, in file order.
pub fn check_data_contract(file: &SourceFile) -> Result<DataContract, Findings> {
    Reading::of(file, check).map(|(contract, _)| contract)
}

fn check(reading: &mut Reading<'_>, raw: RawContract) -> Option<DataContract> {
    let raw_columns = raw.columns.unwrap_or_default();
    if raw_columns.len() > MOST_COLUMNS {
        reading.key_error(&["columns"], "too-many", format!("more than {MOST_COLUMNS} columns"));
        return None;
    }
    let written = reading.root.entry(&["columns"]).map_or(0, |entry| entry.node.items().len());
    // A column that does not fit the schema leaves its keys out and is noted already.
    let columns: Vec<Column> =
        raw_columns.into_iter().filter_map(|column| serde_json::from_value(column).ok()).collect();
    if columns.len() == written {
        for (index, column) in columns.iter().enumerate() {
            check_column(reading, index, column);
        }
        check_roles(reading, &columns);
    }
    if let Some(missing) = raw.missing.as_ref().filter(|missing| missing.parse::<f64>().is_ok()) {
        let message =
            format!("{} cannot stand for a missing value: it is a number", quoted(missing));
        reading.error(&["missing"], "bad-value", message).help("use '?', 'NA' or the like");
    }
    Some(DataContract { columns, missing: raw.missing? })
}

/// Where `key` of the column at `index` stands.
fn place(reading: &Reading<'_>, index: usize, key: &str) -> Span {
    let columns = reading.root.entry(&["columns"]).map_or(&[][..], |entry| entry.node.items());
    columns.get(index).map_or(super::node::START, |column: &Node| column.span_of(&[key]))
}

fn check_column(reading: &mut Reading<'_>, index: usize, column: &Column) {
    let name = &column.name;
    let legal = !name.trim().is_empty()
        && name.len() <= 256
        && !name.contains(|c: char| c.is_control() || ",\"".contains(c));
    if !legal {
        let span = place(reading, index, "name");
        let message = format!("{} is not a column name", quoted(name));
        reading
            .notes
            .error(span, "bad-name", message)
            .help("as in the file's header: up to 256 characters, no comma, quote or line break");
    }
    let [least, most] = column.range;
    let span = place(reading, index, "range");
    if least > most {
        let message = format!("the range of {} is empty: {least} to {most}", quoted(name));
        reading.notes.error(span, "out-of-range", message).help("write the smaller number first");
    }
    let whole = match column.kind {
        ColumnKind::Integer | ColumnKind::Category => true,
        ColumnKind::Number => false,
    };
    if whole && (least.fract() != 0.0 || most.fract() != 0.0) {
        let message = format!("{} holds whole numbers, but its range does not", quoted(name));
        reading.notes.error(span, "out-of-range", message).help("or write 'kind: number'");
    }
    if column.role == Role::Label && column.range != [0.0, 1.0] {
        let message = format!("the label {} must have the range [0, 1]", quoted(name));
        reading
            .notes
            .error(span, "out-of-range", message)
            .help("0 is the harmless class, 1 the other");
    }
}

fn check_roles(reading: &mut Reading<'_>, columns: &[Column]) {
    let mut label: Option<&Column> = None;
    for (index, column) in columns.iter().enumerate() {
        if columns[..index].iter().any(|earlier| earlier.name == column.name) {
            let span = place(reading, index, "name");
            let message = format!("there are two columns {}", quoted(&column.name));
            reading.notes.error(span, "duplicate-column", message).help("rename or remove one");
        }
        match (column.role, label) {
            (Role::Label, None) => label = Some(column),
            (Role::Label, Some(first)) => {
                let span = place(reading, index, "role");
                let message = format!("{} is the label already", quoted(&first.name));
                reading
                    .notes
                    .error(span, "two-labels", message)
                    .help("one column is predicted; make this one 'feature' or 'ignored'");
            }
            (Role::Feature | Role::Ignored, _) => {}
        }
    }
    if label.is_none() {
        reading
            .key_error(&["columns"], "no-label", "no column has the role 'label'")
            .help("say which column the model predicts");
    }
    if !columns.iter().any(|column| column.role == Role::Feature) {
        reading
            .key_error(&["columns"], "no-feature", "no column has the role 'feature'")
            .help("say which columns the model may use");
    }
}
