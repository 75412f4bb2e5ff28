//! Draws batches of mammographic.csv and asks three monitors about each, for benches/drift.rs and its test.

use relevo::{
    model::{DEFAULT_SEED, DataSet, split},
    monitor::{
        Assessment, CheckKind, Evidence, Header, Limits, Table, assess, constraints, statistics,
        violations,
    },
    spec::SourceFile,
};
use serde_json::{Value, json};
use std::{fs, path::Path};

/// One row: Age, Shape, Margin, Density; BI-RADS last where it is there.
pub type Row = Vec<f64>;

/// Where baseline and batch come from.
#[derive(Clone, Copy, PartialEq)]
pub enum Protocol {
    /// Both drawn with replacement from all rows, the baseline as large as the training part.
    Independent,
    /// The same with BI-RADS as a fifth feature.
    IndependentWithBiRads,
    /// The training part; a batch of it, with replacement.
    Training,
    /// The training part; a batch of it, each row at most once.
    TrainingOnce,
    /// The training part; a batch of all rows, with replacement.
    AllRows,
    /// A batch of all rows, each at most once; the pipeline's training part of the others.
    NewPatients,
    /// The pipeline's split with a seed of its own each time; a batch of the rows left over, each at most once. Not
    /// the same distribution: equal patients are on one side of the split, so a batch has none of the baseline's.
    LeftOver,
}

/// What is done to a batch before it is judged.
#[derive(Clone, Copy, PartialEq)]
pub enum Shift {
    Nothing,
    /// Each Age is higher by this many standard deviations, rounded to years.
    Age(f64),
    /// This share of the rows has Margin 5, whatever it had.
    Margin(f64),
}

/// The shipped rows.
pub struct Population {
    data: DataSet,
    rows: Vec<Row>,
    with_bi_rads: Vec<Row>,
    training: Vec<Row>,
    age_deviation: f64,
}

/// A small generator; the same seed draws the same batches.
pub struct Random(u64);

/// The answers to one batch.
pub struct Answers {
    /// Largest gap between cumulative shares above 0.1.
    pub naive: bool,
    /// The container's `Robust` distance above 0.1.
    pub robust: bool,
    pub ours: Assessment,
}

impl Population {
    pub fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
        let text = fs::read_to_string(folder.join("mammographic.csv")).unwrap();
        let contract = fs::read_to_string(folder.join("mammographic.yaml")).unwrap();
        let contract = serde_yaml::from_str(&contract).unwrap();
        let bi_rads: Vec<f64> = text
            .lines()
            .skip(1)
            .map(|line| line.split(',').next().unwrap().parse().unwrap())
            .collect();
        let file = SourceFile { name: "mammographic.csv".to_owned(), text };
        let data = DataSet::read(&[file], &contract).unwrap();
        let rows = numbers(&data);
        let with_bi_rads = rows
            .iter()
            .zip(bi_rads)
            .map(|(row, bi_rads)| row.iter().copied().chain([bi_rads]).collect())
            .collect();
        let training = numbers(&split(&data, DEFAULT_SEED).train);
        let count = rows.len() as f64;
        let mean = rows.iter().map(|row| row[0]).sum::<f64>() / count;
        let variance = rows.iter().map(|row| (row[0] - mean).powi(2)).sum::<f64>() / count;
        Self { data, rows, with_bi_rads, training, age_deviation: variance.sqrt() }
    }

    /// Rows of the baseline and of a batch; `None` where there are not enough rows to draw from.
    pub fn draw(
        &self,
        protocol: Protocol,
        size: usize,
        random: &mut Random,
    ) -> Option<(Vec<Row>, Vec<Row>)> {
        let fresh = |rows: &[Row], random: &mut Random| {
            (
                random.with_replacement(rows, self.training.len()),
                random.with_replacement(rows, size),
            )
        };
        Some(match protocol {
            Protocol::Independent => fresh(&self.rows, random),
            Protocol::IndependentWithBiRads => fresh(&self.with_bi_rads, random),
            Protocol::Training => {
                (self.training.clone(), random.with_replacement(&self.training, size))
            }
            Protocol::TrainingOnce => (self.training.clone(), random.once(&self.training, size)?),
            Protocol::AllRows => (self.training.clone(), random.with_replacement(&self.rows, size)),
            Protocol::NewPatients => {
                let mut order = random.order(self.rows.len(), size);
                let rest = order.split_off(size.min(order.len()));
                let rows = rest.into_iter().map(|index| self.data.rows[index].clone()).collect();
                let rest = DataSet { columns: self.data.columns.clone(), rows };
                let batch = order.into_iter().map(|index| self.rows[index].clone()).collect();
                (numbers(&split(&rest, random.next()).train), batch)
            }
            Protocol::LeftOver => {
                let parts = split(&self.data, random.next());
                let rest = [numbers(&parts.validation), numbers(&parts.test)].concat();
                (numbers(&parts.train), random.once(&rest, size)?)
            }
        })
    }

    pub fn shift(&self, batch: &mut [Row], shift: Shift, random: &mut Random) {
        for row in batch {
            match shift {
                Shift::Nothing => {}
                Shift::Age(deviations) => row[0] += (deviations * self.age_deviation).round(),
                Shift::Margin(share) => {
                    if random.share() < share {
                        row[2] = 5.0;
                    }
                }
            }
        }
    }
}

