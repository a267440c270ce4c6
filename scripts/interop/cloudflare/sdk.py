"""The official Python SDK against an embedded account: as sdk.mjs. Environment: BASE, ACCOUNT, TOKEN."""

import datetime
import os
import time

import cloudflare
from cloudflare import Cloudflare

account = os.environ["ACCOUNT"]
own = {"account_id": account}
client = Cloudflare(base_url=os.environ["BASE"], api_token=os.environ["TOKEN"])
steps = 0


def step(act):
    global steps
    result = act()
    steps += 1
    return result


def fails(status, act):
    try:
        act()
    except cloudflare.APIStatusError as error:
        assert error.status_code == status, error
        assert error.errors[0].message, "the error body is read"
    else:
        raise AssertionError(f"not refused with {status}")


@step
def token():
    assert client.accounts.tokens.verify(**own).status == "active"
    fails(401, client.user.tokens.verify)


@step
def permission():
    found = list(client.iam.permission_groups.list(**own, per_page=10))
    assert len(found) > 20 and len({group.id for group in found}) == len(found)
    (dns,) = client.iam.permission_groups.list(**own, label="dns")
    assert client.iam.permission_groups.get(dns.id, **own).id == dns.id
    return dns.id


@step
def resource():
    whole = f"com.cloudflare.api.account.{account}"
    found = list(client.iam.resource_groups.list(**own))
    scope = {"key": whole, "objects": [{"key": "com.cloudflare.api.account.zone.x"}]}
    made = client.iam.resource_groups.create(**own, name="py zone", scope=scope)
    client.iam.resource_groups.update(made.id, **own, name="py zone 2")
    assert client.iam.resource_groups.get(made.id, **own).name == "py zone 2"
    client.iam.resource_groups.delete(made.id, **own)
    return next(group.id for group in found if group.name == whole)


policy = {"access": "allow", "permission_groups": [{"id": permission}], "resource_groups": [{"id": resource}]}


@step
def groups():
    made = [
        client.iam.user_groups.create(**own, name=f"py {n}", policies=[policy] if n else []) for n in range(5)
    ]
    fails(409, lambda: client.with_options(max_retries=0).iam.user_groups.create(**own, name="py 0"))
    return made


@step
def pages():
    for per_page in (1, 2, 5, 100):
        found = [group for group in client.iam.user_groups.list(**own, per_page=per_page) if group.name.startswith("py ")]
        assert len(found) == 5, per_page
    (named,) = client.iam.user_groups.list(**own, name="py 3")
    assert named.id == groups[3].id


@step
def update():
    updated = client.iam.user_groups.update(groups[0].id, **own, policies=[policy])
    assert updated.policies[0].permission_groups[0].id == permission
    renamed = client.iam.user_groups.update(groups[0].id, **own, name="py zero")
    assert len(renamed.policies) == 1, "a rename leaves the policies"
    assert client.iam.user_groups.get(groups[0].id, **own).name == "py zero"


@step
def members():
    made = [
        client.accounts.members.create(**own, email=f"py{n}@example.com", status="accepted", policies=[policy])
        for n in range(7)
    ]
    again = client.with_options(max_retries=0).accounts.members
    fails(409, lambda: again.create(**own, email="py0@example.com", policies=[policy]))
    return made


@step
def member_pages():
    found = [m for m in client.accounts.members.list(**own, per_page=5, order="user.email") if m.user.email.startswith("py")]
    assert len(found) == 7 and all(m.user.id and m.user.id != m.id for m in found), "two id spaces"
    assert client.accounts.members.get(members[0].id, **own).email == "py0@example.com"
    roles = list(client.accounts.roles.list(**own, per_page=5))
    updated = client.accounts.members.update(members[0].id, **own, roles=[{"id": roles[2].id}])
    assert updated.roles[0].id == roles[2].id
    client.accounts.members.delete(members[6].id, **own)
    fails(404, lambda: client.accounts.members.get(members[6].id, **own))


@step
def members_of_groups():
    group, path = groups[1].id, client.iam.user_groups.members
    list(path.create(group, **own, members=[{"id": member.id} for member in members[:3]]))
    assert len(list(path.list(group, **own, per_page=2))) == 3
    assert path.get(members[0].id, **own, user_group_id=group).user.email == "py0@example.com"
    list(path.update(group, **own, members=[{"id": members[4].id}]))
    path.delete(members[4].id, **own, user_group_id=group)
    assert not list(path.list(group, **own))
    client.iam.user_groups.delete(groups[4].id, **own)


@step
def audit():
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    span = {**own, "since": (now - day).isoformat(), "before": (now + day).isoformat()}
    entries = []
    for _ in range(60):
        entries = list(client.accounts.logs.audit.list(**span, limit=1000))
        if len(entries) >= 10:
            break
        time.sleep(0.25)
    assert len(entries) >= 10, "entries show after a while"
    assert entries[0].actor.context == "api_token"
    creations = list(client.accounts.logs.audit.list(**span, limit=1000, action_type=["create"]))
    assert 0 < len(creations) <= len(entries)
    entry = next(it for it in entries if it.action.description == "Update User Group")
    history = client.accounts.logs.audit.history(entry.id, **span, action_time=entry.action.time)
    assert history, "this SDK keeps the result alone, without history_status"
    assert len(list(client.audit_logs.list(**own, per_page=7))) >= 10


print(f"Python SDK: {steps} steps passed")
