"""Where Bedrock's runtime takes what."""

from urllib.parse import quote


def upstream_path(operation: str, model: str, stream: bool) -> str:
    """The path behind https://bedrock-runtime.{region}.amazonaws.com. Raises ValueError for an operation it does not have.

    The model's id is encoded as AWS's own clients do, `:` and the `/` of an ARN included: the signature covers it so.
    """
    if operation != "chat":
        raise ValueError(f"Converse has no {operation}")
    action = "converse-stream" if stream else "converse"
    return f"/model/{quote(model, safe='-._~')}/{action}"
