"""`generationConfig` of a caller, field by field."""

from collections.abc import Callable
from typing import Any, get_args

from torana.core.exchange import Effort, Format, Speech, Thinking
from torana.dialects.fields import Fields, wrong
from torana.dialects.gemini.names import inner
from torana.dialects.gemini.schema import to_json_schema

PREFIX = "generationConfig."
"""Of the names in `extra` that belong in there."""
_EFFORTS: tuple[Effort, ...] = get_args(Effort)
_READ: dict[str, tuple[str, Callable[[Fields, str], Any]]] = {
    "temperature": ("temperature", Fields.number),
    "topP": ("top_p", Fields.number),
    "topK": ("top_k", Fields.integer),
    "maxOutputTokens": ("max_tokens", Fields.integer),
    "stopSequences": ("stop", Fields.texts),
    "candidateCount": ("choices", Fields.integer),
    "seed": ("seed", Fields.integer),
    "presencePenalty": ("presence_penalty", Fields.number),
    "frequencyPenalty": ("frequency_penalty", Fields.number),
    "responseLogprobs": ("logprobs", Fields.flag),
    "logprobs": ("top_logprobs", Fields.integer),
}
_FORM = {"responseMimeType", "responseSchema", "responseJsonSchema", "_responseJsonSchema"}


def decode_config(fields: Fields) -> dict[str, Any]:
    """The fields of a ModelRequest that `generationConfig` sets, and `extra` for the rest. Raises Refusal: invalid_field."""
    config = inner(fields, "generationConfig")
    if config is None:
        return {"extra": {}}
    found: dict[str, Any] = {}
    rest = config.rest
    for name in _READ.keys() & rest.keys():
        field, read = _READ[name]
        found[field] = read(config, name)
    if rest.keys() & _FORM:
        found["format"] = _format(config)
    if "thinkingConfig" in rest:
        found["thinking"] = _thinking(config)
    if "speechConfig" in rest:
        found["speech"] = _speech(config)
    modalities = config.texts("responseModalities")
    if modalities:
        found["modalities"] = tuple(modality.lower() for modality in modalities)
    found["extra"] = {PREFIX + name: value for name, value in config.known().items()}
    return found


def _format(config: Fields) -> Format | None:
    """The form of the answer. A media type that no other dialect has stays, with its schema, among what is unknown."""
    media_type = config.rest.get("responseMimeType")
    if media_type not in (None, "application/json", "text/plain"):
        config.text("responseMimeType")
        config.rest["responseMimeType"] = media_type
        return None
    config.take("responseMimeType")
    sent = config.take("responseSchema")
    given = config.take("responseJsonSchema")
    older = config.take("_responseJsonSchema")
    given = older if given is None else given
    if given is not None:
        if not isinstance(given, dict):
            raise wrong(config.place("responseJsonSchema"), "it has to be an object")
        return Format(kind="schema", schema=given)
    if sent is not None:
        return Format(kind="schema", schema=to_json_schema(sent, config.place("responseSchema")))
    if media_type is None:
        return None
    return Format(kind="json" if media_type == "application/json" else "text")


def _thinking(config: Fields) -> Thinking | None:
    """`thinkingConfig`: a budget of 0 turns it off, -1 leaves it to the model."""
    given = inner(config, "thinkingConfig")
    if given is None:
        return None
    budget = given.integer("thinkingBudget", least=-1)
    level = given.text("thinkingLevel")
    visible = given.flag("includeThoughts")
    for unknown in given.known():
        raise wrong(given.place(unknown), "it is not known")
    effort: Effort | None = None
    if level is not None and level != "THINKING_LEVEL_UNSPECIFIED":
        effort = next((name for name in _EFFORTS if name == level.lower()), None)
        if effort is None:
            raise wrong(given.place("thinkingLevel"), "it has to be MINIMAL, LOW, MEDIUM or HIGH")
    enabled = None
    if budget is not None or effort is not None:
        enabled = budget != 0
    return Thinking(enabled=enabled, effort=effort, budget_tokens=budget, visible=visible)


def _speech(config: Fields) -> Speech | None:
    """A prebuilt voice; anything richer (several speakers, a language) stays as it is among what is unknown."""
    whole = config.rest.get("speechConfig")
    given = inner(config, "speechConfig")
    if given is None:
        return None
    voice = inner(given, "voiceConfig")
    prebuilt = None if voice is None else inner(voice, "prebuiltVoiceConfig")
    name = None if prebuilt is None else prebuilt.text("voiceName")
    if name is None or voice is None or prebuilt is None or given.known() or voice.known() or prebuilt.known():
        config.rest["speechConfig"] = whole
        return None
    return Speech(voice=name)
