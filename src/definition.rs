//! A SageMaker pipeline definition: render, parse, lint, resolve references, compare.
