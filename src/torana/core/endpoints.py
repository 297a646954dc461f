"""The paths at which models are called, as records and the scopes of keys name them. A test compares them with the gate's table."""

_METHODS = ("batchEmbedContents", "countTokens", "embedContent", "generateContent", "streamGenerateContent")
_JOB = "/v1/fine_tuning/jobs/{job}"

ENDPOINTS: frozenset[str] = frozenset(
    {
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/responses",
        "/v1/embeddings",
        "/v1/messages",
        "/v1/messages/count_tokens",
        "/v1/realtime",
        "/v1/rerank",
        "/v2/rerank",
        "/v1/moderations",
        "/v1/images/generations",
        "/v1/images/edits",
        "/v1/images/variations",
        "/v1/audio/speech",
        "/v1/audio/transcriptions",
        "/v1/audio/translations",
        "/v1/files",
        "/v1/files/{file}",
        "/v1/files/{file}/content",
        "/v1/batches",
        "/v1/batches/{batch}",
        "/v1/batches/{batch}/cancel",
        "/v1/fine_tuning/jobs",
        _JOB,
        *(f"{_JOB}/{part}" for part in ("cancel", "pause", "resume", "events", "checkpoints")),
        "/v1/fine_tuning/checkpoints/{checkpoint}/permissions",
        "/v1/fine_tuning/checkpoints/{checkpoint}/permissions/{permission}",
        "/v1/fine_tuning/alpha/graders/run",
        "/v1/fine_tuning/alpha/graders/validate",
        "/model/{model}/converse",
        "/model/{model}/converse-stream",
        *(f"/{version}/models/{{model}}:{method}" for version in ("v1", "v1beta") for method in _METHODS),
    }
)


def plain(label: str) -> str:
    """A path of the gate's table as it is named here: without the query that tells two forms of one path apart."""
    return label.partition("?")[0]
