//! Each rule of the lint, broken once.

use super::world::{environment, rendered};
use relevo::definition::{Definition, Flaw, Kind, MAX_CHARACTERS, lint};
use serde_json::{Value, json};

const PREPARE: &str = "/Steps/0";
const TRAIN: &str = "/Steps/1";
const EVALUATE: &str = "/Steps/2";
const CHECK: &str = "/Steps/3";
const BASELINE: &str = "/Steps/3/Arguments/IfSteps/0";
const REGISTER: &str = "/Steps/3/Arguments/IfSteps/1";
const STOP: &str = "/Steps/3/Arguments/ElseSteps/0";

/// The flaws of a definition after `value` is put at a pointer; `null` removes what is there, and
/// `-` as the last part appends to a list.
fn flaws(kind: Kind, pointer: &str, value: Value) -> Vec<Flaw> {
    let mut document = rendered(kind).value().clone();
    let (holder, key) = pointer.rsplit_once('/').unwrap();
    match (document.pointer_mut(holder).unwrap(), value) {
        (Value::Object(map), Value::Null) => drop(map.shift_remove(key).unwrap()),
        (Value::Object(map), value) => drop(map.insert(key.to_owned(), value)),
        (Value::Array(items), value) if key == "-" => items.push(value),
        (Value::Array(items), value) => items[key.parse::<usize>().unwrap()] = value,
        (other, _) => panic!("{other} has no entries"),
    }
    lint(&Definition::try_from(document).unwrap(), &environment())
}

/// Breaks the train definition at one place and expects exactly one flaw, with `text` in its
/// message or help.
#[track_caller]
fn broken(step: &str, pointer: &str, value: Value, code: &str, text: &str) -> Flaw {
    one(flaws(Kind::Train, &format!("{step}{pointer}"), value), code, text)
}

#[track_caller]
fn one(found: Vec<Flaw>, code: &str, text: &str) -> Flaw {
    let [flaw] = found.try_into().unwrap_or_else(|all| panic!("not one flaw: {all:#?}"));
    let told = format!("{}; {}", flaw.message, flaw.help.as_deref().unwrap_or_default());
    assert_eq!(flaw.code, code, "{flaw:#?}");
    assert!(told.contains(text), "'{text}' is not in '{told}'");
    flaw
}

fn get(reference: &str) -> Value {
    json!({"Get": reference})
}

#[test]
fn step_names_are_legal_and_used_once_across_branches() {
    broken(STOP, "/Name", json!("x".repeat(65)), "step-name", "1 to 64 letters");
    broken(STOP, "/Name", json!("Auc Fail"), "step-name", "'Auc Fail' is not a step name");
    let flaw = broken(STOP, "/Name", json!("Mammo-Train"), "name-twice", "already at Steps[1]");
    assert_eq!(flaw.path, "Steps[3].Arguments.ElseSteps[0]");
}

#[test]
fn parameters_can_be_passed_by_eventbridge_and_are_used() {
    let declare = |name: &str, kind: &str, default: Value| json!({"Name": name, "Type": kind, "DefaultValue": default});
    let found = flaws(Kind::Inference, "/Parameters/-", declare("batch_size", "Integer", json!(1)));
    let codes: Vec<&str> = found.iter().map(|flaw| flaw.code).collect();
    assert_eq!(codes, ["parameter-name", "unused-parameter"]);
    assert_eq!(found[0].help.as_deref(), Some("call it 'BatchSize'"));

    let added = |declared| flaws(Kind::Train, "/Parameters/4", declared);
    let floor = |kind, default| added(declare("AucScoreThreshold", kind, default));
    one(floor("Float", json!("0.8")), "parameter-type", "is of type Float, \"0.8\" is not");
    one(floor("Integer", json!(0.8)), "parameter-type", "is of type Integer, 0.8 is not");
    one(floor("Flota", json!(0.8)), "parameter-type", "did you mean 'Float'?");
    assert_eq!(floor("Float", json!(1)), []);
    let twice =
        flaws(Kind::Train, "/Parameters/-", declare("InputDataUrl", "String", json!("s3://b/k/")));
    one(twice, "name-twice", "already at Parameters[2]");
}

