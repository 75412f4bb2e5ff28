//! Batch transform with the XGBoost image: a CSV object in, one line of output for each of its lines.

mod columns;

pub(in crate::rehearsal) use columns::Columns;

use super::{
    JobFailure,
    features::{Features, number},
    score::score,
};

/// What an output line is made of (`DataProcessing.JoinSource`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rehearsal) enum Join {
    /// The score alone.
    None,
    /// The whole input line, then the score.
    Input,
}

/// How lines become rows, and scores lines (`DataProcessing`).
#[derive(Debug)]
pub(in crate::rehearsal) struct Transform {
    /// The cells that the model sees.
    pub input: Columns,
    /// What stands before the score.
    pub join: Join,
    /// The cells that are kept of that.
    pub output: Columns,
}

impl Transform {
    /// What the model sees of each line of `text`; blank lines do not count.
    pub(in crate::rehearsal) fn inputs(&self, text: &str) -> Vec<String> {
        lines(text).map(|line| self.input.of(line).join(",")).collect()
    }

    /// The output for the same lines, given the score of each.
    pub(in crate::rehearsal) fn outputs(&self, text: &str, scores: &[String]) -> String {
        let written = lines(text).zip(scores).map(|(line, score)| {
            let joined = match self.join {
                Join::None => score.clone(),
                Join::Input => format!("{line},{score}"),
            };
            self.output.of(&joined).join(",") + "\n"
        });
        written.collect()
    }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim().is_empty())
}

/// The score of each line of features, by the model in `archive`.
///
/// # Errors
/// A row is not numeric or has another number of features than the model.
pub(in crate::rehearsal) fn score_lines(
    archive: &[u8],
    lines: &[String],
) -> Result<Vec<String>, JobFailure> {
    let rows: Vec<Vec<f64>> =
        lines.iter().map(|line| line.split(',').map(number).collect()).collect::<Result<_, _>>()?;
    let scores = score(archive, &Features::of(&rows)?)?;
    Ok(scores.iter().map(ToString::to_string).collect())
}

#[cfg(test)]
mod tests {
    use super::{super::train, *};
    use crate::rehearsal::standin::Files;
    use std::collections::BTreeMap;

    fn model() -> Vec<u8> {
        let rows: String =
            (0..200).map(|row| format!("{},{row},{}\n", u8::from(row > 100), row % 7)).collect();
        let parameters = [("num_round", "10"), ("objective", "binary:logistic")];
        let parameters: BTreeMap<_, _> =
            parameters.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        let channel = "/opt/ml/input/data/train/train.csv".to_owned();
        train(&parameters, &Files::from([(channel, rows.into_bytes())])).unwrap()
    }

    fn transform(input: &str, join: Join, output: &str) -> Transform {
        let columns = |text: &str| text.parse().unwrap();
        Transform { input: columns(input), join, output: columns(output) }
    }

    impl Transform {
        fn run(&self, archive: &[u8], text: &str) -> Result<String, JobFailure> {
            let scores = score_lines(archive, &self.inputs(text))?;
            Ok(self.outputs(text, &scores))
        }
    }

    #[test]
    fn each_line_keeps_its_cells_and_gets_its_score() {
        let model = model();
        let whole = transform("$", Join::Input, "$").run(&model, "10,3\r\n\n150.50,\n").unwrap();
        let lines: Vec<&str> = whole.lines().collect();
        assert!(lines[0].starts_with("10,3,0.") && lines[1].starts_with("150.50,,0."), "{whole}");
        let alone = transform("$", Join::None, "$").run(&model, "10,3\n150.50,\n").unwrap();
        let scores: Vec<_> = lines.iter().map(|line| line.rsplit(',').next().unwrap()).collect();
        assert_eq!(alone.lines().collect::<Vec<_>>(), scores);
    }

    #[test]
    fn filters_hide_cells_from_the_model_and_from_the_output() {
        let model = model();
        let plain = transform("$", Join::None, "$").run(&model, "10,3\n").unwrap();
        let named = transform("$[1:]", Join::Input, "$[0,-1]").run(&model, "anna,10,3\n").unwrap();
        assert_eq!(named, format!("anna,{plain}"));
    }

    #[test]
    fn rows_that_the_model_cannot_take_fail_the_job_without_being_shown() {
        let all = transform("$", Join::Input, "$");
        for (text, message) in [
            ("1,2,3\n", "ClientError: Feature shape mismatch, expected: 2, got 3"),
            ("1,two\n", "ClientError: a cell is not a number"),
            ("1,2\n1\n", "ClientError: the rows have no features, or not the same number"),
        ] {
            assert_eq!(all.run(&model(), text).unwrap_err().to_string(), message);
        }
        assert_eq!((all.inputs("\n"), all.outputs("\n", &[])), (Vec::new(), String::new()));
    }
}
