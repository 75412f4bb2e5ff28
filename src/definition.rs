//! A SageMaker pipeline definition: render, parse, lint, resolve references, compare.
//!
//! [`render`] is pure: the same template, environment and release give the same bytes, so a deploy
//! of an unchanged commit is no change. [`lint`] finds on the laptop what SageMaker would find in
//! the middle of an execution. [`evaluate`] gives `Get`, `Std:Join` and `Std:JsonGet` the meaning
//! that SageMaker gives them; who runs a definition only says what a [`Reference`] stands for.

mod compare;
mod difference;
mod document;
mod evaluate;
mod function;
mod images;
mod lint;
mod outputs;
mod reference;
mod render;
mod stage_job;
mod strict;
mod tags;
mod template;

pub use compare::compare;
pub use difference::{Change, Difference, Subject};
pub use document::{Definition, DefinitionError, MAX_CHARACTERS, Step};
pub use evaluate::{EvaluateError, Scope, evaluate};
pub use function::function_name;
pub use images::{Named, PipelineImage, first_party_images, images, pipeline_images, repositories};
pub use lint::{Flaw, lint};
pub use outputs::output_address;
pub use reference::{InvalidReference, Reference, Segment};
pub use render::{Kind, Release, RenderError, render};
pub use stage_job::{job_name, job_prefix};
