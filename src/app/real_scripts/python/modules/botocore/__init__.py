"""As much of botocore as functions import."""
