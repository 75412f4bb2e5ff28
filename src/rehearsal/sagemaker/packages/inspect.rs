//! DescribeModelPackage and ListModelPackages.

use super::{
    super::{
        super::{Call, ServiceError},
        check::{choice, epoch, required, user_context, within, without_nulls},
        groups,
        page::{Entry, Order, items_at, page},
        pipelines::sortable,
    },
    APPROVALS, Package, find,
};
use serde_json::{Value, json};

/// DescribeModelPackage.
pub(in super::super) async fn describe(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let arn = required(call, "ModelPackageName")?.to_owned();
    let (_, package) = find(call, &arn).await?;
    let mut answer = summary(&package);
    answer["ModelPackageStatusDetails"] =
        json!({ "ValidationStatuses": [], "ImageScanStatuses": [] });
    answer["CertifyForMarketplace"] = json!(false);
    answer["CreatedBy"] = user_context(&package.created_by);
    if let Some((when, who)) = &package.modified {
        answer["LastModifiedTime"] = epoch(*when);
        answer["LastModifiedBy"] = user_context(who);
    }
    if let Some(fields) = answer.as_object_mut() {
        fields.extend(package.fields);
        fields.extend(
            package
                .approval_description
                .map(|text| ("ApprovalDescription".to_owned(), json!(text))),
        );
    }
    Ok(answer)
}

/// ListModelPackages.
pub(in super::super) async fn list(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let by_name = choice(call, "SortBy", &["Name", "CreationTime"], "CreationTime")? == "Name";
    choice(call, "ModelPackageType", &["Versioned", "Unversioned", "Both"], "Unversioned")?;
    let approval = call.text("ModelApprovalStatus").map(str::to_owned);
    if approval.is_some() {
        choice(call, "ModelApprovalStatus", &APPROVALS, "")?;
    }
    let Some(group) = call.text("ModelPackageGroupName").map(str::to_owned) else {
        // Packages outside of groups are not rehearsed: there are none.
        return page(call, "ModelPackageSummaryList", Vec::new(), Order::Ascending);
    };
    let group = groups::find(call, &group).await?;
    let packages: Vec<(String, Package)> =
        items_at(call, &group.place, &format!("{}/", group.name)).await?;
    let contains = call.text("NameContains").unwrap_or_default().to_owned();
    let entries = packages
        .into_iter()
        .filter(|(_, package)| {
            approval.as_ref().is_none_or(|approval| *approval == package.approval)
                && package.group.contains(&contains)
                && within(call, package.created, "CreationTimeAfter", "CreationTimeBefore")
        })
        .map(|(key, package)| Entry {
            key: if by_name { key } else { format!("{} {key}", sortable(package.created)) },
            summary: summary(&package),
        })
        .collect();
    page(call, "ModelPackageSummaryList", entries, Order::Ascending)
}

fn summary(package: &Package) -> Value {
    without_nulls(json!({
        "ModelPackageGroupName": package.group,
        "ModelPackageVersion": package.version,
        "ModelPackageArn": package.arn,
        "ModelPackageDescription": package.fields.get("ModelPackageDescription"),
        "CreationTime": epoch(package.created),
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": package.approval,
        "ModelLifeCycle": package.fields.get("ModelLifeCycle"),
    }))
}
