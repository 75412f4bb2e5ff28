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
    /// The output of the model in `archive` for the lines of `text`; blank lines have none.
    ///
    /// # Errors
    /// A row is not numeric or has another number of features than the model.
    pub(in crate::rehearsal) fn run(
        &self,
        archive: &[u8],
        text: &str,
    ) -> Result<String, JobFailure> {
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        if lines.is_empty() {
            return Ok(String::new());
        }
        let rows = lines.iter().map(|line| self.row(line)).collect::<Result<Vec<_>, _>>()?;
        let scores = score(archive, &Features::of(&rows)?)?;
        let written = lines.iter().zip(scores).map(|(line, score)| {
            let joined = match self.join {
                Join::None => score.to_string(),
                Join::Input => format!("{line},{score}"),
            };
            self.output.of(&joined).join(",") + "\n"
        });
        Ok(written.collect())
    }

    fn row(&self, line: &str) -> Result<Vec<f64>, JobFailure> {
        self.input.of(line).into_iter().map(number).collect()
    }
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
        assert_eq!(all.run(&model(), "\n").unwrap(), "");
    }
}
