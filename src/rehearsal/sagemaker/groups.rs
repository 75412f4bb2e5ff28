//! Model package groups: the central registry, seen from any account that its policy lets in.

use super::{
    super::{Call, Item, Place, Principal, ServiceError},
    check::{
        choice, entity_name, epoch, not_found, optional, required, user_context, validation,
        within, without_nulls,
    },
    page::{Entry, Order, items, page},
    pipelines::sortable,
    tags,
};
use crate::ids::Arn;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Longest name of a group (CreateModelPackageGroup API).
const LONGEST_NAME: usize = 63;
/// Longest description of a group (CreateModelPackageGroup API).
const LONGEST_DESCRIPTION: usize = 1_024;

/// A group; kept under its name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Group {
    pub place: Place,
    pub name: String,
    pub arn: String,
    description: Option<String>,
    created: Timestamp,
    created_by: String,
}

impl Item for Group {
    const KIND: &'static str = "model package group";
}

fn arn_of(place: &Place, name: &str) -> String {
    place.arn("sagemaker", &format!("model-package-group/{name}"))
}

/// The place and name that a group's ARN or name mean; a bare name is one of the caller's account.
fn locate(call: &Call<'_>, name: &str) -> Result<(Place, String), ServiceError> {
    if !name.starts_with("arn:") {
        return Ok((call.place.clone(), name.to_owned()));
    }
    let malformed = || validation(format!("'{name}' is not the ARN of a model package group."));
    let arn: Arn = name.parse().map_err(|_| malformed())?;
    let group = arn.resource().strip_prefix("model-package-group/").ok_or_else(malformed)?;
    let account = arn.account().ok_or_else(malformed)?;
    let region = arn.region().parse().map_err(|_| malformed())?;
    Ok((Place { account, region }, group.to_owned()))
}

/// The ARN that a group's ARN or name mean.
pub(super) fn arn_for(call: &Call<'_>, name: &str) -> String {
    if name.starts_with("arn:") { name.to_owned() } else { arn_of(&call.place, name) }
}

/// The group of that ARN or name, if the caller's account may see it.
pub(super) async fn find(call: &mut Call<'_>, name: &str) -> Result<Group, ServiceError> {
    let (place, name) = locate(call, name)?;
    let arn = arn_of(&place, &name);
    let seeded = call.landscape.package_group(&arn);
    let admitted = place.account == call.place.account
        || seeded.is_some_and(|accounts| accounts.contains(&call.place.account));
    if !admitted {
        return Err(ServiceError::refused(
            "AccessDeniedException",
            format!("The policy of {arn} does not let the account {} in.", call.place.account),
        ));
    }
    let group: Option<Group> = call.shelf.get(&place, &name).await?;
    match group {
        Some(group) => Ok(group),
        None if seeded.is_some() => Ok(seed(place, name)),
        None => Err(not_found(format!("ModelPackageGroup {arn}"))),
    }
}

/// A group of the landscape: it was there before anything began.
fn seed(place: Place, name: String) -> Group {
    Group {
        arn: arn_of(&place, &name),
        created_by: Principal::Administrator(place.account.clone()).arn(),
        place,
        name,
        description: None,
        created: Timestamp::UNIX_EPOCH,
    }
}

/// CreateModelPackageGroup.
pub(super) async fn create(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let name = required(call, "ModelPackageGroupName")?.to_owned();
    entity_name("ModelPackageGroupName", &name, LONGEST_NAME)?;
    let description = optional(call, "ModelPackageGroupDescription", LONGEST_DESCRIPTION)?;
    let arn = arn_of(&call.place, &name);
    let there: Option<Group> = call.shelf.get(&call.place, &name).await?;
    if there.is_some() || call.landscape.package_group(&arn).is_some() {
        return Err(validation(format!("Model Package Group already exists: {arn}")));
    }
    let created_by = call.principal.arn();
    let group =
        Group { description, created: call.now, created_by, ..seed(call.place.clone(), name) };
    tags::put(call, &arn).await?;
    call.shelf.put(&call.place, &group.name, &group).await?;
    Ok(json!({ "ModelPackageGroupArn": arn }))
}

/// DescribeModelPackageGroup.
pub(super) async fn describe(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let name = required(call, "ModelPackageGroupName")?.to_owned();
    let group = find(call, &name).await?;
    let mut answer = summary(&group);
    answer["CreatedBy"] = user_context(&group.created_by);
    Ok(answer)
}

/// GetModelPackageGroupPolicy: what a group of the landscape was made with.
pub(super) async fn policy(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let name = required(call, "ModelPackageGroupName")?.to_owned();
    let group = find(call, &name).await?;
    let laid = call.landscape.laid_group(&group.arn);
    let policy = laid.and_then(|laid| laid.wanted("policy"));
    let policy = policy
        .ok_or_else(|| validation(format!("Cannot find a resource policy of {}.", group.arn)))?;
    Ok(json!({ "ResourcePolicy": policy.to_string() }))
}

/// ListModelPackageGroups: the groups of the caller's own account.
pub(super) async fn list(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let by_name = choice(call, "SortBy", &["Name", "CreationTime"], "CreationTime")? == "Name";
    let contains = call.text("NameContains").unwrap_or_default().to_owned();
    let made: Vec<(String, Group)> = items(call, "").await?;
    let mut groups: Vec<Group> = made.into_iter().map(|(_, group)| group).collect();
    for arn in call.landscape.package_groups() {
        let (place, name) = locate(call, arn)?;
        if place == call.place {
            groups.push(seed(place, name));
        }
    }
    let entries = groups
        .into_iter()
        .filter(|group| group.name.contains(&contains))
        .filter(|group| within(call, group.created, "CreationTimeAfter", "CreationTimeBefore"))
        .map(|group| Entry {
            key: if by_name {
                group.name.clone()
            } else {
                format!("{} {}", sortable(group.created), group.name)
            },
            summary: summary(&group),
        })
        .collect();
    page(call, "ModelPackageGroupSummaryList", entries, Order::Ascending)
}

fn summary(group: &Group) -> Value {
    without_nulls(json!({
        "ModelPackageGroupName": group.name,
        "ModelPackageGroupArn": group.arn,
        "ModelPackageGroupDescription": group.description,
        "CreationTime": epoch(group.created),
        "ModelPackageGroupStatus": "Completed",
    }))
}
