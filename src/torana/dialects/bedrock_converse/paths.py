"""Where Bedrock's runtime takes what."""

from urllib.parse import quote


def upstream_path(operation: str, model: str, stream: bool) -> str:
    """The path behind https://bedrock-runtime.{region}.amazonaws.com. Raises KeyError for an operation it does not have.

    The model's id is encoded as AWS's own clients do, `:` and the `/` of an ARN included: the signature covers it so.
    """
    action = {"chat": "converse-stream" if stream else "converse"}[operation]
    return f"/model/{quote(model, safe='-._~')}/{action}"
