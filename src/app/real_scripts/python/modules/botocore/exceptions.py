"""The exceptions that boto3's callers catch."""


class BotoCoreError(Exception):
    pass


class ClientError(Exception):
    """AWS refused; `response["Error"]` has code and message."""

    def __init__(self, error_response, operation_name):
        error = error_response.get("Error", {})
        text = "An error occurred (%s) when calling the %s operation: %s"
        super().__init__(text % (error.get("Code", "Unknown"), operation_name, error.get("Message", "Unknown")))
        self.response, self.operation_name = error_response, operation_name
