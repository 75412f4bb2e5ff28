"""The rehearsal's boto3: clients whose calls the agent answers, within the function's own transaction.

Operations take and give what boto3's do: members as AWS names them, times as datetime, paginators, and ClientError
with the code in `response["Error"]["Code"]`. Which operations there are, the rehearsal decides; it says what it has.
"""

import datetime

from botocore.exceptions import ClientError

_MAX_PAGES = 1000
# the errors that are shapes in the service's model; every other code comes as a plain ClientError
_MODELLED = {
    "s3": ("NoSuchBucket", "NoSuchKey"),
    "sagemaker": ("ConflictException", "ResourceInUse", "ResourceLimitExceeded", "ResourceNotFound"),
}
_ask = None


def speak_through(ask):
    """Set once by the runner: a question to the agent, and its answer."""
    global _ask
    _ask = ask


def client(service_name, region_name=None, **_):
    return Client(service_name, region_name)


class Session:
    def __init__(self, region_name=None, **_):
        self.region_name = region_name

    def client(self, service_name, region_name=None, **_):
        return Client(service_name, region_name or self.region_name)


def resource(service_name, **_):
    raise NotImplementedError("the rehearsal has boto3.client('%s'), no resources" % service_name)


class Client:
    def __init__(self, service, region):
        self._service, self._region = service, region
        self.exceptions = Exceptions(service)

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        operation = "".join(part.capitalize() for part in name.split("_"))

        def call(**given):
            return self._call(operation, given)

        return call

    def _call(self, operation, given):
        question = {"service": self._service, "region": self._region, "operation": operation, "input": given}
        answer = _ask(question)
        if "error" in answer:
            error = answer["error"]
            response = {
                "Error": {"Code": error["code"], "Message": error["message"]},
                "ResponseMetadata": {"HTTPStatusCode": error["status"], "RetryAttempts": 0},
            }
            raise self.exceptions._of(error["code"])(response, operation)
        output = with_times(answer["output"])
        output["ResponseMetadata"] = {"HTTPStatusCode": 200, "RetryAttempts": 0}
        return output

    def get_paginator(self, name):
        return Paginator(getattr(self, name))

    def can_paginate(self, name):
        return name.startswith("list_")


class Paginator:
    def __init__(self, call):
        self._call = call

    def paginate(self, PaginationConfig=None, **given):
        if PaginationConfig and "PageSize" in PaginationConfig:
            given["MaxResults"] = PaginationConfig["PageSize"]
        for _ in range(_MAX_PAGES):
            page = self._call(**given)
            yield page
            if not page.get("NextToken"):
                return
            given["NextToken"] = page["NextToken"]


class Exceptions:
    """`client.exceptions.SomeCode`: a class of its own for each code that the service's model has, as in boto3."""

    ClientError = ClientError

    def __init__(self, service):
        codes = _MODELLED.get(service, ())
        self._classes = {code: type(code, (ClientError,), {}) for code in codes}

    def _of(self, code):
        return self._classes.get(code, ClientError)

    def __getattr__(self, name):
        classes = self.__dict__.get("_classes", {})
        if name not in classes:
            raise AttributeError("%s has no exception %s; it has %s" % (self, name, ", ".join(sorted(classes))))
        return classes[name]


def with_times(value):
    """The answer with its times as boto3 gives them: on the wire they are seconds since 1970."""
    if isinstance(value, list):
        return [with_times(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: time_of(name, with_times(one)) for name, one in value.items()}


def time_of(name, value):
    is_time = name.endswith("Time") or name == "LastModified"
    if is_time and isinstance(value, (int, float)) and not isinstance(value, bool):
        return datetime.datetime.fromtimestamp(value, datetime.timezone.utc)
    return value
