//! Holds a batch against the statistics and constraints of its baseline, as the analyser container does.
//!
//! Its six checks and its sentences. `num_constraints.is_non_negative` is in the constraints but not among the
//! checks that the container documents, so nothing is said about it here either. The sentences about types, drift and
//! columns are the container's; those about completeness and domains, of which no file was to be had, follow them.

use super::{
    Cell, CheckKind, Column, MonitorError, Table, Violation, distance,
    error::Place,
    goodness::fit,
    profile::{Content, Profile, Profiles},
    settings::{self, CategoricalMethod, Method, Settings, Switch},
    statistics,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// What `batch` does not keep: first column by column in the order of `constraints`, then missing and extra columns.
///
/// Every threshold is read from `constraints` (`constraints.json`), the distributions from `baseline_statistics`
/// (`statistics.json`).
///
/// # Errors
/// [`MonitorError`] if one of the files is not what the analyser writes, or they do not belong together.
pub fn violations(
    batch: &Table,
    baseline_statistics: &Value,
    constraints: &Value,
) -> Result<Vec<Violation>, MonitorError> {
    let everything = Settings::read(constraints, None)?;
    let baseline = Profiles::read(baseline_statistics)?;
    let current = Profiles::read(&statistics(batch))?;
    let constrained = read_constraints(constraints)?;
    let mut found = Vec::new();
    if everything.evaluate == Switch::Disabled {
        return Ok(found);
    }
    for constraint in &constrained {
        let settings = Settings::read(constraints, constraint.overrides)?;
        let unknown = || MonitorError::UnknownColumn(constraint.name.to_owned());
        let before = baseline.column(constraint.name).ok_or_else(unknown)?;
        let column = batch.columns().iter().find(|column| column.name == constraint.name);
        let (Some(column), Some(now)) = (column, current.column(constraint.name)) else { continue };
        if settings.evaluate == Switch::Enabled {
            found.extend(check_type(column, constraint, &settings));
            found.extend(check_completeness(column, constraint));
            found.extend(check_domain(column, constraint, &settings));
            found.extend(check_drift(before, now, &settings));
        }
    }
    found.extend(check_columns(batch, &constrained));
    Ok(found)
}

/// One entry of `features` in `constraints.json`.
struct Constraint<'a> {
    name: &'a str,
    inferred_type: &'a str,
    completeness: f64,
    domain: Option<BTreeSet<&'a str>>,
    overrides: Option<&'a Value>,
}

fn read_constraints(file: &Value) -> Result<Vec<Constraint<'_>>, MonitorError> {
    let root = Place::root(settings::FILE);
    let features = file.get("features").and_then(Value::as_array);
    let features = features.ok_or_else(|| root.inside("features").is_not("a list"))?;
    let read = |(index, feature): (usize, _)| read_constraint(feature, index);
    features.iter().enumerate().map(read).collect()
}

fn read_constraint(feature: &Value, index: usize) -> Result<Constraint<'_>, MonitorError> {
    let at = |key: &str| Place::root(settings::FILE).inside(&format!("features[{index}].{key}"));
    let text = |key: &str| {
        feature.get(key).and_then(Value::as_str).ok_or_else(|| at(key).is_not("a text"))
    };
    let completeness = match feature.get("completeness") {
        None => 0.0,
        Some(share) => share.as_f64().ok_or_else(|| at("completeness").is_not("a number"))?,
    };
    let domain = feature.pointer("/string_constraints/domains");
    let domain = domain.map(|domain| {
        let texts = domain.as_array().and_then(|texts| texts.iter().map(Value::as_str).collect());
        texts.ok_or_else(|| at("string_constraints.domains").is_not("a list of texts"))
    });
    Ok(Constraint {
        name: text("name")?,
        inferred_type: text("inferred_type")?,
        completeness,
        domain: domain.transpose()?,
        overrides: feature.get("monitoringConfigOverrides"),
    })
}

fn violation(name: &str, kind: CheckKind, description: String) -> Violation {
    Violation { feature_name: name.to_owned(), constraint_check_type: kind, description }
}

/// A whole number is also a number with a fraction, and anything can be a text.
fn check_type(
    column: &Column,
    constraint: &Constraint<'_>,
    settings: &Settings,
) -> Option<Violation> {
    let expected = constraint.inferred_type;
    let fits = |cell: &&Cell| match (expected, cell) {
        ("Integral", cell) => matches!(cell, Cell::Integral(_)),
        ("Fractional", cell) => matches!(cell, Cell::Integral(_) | Cell::Fractional(_)),
        _ => true,
    };
    let share = share_of_present(column, fits)?;
    (share < settings.datatype).then(|| {
        let (least, share) = (percent(settings.datatype), percent(share));
        let text = format!(
            "Data type match requirement is not met. Expected data type: {expected}, Expected match: {least}. Observed: Only {share} of data is {expected}."
        );
        violation(constraint.name, CheckKind::DataType, text)
    })
}

