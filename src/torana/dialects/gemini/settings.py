"""`generationConfig` for Gemini, from a request of any dialect."""

from typing import Any

from torana.core.exchange import ModelRequest, Thinking
from torana.core.losses import Losses
from torana.dialects.gemini import NAME
from torana.dialects.gemini.config import PREFIX
from torana.dialects.gemini.signatures import demands_signatures

_BUDGETS = {"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576, "xhigh": 24576, "max": 24576}
"""What Google takes an effort for where the model knows only budgets: https://ai.google.dev/gemini-api/docs/openai#thinking"""
_LEVELS = {"none": "MINIMAL", "minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM"}
_RAW_SOUND = (None, "pcm", "pcm16", "wav")


def encode_config(request: ModelRequest, model: str, losses: Losses) -> dict[str, Any]:
    """`generationConfig`; empty when there is nothing to say."""
    numbers = (
        ("temperature", request.temperature),
        ("topP", request.top_p),
        ("topK", request.top_k),
        ("maxOutputTokens", request.max_tokens),
        ("candidateCount", request.choices),
        ("seed", request.seed),
        ("presencePenalty", request.presence_penalty),
        ("frequencyPenalty", request.frequency_penalty),
        ("responseLogprobs", request.logprobs),
        ("logprobs", request.top_logprobs),
    )
    config: dict[str, Any] = {name: value for name, value in numbers if value is not None}
    if request.stop:
        config["stopSequences"] = list(request.stop)
    if request.modalities is not None:
        config["responseModalities"] = [modality.upper() for modality in request.modalities]
    _form(request, config)
    _speech(request, config, losses)
    if request.thinking is not None:
        thinking = _thinking(request.thinking, model, request.dialect == NAME)
        if thinking:
            config["thinkingConfig"] = thinking
    if request.dialect == NAME:
        for name, value in request.extra.items():
            if name.startswith(PREFIX):
                config[name.removeprefix(PREFIX)] = value
    return config


def _form(request: ModelRequest, config: dict[str, Any]) -> None:
    wanted = request.format
    if wanted is None:
        return
    if wanted.kind == "text":
        config["responseMimeType"] = "text/plain"
        return
    config["responseMimeType"] = "application/json"
    if wanted.kind == "schema" and wanted.schema is not None:
        config["responseJsonSchema"] = wanted.schema


def _speech(request: ModelRequest, config: dict[str, Any], losses: Losses) -> None:
    speech = request.speech
    if speech is None:
        return
    if speech.format not in _RAW_SOUND:
        losses.need("speech.format", "Gemini speaks in uncompressed sound only")
    if speech.voice is not None:
        config["speechConfig"] = {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": speech.voice}}}


def _thinking(wanted: Thinking, model: str, own: bool) -> dict[str, Any]:
    """Models up to 2.5 take a budget, later ones a level; both at once are refused, unless a caller of Gemini sent both."""
    config: dict[str, Any] = {}
    by_level = demands_signatures(model)
    effort, budget = wanted.effort, wanted.budget_tokens
    if own:
        if budget is not None:
            config["thinkingBudget"] = budget
        if effort is not None:
            config["thinkingLevel"] = effort.upper()
    elif wanted.enabled is False or effort == "none":
        if by_level:
            # It cannot be turned off there: the least is the nearest.
            config["thinkingLevel"] = "MINIMAL"
        else:
            config["thinkingBudget"] = 0
    elif effort is not None and (by_level or budget is None):
        if by_level:
            config["thinkingLevel"] = _LEVELS.get(effort, "HIGH")
        else:
            config["thinkingBudget"] = _BUDGETS[effort]
    elif budget is not None:
        config["thinkingBudget"] = budget
    elif (wanted.enabled or wanted.adaptive) and not by_level:
        config["thinkingBudget"] = -1
    visible = wanted.visible
    if visible is None and not own and (wanted.summary is not None or wanted.enabled):
        # Where thinking is turned on by name, the caller gets to see it; Gemini shows it only when told to.
        visible = True
    if visible is not None:
        config["includeThoughts"] = visible
    return config