fn numbers(data: &DataSet) -> Vec<Row> {
    data.rows.iter().map(|row| row.features.iter().map(|value| value.unwrap()).collect()).collect()
}

impl Random {
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.share() * bound as f64) as usize
    }

    fn with_replacement(&mut self, rows: &[Row], size: usize) -> Vec<Row> {
        (0..size).map(|_| rows[self.below(rows.len())].clone()).collect()
    }

    fn once(&mut self, rows: &[Row], size: usize) -> Option<Vec<Row>> {
        let order = self.order(rows.len(), size);
        let taken = order.iter().take(size).map(|index| rows[*index].clone()).collect();
        (size <= rows.len()).then_some(taken)
    }

    /// Every index below `count`, the first `shuffled` of them drawn.
    fn order(&mut self, count: usize, shuffled: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for place in 0..shuffled.min(count) {
            let other = place + self.below(count - place);
            order.swap(place, other);
        }
        order
    }
}

/// A baseline's files.
pub struct Baseline {
    statistics: Value,
    constraints: Value,
}

impl Baseline {
    pub fn of(rows: &[Row]) -> Self {
        let table = table(rows);
        Self { statistics: statistics(&table), constraints: constraints(&table) }
    }

    pub fn ask(&self, batch: &[Row]) -> Answers {
        let batch = table(batch);
        Answers {
            naive: self.flags(&batch, "Simple"),
            robust: self.flags(&batch, "Robust"),
            ours: self.assess(&batch),
        }
    }

    /// Our answer alone.
    pub fn judge(&self, batch: &[Row]) -> Assessment {
        self.assess(&table(batch))
    }

    fn flags(&self, batch: &Table, method: &str) -> bool {
        let mut constraints = self.constraints.clone();
        constraints["monitoring_config"]["distribution_constraints"]["comparison_method"] =
            json!(method);
        let found = violations(batch, &self.statistics, &constraints).unwrap();
        found.iter().any(|violation| violation.constraint_check_type == CheckKind::BaselineDrift)
    }

    fn assess(&self, batch: &Table) -> Assessment {
        let evidence = Evidence {
            baseline_statistics: &self.statistics,
            batch_statistics: &statistics(batch),
            violations: &[],
            constraints: Some(&self.constraints),
            names: &[],
            limits: Limits::default(),
        };
        assess(&evidence).unwrap()
    }
}

fn table(rows: &[Row]) -> Table {
    let line = |row: &Row| row.iter().map(f64::to_string).collect::<Vec<_>>().join(",") + "\n";
    let text: String = rows.iter().map(line).collect();
    Table::read([text.as_str()], Header::Absent).unwrap()
}

impl Answers {
    /// What we would have said at another significance.
    pub fn ours_at(&self, significance: f64) -> bool {
        let drifted = |feature: &relevo::monitor::FeatureDrift| {
            feature.adjusted_p_value < significance && feature.distance > feature.threshold
        };
        self.ours.features.iter().any(drifted)
    }
}