#[test]
fn every_get_names_something_there_is() {
    let data = "/Arguments/InputDataConfig/0/DataSource/S3DataSource/S3Uri";
    for (reference, code, text) in [
        ("Parameters.InputDataURL", "unknown-parameter", "did you mean 'InputDataUrl'?"),
        ("Execution.PipelineExecutionID", "unknown-execution-property", "'PipelineExecutionId'?"),
        ("Steps.Mammo-Trian.ModelArtifacts.S3ModelArtifacts", "unknown-step", "'Mammo-Train'?"),
        ("Input", "reference", "it has no '.'"),
        (
            "Steps.Mammo-PreProcessing.ProcessingOutputConfig.Outputs['tran'].S3Output.S3Uri",
            "unknown-property",
            "Outputs['train'].S3Output.S3Uri'?",
        ),
        (
            "Steps.Mammo-PreProcessing.ModelArtifacts.S3ModelArtifacts",
            "unknown-property",
            "of type Processing has no 'ModelArtifacts.S3ModelArtifacts'",
        ),
    ] {
        broken(TRAIN, data, get(reference), code, text);
    }
    let known = "Steps.Mammo-PreProcessing.ProcessingResources.ClusterConfig.VolumeSizeInGB";
    assert_eq!(flaws(Kind::Train, &format!("{TRAIN}{data}"), get(known)), []);
}

#[test]
fn every_step_type_has_its_own_properties() {
    let metadata = |value: Value| {
        flaws(Kind::Train, &format!("{REGISTER}/Arguments/CustomerMetadataProperties/more"), value)
    };
    for property in [
        "Mammo-Train.ModelArtifacts.S3ModelArtifacts",
        "Mammo-Train.FinalMetricDataList['validation:auc'].Value",
        "Mammo-DataQualityCheck.CalculatedBaselineStatistics",
        "Mammo-DataQualityCheck.BaselineUsedForDriftCheckConstraints",
        "Mammo-CheckAUCScore.Outcome",
    ] {
        assert_eq!(metadata(get(&format!("Steps.{property}"))), []);
    }
    let flaw = metadata(get("Steps.Mammo-DataQualityCheck.CalculatedBaselineStatistic"));
    one(flaw, "unknown-property", "did you mean 'CalculatedBaselineStatistics'?");

    let image = "/Steps/2/Arguments/PrimaryContainer/Image";
    let found = flaws(Kind::Inference, image, get("Steps.LambdaStep.OutputParameters['image']"));
    one(found, "unknown-property", "has no 'OutputParameters['image']'");
    let found =
        flaws(Kind::Inference, image, get("Steps.Mammo-Transform.TransformOutput.S3OutputPath"));
    one(found, "step-cycle", "wait for each other");
}

#[test]
fn a_step_of_one_branch_cannot_be_used_outside_of_it() {
    let message = "/Arguments/ErrorMessage";
    let used = get("Steps.Mammo-DataQualityCheck.CalculatedBaselineStatistics");
    let flaw = broken(
        STOP,
        message,
        used,
        "other-branch",
        "runs only in IfSteps of 'Mammo-CheckAUCScore'",
    );
    assert_eq!(flaw.path, "Steps[3].Arguments.ElseSteps[0].Arguments.ErrorMessage");
    broken(
        STOP,
        "/DependsOn",
        json!(["Mammo-DataQualityCheck"]),
        "other-branch",
        "'Mammo-AUCFail' runs without it too",
    );
}

#[test]
fn steps_wait_for_steps_there_are_and_never_in_a_circle() {
    broken(
        TRAIN,
        "/DependsOn",
        json!(["Mammo-PreProcesing"]),
        "unknown-step",
        "'Mammo-PreProcessing'?",
    );
    broken(
        PREPARE,
        "/DependsOn",
        json!(["Mammo-Eval"]),
        "step-cycle",
        "Mammo-Eval -> Mammo-PreProcessing -> Mammo-Eval",
    );
    // A condition comes before the steps of its branches, so it cannot ask what one of them found.
    let own = get("Steps.Mammo-DataQualityCheck.CalculatedBaselineStatistics");
    let found = flaws(Kind::Train, &format!("{CHECK}/Arguments/Conditions/0/RightValue"), own);
    let codes: Vec<&str> = found.iter().map(|flaw| flaw.code).collect();
    assert_eq!(codes, ["other-branch", "step-cycle"]);
}