fn check_completeness(column: &Column, constraint: &Constraint<'_>) -> Option<Violation> {
    let (least, share) = (constraint.completeness, column.completeness());
    (share < least).then(|| {
        let (least, share) = (percent(least), percent(share));
        let text = format!(
            "Completeness requirement is not met. Expected completeness: {least}. Observed: Only {share} of data is complete."
        );
        violation(constraint.name, CheckKind::Completeness, text)
    })
}

fn check_domain(
    column: &Column,
    constraint: &Constraint<'_>,
    settings: &Settings,
) -> Option<Violation> {
    let domain = constraint.domain.as_ref()?;
    let known = |cell: &&Cell| cell.text().is_some_and(|text| domain.contains(text.as_str()));
    let share = share_of_present(column, known)?;
    (share < settings.domain).then(|| {
        let (least, share) = (percent(settings.domain), percent(share));
        let text = format!(
            "Categorical values requirement is not met. Expected match: {least}. Observed: Only {share} of data is in the domain of the baseline."
        );
        violation(constraint.name, CheckKind::CategoricalValues, text)
    })
}

/// `None` if no cell holds anything: then there is nothing to judge but completeness.
fn share_of_present(column: &Column, counts: impl Fn(&&Cell) -> bool) -> Option<f64> {
    let present = column.present();
    let counted = column.cells.iter().filter(|cell| **cell != Cell::Missing).filter(counts).count();
    (present > 0).then(|| distance::share(counted as u64, present as u64))
}

/// A column that turned from numbers into texts has no distance; its type is what is wrong with it.
fn check_drift(before: &Profile, now: &Profile, settings: &Settings) -> Option<Violation> {
    if settings.compare == Switch::Disabled {
        return None;
    }
    let drift = |what: &str, value: f64, threshold: f64| {
        let text = format!("Baseline drift {what}: {value:?} exceeds threshold: {threshold:?}");
        violation(&now.name, CheckKind::BaselineDrift, text)
    };
    match (&before.content, &now.content) {
        (Content::Numbers { sample: before, .. }, Content::Numbers { sample: now, .. }) => {
            let found = distance::numerical(settings.method, before, now);
            (found > settings.distance).then(|| drift("distance", found, settings.distance))
        }
        (Content::Texts(before), Content::Texts(now)) => {
            let threshold = settings.categorical_distance;
            match settings.categorical_method {
                CategoricalMethod::LInfinity => {
                    let found = distance::categorical(settings.method, before, now);
                    (found > threshold).then(|| drift("distance", found, threshold))
                }
                CategoricalMethod::ChiSquared => {
                    let fit = fit(now, before)?;
                    // deequ hands out the statistic for Simple and the p-value for Robust
                    match settings.method {
                        Method::Simple => (fit.statistic > threshold)
                            .then(|| drift("distance", fit.statistic, threshold)),
                        Method::Robust => (fit.p_value < threshold)
                            .then(|| drift("confidence", 1.0 - fit.p_value, 1.0 - threshold)),
                    }
                }
            }
        }
        _ => None,
    }
}

fn check_columns(batch: &Table, constrained: &[Constraint<'_>]) -> Vec<Violation> {
    let names: BTreeSet<&str> = batch.columns().iter().map(|column| column.name.as_str()).collect();
    let known: BTreeSet<&str> = constrained.iter().map(|constraint| constraint.name).collect();
    let (have, want) = (names.len(), known.len());
    let entry = |word: &str, kind| {
        let text = format!(
            "There are {word} columns in current dataset. Number of columns in current dataset: {have}, Number of columns in baseline constraints: {want}"
        );
        let name =
            if kind == CheckKind::MissingColumn { "Missing columns" } else { "Extra columns" };
        violation(name, kind, text)
    };
    let missing = (!known.is_subset(&names)).then(|| entry("missing", CheckKind::MissingColumn));
    let extra = (!names.is_subset(&known)).then(|| entry("extra", CheckKind::ExtraColumn));
    missing.into_iter().chain(extra).collect()
}

/// As the container writes a share: `100.0%`, `99.71751412429379%`.
fn percent(share: f64) -> String {
    format!("{:?}%", share * 100.0)
}

#[cfg(test)]
mod tests;
