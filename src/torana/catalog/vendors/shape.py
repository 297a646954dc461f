"""What is known of a vendor, as data."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

Auth = Literal[
    "bearer", "x-api-key", "api-key", "x-goog-api-key", "sigv4", "google-service-account", "entra", "ibm-iam", "none"
]
"""How the credential is sent: `bearer` is `Authorization: Bearer`; a header's name is that header; the others are made from it:

`sigv4` signs each request with AWS keys, `google-service-account`, `entra` and `ibm-iam` buy a short-lived bearer token.
"""

DIALECTS = frozenset(
    {"openai_chat", "openai_responses", "anthropic_messages", "gemini", "bedrock_converse", "cohere", "ollama"}
)
"""The wire formats that a vendor can speak, by the names of src/torana/dialects."""

CAPABILITIES = frozenset(
    {
        "chat",
        "completions",
        "embeddings",
        "rerank",
        "moderations",
        "images",
        "speech",
        "transcriptions",
        "files",
        "batches",
        "realtime",
    }
)
"""The kinds of endpoint that a vendor may offer."""

NOTHING: Mapping[str, str] = MappingProxyType({})
"""The empty mapping, shared."""


class Model(NamedTuple):
    """A vendor's model that the first start offers as a service."""

    service: str
    model: str


class Vendor(NamedTuple):
    """A company or server kind that serves models."""

    id: str
    """As genai-prices spells it, where it has the vendor."""
    name: str
    base_url: str
    """For `dialect`, up to and including the version segment, without a slash at the end.

    `{place}` stands for what each account has of its own, such as a region. Empty where there is nothing to say beforehand.
    """
    auth: Auth
    env: str
    """The environment variable that usually holds the credential; empty where there is none."""
    docs: str
    dialect: str = "openai_chat"
    """The one to prefer, one of DIALECTS; empty where it speaks none of them and is called as a custom service.

    Endpoints that are not about text (embeddings, images, audio, …) are in OpenAI's form where this is `openai_chat`.
    """
    also: Mapping[str, str] = NOTHING
    """Further dialects that it speaks itself, each with its base URL in the sense of `base_url`."""
    headers: Mapping[str, str] = NOTHING
    """What every request to it carries."""
    capabilities: frozenset[str] = frozenset({"chat"})
    """Of CAPABILITIES."""
    self_hosted: bool = False
    """A server that one runs oneself; its base URL is where it listens unless told otherwise."""
    more_env: tuple[str, ...] = ()
    """Further variables: other spellings of `env`, the second half of a credential, or what fills the places of the base URL."""
    priced_as: str = ""
    """The id under which genai-prices has its models, where that is not `id`."""
    quirks: frozenset[str] = frozenset()
    """What it does differently: names in QUIRKS, which says so, since when and where it is written."""
    models: tuple[Model, ...] = ()
    """What the first start offers when the variable is set."""

    @property
    def fixed_base_url(self) -> str:
        """The base URL where it is the same for every account; empty where it has to be given."""
        return "" if "{" in self.base_url else self.base_url

    @property
    def stream_usage(self) -> bool:
        """Whether it understands `stream_options.include_usage`."""
        return "no_stream_options" not in self.quirks

    def auth_for(self, dialect: str) -> Auth:
        """How the credential is sent where `dialect` is spoken: a header of the vendor's own belongs to its own dialect.

        In OpenAI's form Anthropic and Google take a bearer token; Azure takes `x-api-key` in Anthropic's.
        """
        if dialect == self.dialect or self.auth not in {"x-api-key", "x-goog-api-key", "api-key"}:
            return self.auth
        if self.auth == "api-key":
            return "x-api-key" if dialect == "anthropic_messages" else "api-key"
        return "bearer"

    def base_for(self, dialect: str) -> str | None:
        """The base URL where it speaks `dialect`; None where it does not."""
        return self.base_url if dialect == self.dialect else self.also.get(dialect)


def offers(*names: str) -> frozenset[str]:
    """A vendor's capabilities, chat among them."""
    return frozenset({"chat", *names})


def speaks(base_url: str, *dialects: str, **others: str) -> Mapping[str, str]:
    """A value of `also`: `dialects` at `base_url`, and others with a base URL each."""
    return MappingProxyType({**dict.fromkeys(dialects, base_url), **others})