#[test]
fn functions_are_of_their_shape() {
    let message = "/Arguments/ErrorMessage";
    broken(STOP, message, get("Parameters.AucScoreThreshold.x"), "reference", "nothing may follow");
    broken(STOP, message, json!({"Get": 1}), "function", "Get needs a reference as text");
    broken(STOP, message, json!({"Std:Join": {"On": "/"}}), "function", "a list 'Values'");
    broken(STOP, message, json!({"Std:Joni": {"On": "/"}}), "function", "did you mean 'Std:Join'?");
    broken(STOP, message, json!({"Std:JsonGet": {"Path": "a"}}), "function", "a 'PropertyFile'");
}

#[test]
fn property_files_exist_and_are_read_as_such() {
    let left = "/Arguments/Conditions/0/LeftValue/Std:JsonGet/PropertyFile";
    let report = "Steps.Mammo-Eval.PropertyFiles.EvaluationReport";
    broken(
        CHECK,
        left,
        get("Steps.Mammo-Eval.PropertyFiles.EvaluationRaport"),
        "unknown-property",
        "EvaluationReport'?",
    );
    broken(
        CHECK,
        left,
        get("Steps.Mammo-Eval.ProcessingJobName"),
        "property-file",
        "is not a property file",
    );
    broken(STOP, "/Arguments/ErrorMessage", get(report), "property-file", "by Std:JsonGet only");
    broken(
        EVALUATE,
        "/PropertyFiles/0/OutputName",
        json!("evaluaton"),
        "property-file",
        "'evaluation'?",
    );
    broken(EVALUATE, "/PropertyFiles/0/FilePath", json!(""), "property-file", "a FilePath");
}

#[test]
fn comparisons_are_of_numbers_with_numbers() {
    let condition = "/Arguments/Conditions/0";
    broken(
        CHECK,
        &format!("{condition}/RightValue"),
        json!("0.8"),
        "condition",
        "compares numbers only",
    );
    broken(
        CHECK,
        &format!("{condition}/RightValue"),
        get("Parameters.InputDataUrl"),
        "condition",
        "numbers only",
    );
    broken(
        CHECK,
        &format!("{condition}/Type"),
        json!("GreaterThen"),
        "condition",
        "'GreaterThan'?",
    );
    broken(CHECK, "/Arguments/Conditions", json!([]), "condition", "has nothing to check");
    let never =
        json!({"Type": "Not", "Expression": {"Type": "Equals", "LeftValue": 1, "RightValue": "1"}});
    let found = flaws(Kind::Train, &format!("{CHECK}/Arguments/Conditions/-"), never);
    one(found, "condition", "number and text are never equal");
}

#[test]
fn no_path_holds_the_time_of_a_deployment() {
    let code = "/Arguments/ProcessingInputs/2/S3Input/S3Uri";
    for part in [
        "1700000000",
        "run-1700000000123",
        "2026-11-22T13:05:11Z",
        "20261122T130511",
        "0190a5f2-1111-7222-8333-444455556666",
    ] {
        let text = json!(format!("s3://sagemaker-prod-bucket/model/{part}/preprocess.py"));
        broken(PREPARE, code, text, "literal-time", part);
        let joined =
            json!({"Std:Join": {"On": "/", "Values": [get("Parameters.InputDataUrl"), part]}});
        broken(PREPARE, code, joined, "literal-time", part);
    }
    for part in ["2026-11-22", "v2", "222222222222", "1700000000abc", &"0123456789abcdef".repeat(4)]
    {
        let text = json!(format!("s3://bucket-1700000000/model/{part}/preprocess.py"));
        assert_eq!(flaws(Kind::Train, &format!("{PREPARE}{code}"), text), []);
    }
}

