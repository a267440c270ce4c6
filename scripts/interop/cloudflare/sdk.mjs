// The official TypeScript SDK against an embedded account: what a program does around an account's
// identities, without an error that the real API would not give. Environment: BASE, ACCOUNT, TOKEN.
import assert from 'node:assert/strict';
import Cloudflare from 'cloudflare';

const { BASE, ACCOUNT, TOKEN } = process.env;
const account_id = ACCOUNT;
const client = new Cloudflare({ baseURL: BASE, apiToken: TOKEN });
const all = async (list) => {
  const out = [];
  for await (const item of list) out.push(item);
  return out;
};
const fails = async (status, promise) => {
  await assert.rejects(promise, (error) => {
    assert.equal(error.status, status, `${error}`);
    assert.ok(error.errors?.[0]?.message, 'the error body is read');
    return true;
  });
};
let steps = 0;
const step = async (name, act) => {
  try {
    const result = await act();
    steps += 1;
    return result;
  } catch (error) {
    console.error(`TypeScript SDK: ${name}: ${error.stack ?? error}`);
    process.exit(1);
  }
};

await step('verify the token', async () => {
  const check = await client.accounts.tokens.verify({ account_id });
  assert.equal(check.status, 'active');
  await fails(401, client.user.tokens.verify());
});
const permission = await step('permission groups', async () => {
  const list = await all(client.iam.permissionGroups.list({ account_id, per_page: 10 }));
  assert.ok(list.length > 20);
  assert.equal(new Set(list.map((group) => group.id)).size, list.length);
  const [dns] = await all(client.iam.permissionGroups.list({ account_id, label: 'dns' }));
  const one = await client.iam.permissionGroups.get(dns.id, { account_id });
  assert.equal(one.meta.label, 'dns');
  return dns.id;
});
const resource = await step('resource groups', async () => {
  const list = await all(client.iam.resourceGroups.list({ account_id }));
  const made = await client.iam.resourceGroups.create({
    account_id, name: 'ts zone', scope: { key: `com.cloudflare.api.account.${ACCOUNT}`, objects: [{ key: 'com.cloudflare.api.account.zone.x' }] },
  });
  await client.iam.resourceGroups.update(made.id, { account_id, name: 'ts zone 2' });
  assert.equal((await client.iam.resourceGroups.get(made.id, { account_id })).name, 'ts zone 2');
  await client.iam.resourceGroups.delete(made.id, { account_id });
  return list.find((group) => group.name === `com.cloudflare.api.account.${ACCOUNT}`).id;
});
const policy = { access: 'allow', permission_groups: [{ id: permission }], resource_groups: [{ id: resource }] };
const groups = await step('create user groups', async () => {
  const out = [];
  for (let n = 0; n < 5; n += 1) {
    out.push(await client.iam.userGroups.create({ account_id, name: `ts ${n}`, policies: n ? [policy] : [] }));
  }
  await fails(409, client.iam.userGroups.create({ account_id, name: 'ts 0' }, { maxRetries: 0 }));
  return out;
});
await step('page through user groups', async () => {
  for (const per_page of [1, 2, 5, 100]) {
    const list = await all(client.iam.userGroups.list({ account_id, per_page }));
    assert.equal(list.filter((group) => group.name.startsWith('ts ')).length, 5, `${per_page}`);
  }
  const named = await all(client.iam.userGroups.list({ account_id, name: 'ts 3' }));
  assert.deepEqual(named.map((group) => group.id), [groups[3].id]);
});
await step('update a user group', async () => {
  const updated = await client.iam.userGroups.update(groups[0].id, { account_id, policies: [policy] });
  assert.equal(updated.policies[0].permission_groups[0].id, permission);
  const renamed = await client.iam.userGroups.update(groups[0].id, { account_id, name: 'ts zero' });
  assert.equal(renamed.policies.length, 1, 'a rename leaves the policies');
  assert.equal((await client.iam.userGroups.get(groups[0].id, { account_id })).name, 'ts zero');
});
const members = await step('invite members', async () => {
  const out = [];
  for (let n = 0; n < 7; n += 1) {
    out.push(await client.accounts.members.create({ account_id, email: `ts${n}@example.com`, status: 'accepted', policies: [policy] }));
  }
  await fails(409, client.accounts.members.create({ account_id, email: 'ts0@example.com', policies: [policy] }, { maxRetries: 0 }));
  return out;
});
await step('page through members', async () => {
  const list = await all(client.accounts.members.list({ account_id, per_page: 5, order: 'user.email' }));
  const own = list.filter((member) => member.user.email.startsWith('ts'));
  assert.equal(own.length, 7);
  assert.ok(own.every((member) => member.user.id && member.user.id !== member.id), 'two id spaces');
  const got = await client.accounts.members.get(members[0].id, { account_id });
  assert.equal(got.email, 'ts0@example.com');
  const roles = await all(client.accounts.roles.list({ account_id, per_page: 5 }));
  const updated = await client.accounts.members.update(members[0].id, { account_id, roles: [{ id: roles[2].id }] });
  assert.equal(updated.roles[0].id, roles[2].id);
  await client.accounts.members.delete(members[6].id, { account_id });
  await fails(404, client.accounts.members.get(members[6].id, { account_id }));
});
await step('members of a user group', async () => {
  const path = { account_id };
  const group = groups[1].id;
  await all(client.iam.userGroups.members.create(group, { ...path, members: members.slice(0, 3).map(({ id }) => ({ id })) }));
  assert.equal((await all(client.iam.userGroups.members.list(group, { ...path, per_page: 2 }))).length, 3);
  const one = await client.iam.userGroups.members.get(members[0].id, { ...path, user_group_id: group });
  assert.equal(one.user.email, 'ts0@example.com');
  await all(client.iam.userGroups.members.update(group, { ...path, members: [{ id: members[4].id }] }));
  await client.iam.userGroups.members.delete(members[4].id, { ...path, user_group_id: group });
  assert.equal((await all(client.iam.userGroups.members.list(group, path))).length, 0);
  await client.iam.userGroups.delete(groups[4].id, path);
});
await step('audit logs', async () => {
  const day = (offset) => new Date(Date.now() + offset * 86_400_000).toISOString();
  const span = { account_id, since: day(-1), before: day(1) };
  let entries = [];
  for (let tries = 0; tries < 60 && entries.length < 10; tries += 1) {
    entries = await all(client.accounts.logs.audit.list({ ...span, limit: 1000 }));
    if (entries.length < 10) await new Promise((done) => setTimeout(done, 250));
  }
  assert.ok(entries.length >= 10, 'entries show after a while');
  assert.equal(entries[0].actor.context, 'api_token');
  const creations = await all(client.accounts.logs.audit.list({ ...span, limit: 1000, action_type: ['create'] }));
  assert.ok(creations.length && creations.length <= entries.length);
  const entry = entries.find((it) => it.action.description === 'Update User Group');
  const history = await client.accounts.logs.audit.history(entry.id, { ...span, action_time: entry.action.time });
  assert.ok(history.length >= 1, 'this SDK keeps the result alone, without history_status');
  const older = await all(client.auditLogs.list({ account_id, per_page: 7 }));
  assert.ok(older.length >= 10);
});
console.log(`TypeScript SDK: ${steps} steps passed`);
