"""What `torana serve` shows on the terminal: on standard output, so that logs do not get between the lines."""

import json
import shlex
from collections.abc import Mapping

from torana.settings import Settings, parse_address

MODEL = "demo/chat"
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def base_url(settings: Settings) -> str:
    """Where a client on this machine finds the gate."""
    host, port = parse_address(settings.listen)
    host = _ANY.get(host, host)
    scheme = "https" if settings.tls_certificate else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def where(settings: Settings) -> str:
    """The lines of every start."""
    admin = f"Admin address  http://{settings.admin_listen}\n" if settings.admin_listen else ""
    return f"Torana is ready at {base_url(settings)}\n{admin}Its data lies in {settings.data}\n"


def first_sign_in(made: Mapping[str, str], settings: Settings) -> str:
    """The lines of the first start: what was made, and how to try it. `made` is the result of init."""
    body = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]})
    url = f"{base_url(settings)}/v1"
    authorization = shlex.quote("Authorization: Bearer " + made["key"])
    curl = (
        f"curl {shlex.quote(url + '/chat/completions')} -H {authorization}"
        f" -H 'Content-Type: application/json' -d {shlex.quote(body)}"
    )
    return f"""
Made at this first start and shown only now:

  admin email     {made["admin_email"]}
  admin password  {made["admin_password"]}
  admin token     {made["admin_token"]}
  first key       {made["key"]}

Try it with curl:

{curl}

or with Python (pip install openai):

from openai import OpenAI
client = OpenAI(base_url={json.dumps(url)}, api_key={json.dumps(made["key"])})
reply = client.chat.completions.create(model={json.dumps(MODEL)}, messages=[{{"role": "user", "content": "Hello"}}])
print(reply.choices[0].message.content)
"""
