"""An organisation's identity provider before the whole process tree: users by SCIM, then sign-in in a browser, through the gate."""

import re
from pathlib import Path
from typing import Any

import httpx2

from tests.support.instance import run_instance
from tests.support.issuer import CLIENT_ID, CLIENT_SECRET, running_issuer
from tests.support.polling import eventually


def test_who_is_provisioned_by_scim_signs_in_through_openid_connect_until_they_are_deactivated(tmp_path: Path) -> None:
    with run_instance(tmp_path, workers=1) as running, running_issuer() as issuer:
        eventually(lambda: running.request("GET", "/api/v1/health", key="").status == 200, "control answers", 60)
        token = re.search(r"admin token +(\S+)", running.output())
        assert token is not None
        admin = httpx2.Client(base_url=running.url, headers={"authorization": f"Bearer {token[1]}"})
        browser = httpx2.Client(base_url=running.url)

        def scim(method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
            reply = admin.request(
                method, "/scim/v2" + path, json=body, headers={"content-type": "application/scim+json"}
            )
            assert reply.headers["content-type"] == "application/scim+json", reply.text
            found: dict[str, Any] = reply.raise_for_status().json()
            return found

        def teams() -> httpx2.Response:
            return browser.get("/api/v1/teams")

        with admin, browser:
            provider = {"name": "corp", "issuer": issuer.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
            admin.post("/api/v1/identity-providers", json=provider).raise_for_status()
            admin.post("/api/v1/teams", json={"name": "research"}).raise_for_status()
            given = {"source": "scim", "group": "Research", "team": "research", "role": "viewer"}
            admin.post("/api/v1/group-roles", json=given).raise_for_status()
            ann = scim("POST", "/Users", {"userName": "ann@example.org"})
            assert ann["meta"]["location"] == f"{running.url}/scim/v2/Users/{ann['id']}"
            scim("POST", "/Groups", {"displayName": "Research", "members": [{"value": ann["id"]}]})

            assert teams().status_code == 401
            begun = browser.get("/api/v1/sign-in/corp")
            answer = issuer.authorize(begun.headers["location"])
            done = browser.get("/api/v1/sign-in/corp/callback", params=answer)
            assert (done.status_code, done.headers["location"]) == (303, "/console")
            assert [team["name"] for team in teams().json()["items"]] == ["research"]

            off = {"Operations": [{"op": "Replace", "path": "active", "value": "False"}]}
            assert scim("PATCH", f"/Users/{ann['id']}", off)["active"] is False
            assert teams().status_code == 401
