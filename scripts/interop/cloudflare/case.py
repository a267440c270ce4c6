"""One case of docs/compare-sdks.md with the Python SDK: as case.mjs."""

import concurrent.futures
import datetime
import json
import os
import time

import cloudflare
from cloudflare import Cloudflare

account = os.environ["ACCOUNT"]
own = {"account_id": account}
client = Cloudflare(base_url=os.environ["BASE"], api_token=os.environ["TOKEN"])


def count(listed, most=None):
    seen, entries = set(), 0
    for item in listed:
        seen.add(item.id)
        entries += 1
        if entries == most:
            return {"entries": entries, "different": len(seen), "cut": True}
    return {"entries": entries, "different": len(seen)}


def day(offset):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=offset)).isoformat()


def blocked():
    with concurrent.futures.ThreadPoolExecutor() as pool:
        first = pool.submit(lambda: count(client.accounts.members.list(**own, per_page=50)))
        time.sleep(1)
        second = pool.submit(lambda: client.iam.permission_groups.list(**own, per_page=50))
        concurrent.futures.wait([first, second])
        first.result(), second.result()
    return {}


scope = {"key": f"com.cloudflare.api.account.{account}", "objects": [{"key": "com.cloudflare.api.account.zone.x"}]}
cases = {
    "audit": lambda: count(client.accounts.logs.audit.list(**own, since=day(-1), before=day(1), limit=2)),
    "pages": lambda: count(client.iam.user_groups.list(**own, per_page=2)),
    "ignored": lambda: count(client.accounts.members.list(**own, per_page=50), 24_000),
    "blocked": blocked,
    "user_group": lambda: {"id": client.iam.user_groups.create(**own, name="Ops").id},
    "resource_group": lambda: {"id": client.iam.resource_groups.create(**own, name="A zone", scope=scope).id},
}
try:
    outcome = cases[os.environ["CASE"]]()
except cloudflare.APIError as error:
    outcome = {"error": type(error).__name__, "status": getattr(error, "status_code", None)}
print(json.dumps(outcome))
