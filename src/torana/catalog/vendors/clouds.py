"""Models inside the big clouds and data platforms, where each account has an address of its own.

Addresses as of 2026-11-25; the page in `docs` has the last word.
"""

from torana.catalog.vendors.shape import Vendor, offers, speaks

_VERTEX = "https://{region}-aiplatform.googleapis.com/v1/projects/{project}/locations/{region}"
_AZURE = "https://{resource}.openai.azure.com/openai"
_BEDROCK = "https://bedrock-runtime.{region}.amazonaws.com"
_MANTLE = "https://bedrock-mantle.{region}.api.aws"
_SNOWFLAKE = "https://{account}.snowflakecomputing.com/api/v2/cortex/v1"

CLOUDS = (
    Vendor(
        "azure",
        "Azure OpenAI and Foundry, v1",
        f"{_AZURE}/v1",
        "api-key",
        "AZURE_OPENAI_API_KEY",
        "https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle",
        also=speaks(
            f"{_AZURE}/v1",
            "openai_responses",
            anthropic_messages="https://{resource}.services.ai.azure.com/anthropic/v1",
        ),
        capabilities=offers(
            *("completions", "embeddings", "images", "speech", "transcriptions", "files", "batches", "realtime")
        ),
        more_env=("AZURE_API_KEY", "AZURE_OPENAI_ENDPOINT", "AZURE_RESOURCE_NAME"),
    ),
    Vendor(
        "azure-entra",
        "Azure OpenAI and Foundry, v1, with Entra tokens",
        f"{_AZURE}/v1",
        "entra",
        "AZURE_CLIENT_SECRET",
        "https://learn.microsoft.com/azure/ai-foundry/openai/how-to/managed-identity",
        also=speaks(
            f"{_AZURE}/v1",
            "openai_responses",
            anthropic_messages="https://{resource}.services.ai.azure.com/anthropic/v1",
        ),
        capabilities=offers(
            *("completions", "embeddings", "images", "speech", "transcriptions", "files", "batches", "realtime")
        ),
        more_env=("AZURE_TENANT_ID", "AZURE_CLIENT_ID"),
        priced_as="azure",
    ),
    Vendor(
        "azure-deployments",
        "Azure OpenAI, by deployment",
        f"{_AZURE}/deployments/{{deployment}}",
        "api-key",
        "",
        "https://learn.microsoft.com/azure/ai-foundry/openai/reference",
        capabilities=offers("completions", "embeddings", "images", "speech", "transcriptions"),
        priced_as="azure",
    ),
    Vendor(
        "google-vertex",
        "Google Vertex AI",
        f"{_VERTEX}/publishers/google",
        "google-service-account",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference",
        dialect="gemini",
        also=speaks(
            f"{_VERTEX}/endpoints/openapi", "openai_chat", anthropic_messages=f"{_VERTEX}/publishers/anthropic"
        ),
        capabilities=offers("embeddings", "images", "speech", "batches", "realtime"),
        more_env=("GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION"),
        priced_as="google",
    ),
    Vendor(
        "aws",
        "AWS Bedrock",
        _BEDROCK,
        "sigv4",
        "AWS_ACCESS_KEY_ID",
        "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html",
        dialect="bedrock_converse",
        also=speaks(
            f"{_BEDROCK}/openai/v1",
            "openai_chat",
            openai_responses=f"{_MANTLE}/v1",
            anthropic_messages=f"{_MANTLE}/anthropic/v1",
        ),
        capabilities=offers("embeddings", "rerank", "images", "batches"),
        more_env=("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"),
    ),
    Vendor(
        "aws-bearer",
        "AWS Bedrock, with a Bedrock API key",
        _BEDROCK,
        "bearer",
        "AWS_BEARER_TOKEN_BEDROCK",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html",
        dialect="bedrock_converse",
        also=speaks(
            f"{_BEDROCK}/openai/v1",
            "openai_chat",
            openai_responses=f"{_MANTLE}/v1",
            anthropic_messages=f"{_MANTLE}/anthropic/v1",
        ),
        priced_as="aws",
    ),
    Vendor(
        "watsonx",
        "IBM watsonx.ai model gateway",
        "https://{region}.ml.cloud.ibm.com/ml/gateway/v1",
        "ibm-iam",
        "WATSONX_APIKEY",
        "https://www.ibm.com/docs/en/watsonx/saas?topic=generation-inferencing-gateway-models",
        capabilities=offers("completions", "embeddings"),
        more_env=("WATSONX_AI_APIKEY", "WATSONX_URL", "WATSONX_PROJECT_ID"),
    ),
    Vendor(
        "databricks",
        "Databricks",
        "https://{workspace}/serving-endpoints",
        "bearer",
        "DATABRICKS_TOKEN",
        "https://docs.databricks.com/aws/en/machine-learning/model-serving/score-foundation-models",
        also=speaks("https://{workspace}/serving-endpoints/anthropic/v1", "anthropic_messages"),
        capabilities=offers("completions", "embeddings"),
        more_env=("DATABRICKS_HOST",),
    ),
    Vendor(
        "snowflake",
        "Snowflake Cortex",
        _SNOWFLAKE,
        "bearer",
        "SNOWFLAKE_TOKEN",
        "https://docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-rest-api",
        also=speaks(_SNOWFLAKE, "anthropic_messages"),
        more_env=("SNOWFLAKE_ACCOUNT",),
    ),
    Vendor(
        "cloudflare",
        "Cloudflare Workers AI",
        "https://api.cloudflare.com/client/v4/accounts/{account}/ai/v1",
        "bearer",
        "CLOUDFLARE_API_TOKEN",
        "https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility",
        also=speaks("https://api.cloudflare.com/client/v4/accounts/{account}/ai/v1", "openai_responses"),
        capabilities=offers("embeddings"),
        more_env=("CLOUDFLARE_API_KEY", "CLOUDFLARE_ACCOUNT_ID"),
    ),
    Vendor(
        "modal",
        "Modal",
        "https://{workspace}.modal.run/v1",
        "bearer",
        "MODAL_API_KEY",
        "https://modal.com/docs/examples/vllm_inference",
        capabilities=offers("completions"),
    ),
    Vendor(
        "baseten-dedicated",
        "Baseten, dedicated deployment",
        "https://model-{deployment}.api.baseten.co/environments/production/sync/v1",
        "bearer",
        "",
        "https://docs.baseten.co/development/model/openai-compatible-server",
        capabilities=offers("completions", "embeddings"),
    ),
)
