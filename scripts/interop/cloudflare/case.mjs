// One case of docs/compare-sdks.md with the TypeScript SDK. Environment: BASE, ACCOUNT, TOKEN, CASE. Prints
// one line of JSON; the requests are counted by the account.
import Cloudflare from 'cloudflare';

const { BASE, ACCOUNT, TOKEN, CASE } = process.env;
const account_id = ACCOUNT;
const client = new Cloudflare({ baseURL: BASE, apiToken: TOKEN });
const say = (outcome) => console.log(JSON.stringify(outcome));
const count = async (list, most = Infinity) => {
  const seen = new Set();
  let entries = 0;
  for await (const item of list) {
    seen.add(item.id);
    entries += 1;
    if (entries >= most) return { entries, different: seen.size, cut: true };
  }
  return { entries, different: seen.size };
};
const day = (offset) => new Date(Date.now() + offset * 86_400_000).toISOString();
const cases = {
  audit: () => count(client.accounts.logs.audit.list({ account_id, since: day(-1), before: day(1), limit: 2 })),
  pages: () => count(client.iam.userGroups.list({ account_id, per_page: 2 })),
  ignored: () => count(client.accounts.members.list({ account_id, per_page: 50 }), 24_000),
  blocked: async () => {
    const first = count(client.accounts.members.list({ account_id, per_page: 50 }));
    await new Promise((done) => setTimeout(done, 1000));
    const second = client.accounts.roles.list({ account_id, per_page: 50 });
    const outcomes = await Promise.allSettled([first, second]);
    const failed = outcomes.find((it) => it.status === 'rejected');
    if (failed) throw failed.reason;
    return {};
  },
  user_group: async () => ({ id: (await client.iam.userGroups.create({ account_id, name: 'Ops' })).id }),
  resource_group: async () => {
    const scope = { key: `com.cloudflare.api.account.${ACCOUNT}`, objects: [{ key: 'com.cloudflare.api.account.zone.x' }] };
    return { id: (await client.iam.resourceGroups.create({ account_id, name: 'A zone', scope })).id };
  },
};
try {
  say(await cases[CASE]());
} catch (error) {
  say({ error: error.constructor.name, status: error.status ?? null });
}
