"""Files of other gateways, as their documentation shows them, with secrets whose appearance anywhere is a fault."""

import json

CANARY = "sk-canary-4b1d"

LITELLM = f"""
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: azure/gpt-4o-eu
      api_base: https://my-endpoint-europe.openai.azure.com/
      api_key: "os.environ/AZURE_API_KEY_EU"
      api_version: "2024-08-01-preview"
      rpm: 6
      weight: 3
  - model_name: gpt-4o
    litellm_params:
      model: openai/gpt-4o
      api_key: {CANARY}-openai
      rpm: 10
      tpm: 100000
      temperature: 0.2
    model_info: {{mode: chat, input_cost_per_token: 0.0000025, output_cost_per_token: 0.00001}}
  - model_name: claude
    litellm_params: {{model: anthropic/claude-sonnet-4-5, max_parallel_requests: 20, timeout: 300, stream_timeout: 60}}
  - model_name: bedrock claude
    litellm_params: {{model: bedrock/converse/anthropic.claude-3-5-sonnet, aws_region_name: eu-west-1}}
  - model_name: vertex
    litellm_params: {{model: vertex_ai/claude-3-5-sonnet, vertex_project: my-project, vertex_location: europe-west1}}
  - model_name: local
    litellm_params: {{model: hosted_vllm/llama-3, api_base: "http://10.0.0.5:8000", api_key: none}}
  - model_name: mine
    litellm_params: {{model: openai/my-model, api_base: "https://llm.example.com/v1/"}}
  - model_name: "anthropic/*"
    litellm_params: {{model: "anthropic/*", api_key: os.environ/ANTHROPIC_API_KEY}}
  - model_name: gone
    litellm_params: {{model: sagemaker/jumpstart, api_key: os.environ/X}}
  - model_name: unplaced
    litellm_params: {{model: azure/x, api_base: os.environ/AZURE_API_BASE}}
litellm_settings:
  drop_params: true
  request_timeout: 600
  success_callback: [langfuse]
  fallbacks: [{{"claude": ["gpt-4o", "gone"]}}]
router_settings:
  routing_strategy: simple-shuffle
  model_group_alias: {{best: gpt-4o, hidden: {{model: claude, hidden: true}}}}
  redis_password: {CANARY}-redis
general_settings:
  master_key: {CANARY}-master-key
  database_url: postgresql://user:{CANARY}@db/litellm
environment_variables:
  LANGFUSE_SECRET: {CANARY}-langfuse
"""

ONE_API = json.dumps(
    {
        "channels": {
            "success": True,
            "data": [
                {"id": 1, "type": 1, "key": f"{CANARY}-one\n{CANARY}-two", "status": 1, "name": "OpenAI main", "weight": 5,
                 "priority": 10, "base_url": "", "models": "gpt-4o,gpt-4o-mini", "group": "default", "model_mapping": ""},
                {"id": 2, "type": 8, "key": f"{CANARY}-custom", "status": 1, "name": "中转", "weight": 0, "priority": 0,
                 "base_url": "https://relay.example.com", "models": "gpt-4o,deepseek chat", "group": "vip",
                 "model_mapping": '{"deepseek chat": "deepseek-chat"}'},
                {"id": 3, "type": 3, "key": f"{CANARY}-azure", "status": 1, "name": "azure", "other": "2024-06-01",
                 "base_url": "https://house.openai.azure.com", "models": "gpt-4o", "config": "{}"},
                {"id": 4, "type": 33, "key": f"AKIA|{CANARY}|us-east-1", "status": 1, "name": "aws", "models": "claude-3"},
                {"id": 5, "type": 18, "key": f"{CANARY}-xunfei", "status": 1, "name": "spark", "models": "spark-max"},
                {"id": 6, "type": 14, "key": f"{CANARY}-off", "status": 2, "name": "off", "models": "claude-off"},
                {"id": 7, "type": 30, "key": "", "status": 1, "name": "ollama", "base_url": "http://localhost:11434",
                 "models": "llama3"},
            ],
        },
        "tokens": [
            {"id": 1, "name": "web app", "key": f"{CANARY}-token", "status": 1, "expired_time": -1, "unlimited_quota": True,
             "models": "gpt-4o", "subnet": "10.0.0.0/8"},
            {"id": 2, "name": "batch", "key": "", "status": 1, "expired_time": 1893456000, "remain_quota": 500000},
            {"id": 3, "name": "old", "key": f"{CANARY}-old", "status": 3},
        ],
    }
)  # fmt: skip

NEW_API = json.dumps(
    {"success": True, "data": {"items": [
        {"id": 1, "type": 43, "key": f"{CANARY}-deepseek", "status": 1, "name": "ds", "models": "deepseek-chat", "auto_ban": 1,
         "base_url": None, "priority": None, "weight": None, "setting": "{}", "param_override": '{"temperature": 0}'},
        {"id": 2, "type": 41, "key": json.dumps({"type": "service_account", "private_key": CANARY}), "status": 1,
         "name": "vertex", "models": "gemini-2.5-pro", "other": '{"region": "global"}'},
    ]}}
)  # fmt: skip

_CHAT = {
    "post": {
        "security": [{"key": []}],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Body"}}}},
    }
}
APIPARK = json.dumps(
    {
        "team": [{"id": "t1", "name": "Data Team", "description": "x"}],
        "service": [
            {"id": "s1", "name": "House Chat", "team": "t1", "service_type": "inner", "description": "d",
             "openapi": {"openapi": "3.0.1", "info": {"title": "x"}, "servers": [{"url": "https://llm.example.com/api"}],
                         "paths": {"/v1/chat/completions": _CHAT, "/v1/models": {"get": {}}},
                         "components": {"schemas": {"Body": {"properties": {"model": {"enum": ["small", "large"]}}}},
                                        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}}},
            {"id": "s2", "name": "Data Cruncher API", "team": "t1", "service_type": "public",
             "doc": json.dumps({"swagger": "2.0", "host": "demo.example.com", "paths": {"/clean": {"post": {}}}})},
            {"id": "s3", "name": "Assistant", "team": "t1", "service_type": "public", "service_kind": "ai",
             "provider": {"id": "openai", "name": "OpenAI"}, "model": "gpt-4o"},
            {"id": "s4", "name": "Undocumented", "team": "t1", "doc": "<h3>read me</h3>"},
        ],
        "app": [{"id": "a1", "name": "Demo App", "team": "t1"}],
        "authorization": [
            {"application": "a1", "id": "k1", "name": "Demo Auth Key", "driver": "apikey", "token_name": "Authorization",
             "config": {"apikey": f"{CANARY}-app"}, "expire_time": 1893456000},
            {"application": "a1", "id": "k2", "name": "jwt", "driver": "jwt", "config": {"secret": CANARY}},
        ],
        "upstream": [
            {"id": "s1", "service": "s1", "scheme": "HTTPS", "nodes": [{"address": "elsewhere.example.com", "weight": 9}],
             "limit_peer_second": 10, "timeout": 3},
        ],
        "subscribe": [{"id": "x", "service": "s1", "subscriber": "a1"}, {"id": "y", "service": "s2", "subscriber": "a1"}],
    }
)  # fmt: skip

SAMPLES = {"litellm": [LITELLM], "one-api": [ONE_API, NEW_API], "apipark": [APIPARK]}
