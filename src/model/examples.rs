//! The step's outputs read back: imputed rows to fit and score, and the scores of a candidate.

use super::{
    data_set::MAX_ROWS,
    flaw::{DataError, Flaws},
    number,
};

/// Complete labelled rows, as `train.csv`, `validation.csv` and `test.csv` hold them.
#[derive(Debug, Clone, PartialEq)]
pub struct Examples {
    /// Names of the features.
    pub columns: Vec<String>,
    /// Feature values, one vector a row.
    pub features: Vec<Vec<f64>>,
    /// The classes, in the same order.
    pub labels: Vec<bool>,
}

/// What a model said about each row of the test part, as `scores.csv` holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// The true classes.
    pub labels: Vec<bool>,
    /// The model's scores, in the same order; higher means more likely positive.
    pub scores: Vec<f64>,
}

impl Examples {
    /// Reads headerless lines of the label and one number per feature.
    ///
    /// # Errors
    /// [`DataError`] if a line is anything else, or there is none.
    pub fn read(name: &str, text: &str, columns: &[String]) -> Result<Self, DataError> {
        let (features, labels) = read_lines(name, (1..).zip(text.lines()), columns.len())?;
        Ok(Self { columns: columns.to_vec(), features, labels })
    }
}

impl Scores {
    /// Reads `scores.csv`: the header `label,score`, then one line a row.
    ///
    /// # Errors
    /// [`DataError`] if the header or a line is anything else, or there is no line.
    pub fn read(name: &str, text: &str) -> Result<Self, DataError> {
        let mut lines = (1..).zip(text.lines());
        if lines.next().map(|(_, header)| header) != Some("label,score") {
            return Err(DataError::Header {
                file: name.to_owned(),
                expected: "label,score".to_owned(),
            });
        }
        let (scores, labels) = read_lines(name, lines, 1)?;
        Ok(Self { labels, scores: scores.into_iter().flatten().collect() })
    }
}

fn read_lines<'a>(
    name: &str,
    lines: impl Iterator<Item = (u64, &'a str)>,
    width: usize,
) -> Result<(Vec<Vec<f64>>, Vec<bool>), DataError> {
    let mut flaws = Flaws::default();
    let (mut rows, mut labels) = (Vec::new(), Vec::new());
    for (line, text) in lines {
        if rows.len() == MAX_ROWS {
            return Err(DataError::TooManyRows { most: MAX_ROWS });
        }
        match read_line(text, width) {
            Some((label, row)) => {
                labels.push(label);
                rows.push(row);
            }
            None => flaws.add(
                name,
                line,
                None,
                format!("the row is not a label 0 or 1 and {width} numbers"),
            ),
        }
    }
    let (rows, labels) = flaws.or((rows, labels))?;
    if rows.is_empty() { Err(DataError::NoRows) } else { Ok((rows, labels)) }
}

fn read_line(text: &str, width: usize) -> Option<(bool, Vec<f64>)> {
    let mut cells = text.split(',');
    let label = match cells.next()? {
        "0" => false,
        "1" => true,
        _ => return None,
    };
    let row: Vec<f64> = cells.map(number::parse).collect::<Option<_>>()?;
    (row.len() == width).then_some((label, row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_label_first() {
        let columns = ["Age".to_owned(), "Shape".to_owned()];
        let examples = Examples::read("test.csv", "1,67,3\n0,57.5,1\n", &columns).unwrap();
        assert_eq!(examples.labels, [true, false]);
        assert_eq!(examples.features, [vec![67.0, 3.0], vec![57.5, 1.0]]);
    }

    #[test]
    fn reads_scores_in_scientific_notation() {
        let scores = Scores::read("scores.csv", "label,score\n1,0.75\n0,3e-05\n").unwrap();
        assert_eq!((scores.labels, scores.scores), (vec![true, false], vec![0.75, 0.00003]));
    }

    #[test]
    fn refuses_blanks_other_labels_and_other_widths() {
        let columns = ["Age".to_owned()];
        for text in ["1,\n", "2,67\n", "1,67,3\n", "1\n", "", "true,1\n", "1,nan\n"] {
            assert!(Examples::read("test.csv", text, &columns).is_err(), "{text}");
        }
        assert!(Scores::read("scores.csv", "1,0.75\n").is_err());
    }
}
