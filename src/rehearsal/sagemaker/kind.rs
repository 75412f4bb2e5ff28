//! The step types that SageMaker knows.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

macro_rules! step_kinds {
    ($($kind:ident),+) => {
        /// The type of a step (definition document, `Type`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[expect(clippy::upper_case_acronyms, reason = "SageMaker's own names")]
        pub(super) enum StepKind {
            $($kind),+
        }

        impl FromStr for StepKind {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                match text {
                    $(stringify!($kind) => Ok(Self::$kind),)+
                    _ => Err(()),
                }
            }
        }

        impl fmt::Display for StepKind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$kind => stringify!($kind),)+
                })
            }
        }
    };
}

step_kinds!(
    AutoML,
    Callback,
    ClarifyCheck,
    Condition,
    EMR,
    Endpoint,
    EndpointConfig,
    Fail,
    InferenceComponent,
    Lambda,
    Lineage,
    Model,
    NotebookJob,
    Processing,
    QualityCheck,
    RegisterModel,
    Training,
    Transform,
    Tuning
);
