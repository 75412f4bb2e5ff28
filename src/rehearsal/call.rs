//! One request, taken off the wire: who asks whom for what, when.

use super::{
    Commands, Containers, Landscape, Place, Principal, Service, ServiceError, Shelf,
    manners::Manners, sagemaker::Work,
};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What every call of one moment has in common.
#[derive(Clone, Copy)]
pub(super) struct Ground<'c> {
    pub(super) landscape: &'c Landscape,
    pub(super) containers: &'c dyn Containers,
    pub(super) commands: Option<&'c dyn Commands>,
    pub(super) manners: Manners,
    pub(super) now: Timestamp,
}

/// A request on its way through a service, and the one transaction it works in.
pub struct Call<'c> {
    /// The caller's account, and the region it signed for.
    pub place: Place,
    /// Who asks.
    pub principal: Principal,
    /// The operation, as AWS names it.
    pub operation: String,
    /// The input as JSON, whatever the wire; fields as AWS names them.
    pub body: Value,
    /// Time of the request.
    pub now: Timestamp,
    /// What exists without having been made.
    pub landscape: &'c Landscape,
    /// What runs in the containers of jobs.
    pub containers: &'c dyn Containers,
    /// What runs commands of the user's, for those who may have them run.
    pub commands: Option<&'c dyn Commands>,
    /// A job at work that was looked at: its command runs once the request is over.
    pub(super) looked_at: Option<Work>,
    /// Where AWS leaves it open.
    pub(super) manners: Manners,
    /// The state, in this request's transaction.
    pub shelf: Shelf<'c>,
}

impl<'c> Call<'c> {
    /// What `principal` does without a request.
    pub(super) fn of(
        principal: Principal,
        place: Place,
        ground: Ground<'c>,
        shelf: Shelf<'c>,
    ) -> Self {
        Call {
            principal,
            place,
            operation: String::new(),
            body: Value::Null,
            now: ground.now,
            landscape: ground.landscape,
            containers: ground.containers,
            commands: ground.commands,
            looked_at: None,
            manners: ground.manners,
            shelf,
        }
    }

    /// What every call of this moment has in common.
    pub(super) fn ground(&self) -> Ground<'c> {
        Ground {
            landscape: self.landscape,
            containers: self.containers,
            commands: self.commands,
            manners: self.manners,
            now: self.now,
        }
    }
}

impl Call<'_> {
    /// A request that `principal` makes on the way, in the same transaction.
    pub(super) fn sub_call(
        &mut self,
        place: Place,
        principal: Principal,
        (operation, body): (&str, Value),
    ) -> Call<'_> {
        Call {
            place,
            principal,
            operation: operation.to_owned(),
            body,
            now: self.now,
            landscape: self.landscape,
            containers: self.containers,
            commands: self.commands,
            looked_at: None,
            manners: self.manners,
            shelf: self.shelf.lend(),
        }
    }

    /// The input as `T`.
    ///
    /// # Errors
    /// `SerializationException` if a field is missing or of the wrong type.
    pub fn input<T: DeserializeOwned>(&self) -> Result<T, ServiceError> {
        T::deserialize(&self.body)
            .map_err(|error| ServiceError::refused("SerializationException", error.to_string()))
    }

    /// A text of the input.
    #[must_use]
    pub fn text(&self, field: &str) -> Option<&str> {
        self.body.get(field).and_then(Value::as_str)
    }

    /// The answer to an operation that is not rehearsed.
    #[must_use]
    pub fn unknown_operation(&self, known: &[&str]) -> ServiceError {
        ServiceError::refused(
            "UnknownOperationException",
            format!(
                "the rehearsal does not know the operation '{}'; it knows {}",
                self.operation,
                known.join(", ")
            ),
        )
    }

    /// Refuses the call unless the caller's own policies allow `action` on `resource`.
    ///
    /// # Errors
    /// `AccessDeniedException`.
    pub fn authorize(&self, action: &str, resource: &str) -> Result<(), ServiceError> {
        if self.principal.may(self.landscape, action, resource) {
            return Ok(());
        }
        Err(ServiceError::refused(
            "AccessDeniedException",
            format!(
                "User: {} is not authorized to perform: {action} on resource: {resource}",
                self.principal.arn()
            ),
        ))
    }

    /// Refuses the call unless the caller may hand `role` to `service`, the role exists in the
    /// caller's account and trusts the service.
    ///
    /// # Errors
    /// `AccessDeniedException` for `iam:PassRole`, or `untrusted` where the role does not let the
    /// service in (each service has its own code for that).
    pub fn pass_role(
        &self,
        role: &str,
        service: Service,
        untrusted: &'static str,
    ) -> Result<(), ServiceError> {
        self.authorize("iam:PassRole", role)?;
        let found = self.landscape.role(role);
        if found.is_some_and(|found| found.may_be_passed(&self.place.account, service)) {
            return Ok(());
        }
        Err(ServiceError::refused(
            untrusted,
            format!(
                "the role {role} does not exist here or does not trust {}",
                service.principal()
            ),
        ))
    }
}
