"""What LiteLLM's words mean here: prefixes of models, and settings that have no place in a torana.yaml.

Sources: https://docs.litellm.ai/docs/providers, https://docs.litellm.ai/docs/proxy/configs,
https://docs.litellm.ai/docs/proxy/config_settings
"""

PREFIXES = {
    "anthropic_text": "anthropic",
    "azure_ai": "azure",
    "azure_text": "azure",
    "bedrock_converse": "aws",
    "codestral": "mistral",
    "cohere_chat": "cohere",
    "custom_openai": "openai-compatible",
    "hosted_vllm": "vllm",
    "litellm_proxy": "litellm",
    "llamafile": "llama-cpp",
    "ollama_chat": "ollama",
    "openai_like": "openai-compatible",
    "sagemaker": "",
    "sagemaker_chat": "",
    "text-completion-codestral": "mistral",
    "text-completion-openai": "openai",
    "vertex_ai_beta": "google-vertex",
    "voyage": "voyageai",
    "watsonx_text": "watsonx",
}
"""Vendors by LiteLLM's names of providers, where neither id nor usual other spelling is the same; empty: there is none."""

BARE = (
    ("claude", "anthropic"),
    ("gemini", "google"),
    ("command", "cohere"),
    ("mistral", "mistral"),
    ("deepseek", "deepseek"),
)
"""Vendors of models without a prefix, by how the name begins; every other is OpenAI's."""

PARAMS = {
    "tpm": "there are no limits by tokens in a torana.yaml; a limit of requests is the nearest",
    "max_budget": "budgets are not part of a torana.yaml",
    "budget_duration": "budgets are not part of a torana.yaml",
    "num_retries": "a call is tried at each deployment of its service in turn",
    "max_retries": "a call is tried at each deployment of its service in turn",
    "cooldown_time": "a deployment that fails is left alone for a while by itself",
    "use_in_pass_through": "pass-through needs no setting: a call in the vendor's own dialect is passed as it is",
    "merge_reasoning_content_in_choices": "reasoning is translated to each caller's dialect by itself",
    "configurable_clientside_auth_params": "callers cannot choose addresses or credentials",
    "tags": "routing by tags is not there: make a service for each",
    "organization": "the gate sends no organisation: use a key of that organisation's project",
    "extra_headers": "the gate sends no headers of its own: a custom model can",
    "azure_ad_token": "use the vendor azure-entra, which buys tokens with a client secret",
    "tenant_id": "use the vendor azure-entra, with the option tenant",
    "client_id": "use the vendor azure-entra, with the option client_id",
    "client_secret": "use the vendor azure-entra, whose api_key it is",
    "litellm_credential_name": "credentials by name are not read: set the variable that the provider names",
    "aws_session_token": "put it behind the secret key in the variable: ACCESS_KEY_ID:SECRET_ACCESS_KEY:SESSION_TOKEN",
}
"""Fields of litellm_params that do not come across, with the reason."""

SETTINGS = {
    "litellm_settings": {
        "success_callback": "calls are recorded by themselves: `torana calls`, /metrics",
        "failure_callback": "calls are recorded by themselves: `torana calls`, /metrics",
        "callbacks": "calls are recorded by themselves: `torana calls`, /metrics",
        "service_callback": "figures of the gateway itself are at /metrics",
        "cache": "there is no cache of replies",
        "cache_params": "there is no cache of replies",
        "num_retries": "a call is tried at each deployment of its service in turn",
        "set_verbose": "see the setting TORANA_LOG_LEVEL",
        "json_logs": "see the setting TORANA_LOG_FORMAT",
        "context_window_fallbacks": "make the larger model a deployment of weight 0, or a service that callers choose",
        "content_policy_fallbacks": "there are no fallbacks by what a vendor refused",
        "turn_off_message_logging": "bodies are not kept unless keep_bodies of a service or an app says so",
        "redact_user_api_key_info": "records name keys by id",
        "max_budget": "budgets are not part of a torana.yaml",
        "budget_duration": "budgets are not part of a torana.yaml",
        "guardrails": "guardrails are not part of a torana.yaml",
    },
    "router_settings": {
        "routing_strategy": "deployments are chosen by weight",
        "routing_strategy_args": "deployments are chosen by weight",
        "num_retries": "a call is tried at each deployment of its service in turn",
        "allowed_fails": "a deployment that fails is left alone for a while by itself",
        "cooldown_time": "a deployment that fails is left alone for a while by itself",
        "retry_policy": "what is worth another try is known for each kind of failure",
        "enable_pre_call_checks": "what a model surely cannot do is refused by itself",
        "redis_host": "several nodes share a PostgreSQL database: TORANA_DATABASE",
        "redis_port": "several nodes share a PostgreSQL database: TORANA_DATABASE",
        "redis_password": "several nodes share a PostgreSQL database: TORANA_DATABASE",
        "redis_url": "several nodes share a PostgreSQL database: TORANA_DATABASE",
        "context_window_fallbacks": "make the larger model a deployment of weight 0, or a service that callers choose",
        "content_policy_fallbacks": "there are no fallbacks by what a vendor refused",
    },
    "general_settings": {
        "database_url": "see the setting TORANA_DATABASE; LiteLLM's own tables are not read",
        "store_model_in_db": "what is made by hand and by file lie side by side in the database",
        "alerting": "see the figures at /metrics",
        "allowed_routes": "a key can be narrowed to endpoints in the admin API",
        "max_parallel_requests": "set `limits: [{concurrency: N}]` on the app or the team",
        "global_max_parallel_requests": "set `limits: [{concurrency: N}]` on the team",
        "ui_access_mode": "who may do what are roles",
        "proxy_batch_write_at": "records are written by themselves",
        "enable_jwt_auth": "issuers of tokens are set up in the admin API",
    },
}
"""Settings by section, with why they do not come across and what stands in their place."""

UNKNOWN = "this importer does not know it"
DEFAULTS = "callers send it with each call; the gate adds nothing to a body"
CATALOGUE = "the catalogue of models says what a model is: `torana models --catalogue`"
ELSEWHERE = "its value stands in an environment variable, and the file needs it: write it there, and import again"