#[test]
fn outputs_are_encrypted_and_apart() {
    broken(
        PREPARE,
        "/Arguments/ProcessingOutputConfig/KmsKeyId",
        Value::Null,
        "unencrypted-output",
        "no KmsKeyId",
    );
    broken(
        BASELINE,
        "/Arguments/ProcessingOutputConfig/KmsKeyId",
        json!(""),
        "unencrypted-output",
        "no KmsKeyId",
    );
    broken(
        TRAIN,
        "/Arguments/OutputDataConfig/KmsKeyId",
        Value::Null,
        "unencrypted-output",
        "no KmsKeyId",
    );
    let found = flaws(Kind::Inference, "/Steps/3/Arguments/TransformOutput/KmsKeyId", Value::Null);
    one(found, "unencrypted-output", "no KmsKeyId");
    let fixed = json!("s3://sagemaker-prod-bucket/model/output/train");
    let place = "/Arguments/ProcessingOutputConfig/Outputs/0/S3Output/S3Uri";
    broken(PREPARE, place, fixed, "shared-output", "s3://sagemaker-prod-bucket/model/output/train");
}

#[test]
fn roles_functions_and_images_are_at_home() {
    let foreign = "arn:aws:iam::111111111111:role/service-role/AmazonSageMaker-ExecutionRole";
    broken(
        BASELINE,
        "/Arguments/RoleArn",
        json!(foreign),
        "role-account",
        "'prod' is account 222222222222",
    );
    broken(
        TRAIN,
        "/Arguments/RoleArn",
        json!("AmazonSageMaker-ExecutionRole"),
        "role-account",
        "is not a role",
    );
    let image = "683313688378.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:3.0-5";
    let place = "/Arguments/AlgorithmSpecification/TrainingImage";
    broken(
        TRAIN,
        place,
        json!(image),
        "image-region",
        "in us-west-2, the environment in us-east-1",
    );

    let function = |text: &str| flaws(Kind::Inference, "/Steps/0/FunctionArn", json!(text));
    let arn = "arn:aws:lambda:us-east-1:222222222222:function:latest";
    one(function(arn), "unpinned-function", "no published version");
    one(function(&format!("{arn}:$LATEST")), "unpinned-function", "no published version");
    one(function(&arn.replace("222222222222", "111111111111")), "function-account", "in us-east-1");
    assert_eq!(function(&format!("{arn}:7")), []);
}

#[test]
fn only_some_steps_are_retried_and_never_for_ever() {
    let policy = |exception: &str| json!([{"ExceptionType": [exception], "MaxAttempts": 3}]);
    broken(
        BASELINE,
        "/RetryPolicies",
        policy("Step.THROTTLING"),
        "retry-policy",
        "does not retry QualityCheck",
    );
    broken(TRAIN, "/RetryPolicies", policy("Step.TROTTLING"), "retry-policy", "'Step.THROTTLING'?");
    broken(
        TRAIN,
        "/RetryPolicies/0/MaxAttempts",
        Value::Null,
        "retry-policy",
        "MaxAttempts or ExpireAfterMin",
    );
}

#[test]
fn steps_are_of_known_types() {
    broken(STOP, "/Type", json!("Fial"), "step-type", "did you mean 'Fail'?");
}

#[test]
fn a_definition_is_not_larger_than_sagemaker_takes() {
    let found = flaws(Kind::Train, "/Metadata/note", json!("x".repeat(MAX_CHARACTERS)));
    one(found, "size", "SageMaker takes 1048576");
}

#[test]
fn all_flaws_are_found_in_one_reading() {
    let mut document = rendered(Kind::Train).value().clone();
    *document.pointer_mut(&format!("{TRAIN}/Arguments/RoleArn")).unwrap() = json!("nobody");
    *document.pointer_mut(&format!("{STOP}/Name")).unwrap() = json!("a b");
    *document
        .pointer_mut(&format!("{PREPARE}/Arguments/ProcessingOutputConfig/KmsKeyId"))
        .unwrap() = json!("");
    let found = lint(&Definition::try_from(document).unwrap(), &environment());
    let codes: Vec<&str> = found.iter().map(|flaw| flaw.code).collect();
    assert_eq!(codes, ["step-name", "unencrypted-output", "role-account"]);
}
