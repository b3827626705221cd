// jsforce 3 at its ordinary work. Every step gets {base, token, version, ...} and returns what a test asserts on.

function connect(take, { base, token, version }) {
  const { Connection } = take('jsforce');
  return new Connection({ instanceUrl: base, accessToken: token, version });
}

// What a refused call tells: {errorCode, message}, as jsforce gives it to its caller.
async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return { errorCode: error.errorCode ?? error.name, message: error.message };
  }
  return null;
}

export async function loginByOauth(take, { base, clientId, clientSecret, version }) {
  const { Connection } = take('jsforce');
  const conn = new Connection({ loginUrl: base, instanceUrl: base, version, oauth2: { clientId, clientSecret, loginUrl: base } });
  const user = await conn.authorize({ grant_type: 'client_credentials' });
  return { user, identity: await conn.identity(), instanceUrl: conn.instanceUrl, token: conn.accessToken };
}

export async function loginBySoap(take, { base, username, password, version }) {
  const { Connection } = take('jsforce');
  const conn = new Connection({ loginUrl: base, version });
  const user = await conn.login(username, password);
  const rows = await conn.query('SELECT Name FROM Organization');
  return { user, instanceUrl: conn.instanceUrl, rows: rows.records };
}

export async function loginBySoapRefused(take, { base, username, password, version }) {
  const { Connection } = take('jsforce');
  return refusal(new Connection({ loginUrl: base, version }).login(username, password));
}

export async function logout(take, given) {
  const { Connection } = take('jsforce');
  const conn = new Connection({ loginUrl: given.base, instanceUrl: given.base, accessToken: given.token, version: given.version });
  await conn.query('SELECT Id FROM Account LIMIT 1');
  await conn.logout();
  return refusal(connect(take, given).query('SELECT Id FROM Account LIMIT 1'));
}

export async function refreshes(take, { base, clientId, clientSecret, token, version, control }) {
  const { Connection } = take('jsforce');
  let renewed = 0;
  const conn = new Connection({
    instanceUrl: base,
    accessToken: token,
    version,
    refreshFn: async (_, done) => {
      renewed += 1;
      const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret });
      const answer = await fetch(`${base}/services/oauth2/token`, { method: 'POST', body });
      done(null, (await answer.json()).access_token);
    },
  });
  await conn.query('SELECT Id FROM Account LIMIT 1');
  await fetch(`${base}${control}`, { method: 'DELETE' });
  const rows = await conn.query('SELECT Name FROM Organization');
  return { renewed, rows: rows.records };
}

export async function identityAndLimits(take, given) {
  const conn = connect(take, given);
  const identity = await conn.identity();
  const limits = await conn.limits();
  return { identity, limits, limitInfo: conn.limitInfo, versions: await conn.request('/services/data') };
}

export async function rows(take, given) {
  const conn = connect(take, given);
  const made = await conn.sobject('Account').create({ Name: 'jsforce', NumberOfEmployees: 7 });
  const read = await conn.sobject('Account').retrieve(made.id);
  const changed = await conn.sobject('Account').update({ Id: made.id, Name: 'jsforce, changed', Phone: null });
  const found = await conn.sobject('Account').find({ Name: { $like: 'jsforce%' } }, 'Id, Name').limit(5);
  const one = await conn.sobject('Account').findOne({ Id: made.id }, ['Name', 'CreatedDate']);
  const count = await conn.sobject('Account').count({ Name: 'jsforce, changed' });
  const gone = await conn.sobject('Account').delete(made.id);
  const missing = await refusal(conn.sobject('Account').retrieve(made.id));
  return { made, read, changed, found, one, count, gone, missing };
}

export async function upserts(take, given) {
  const conn = connect(take, given);
  const issues = conn.sobject('Sync_Issue__c');
  const first = await issues.upsert({ External_Key__c: 'js-1', Kind__c: 'a' }, 'External_Key__c');
  const again = await issues.upsert({ External_Key__c: 'js-1', Kind__c: 'b' }, 'External_Key__c');
  const many = await issues.upsert(
    [1, 2, 3].map((n) => ({ External_Key__c: `js-${n}`, Kind__c: 'c' })),
    'External_Key__c',
    { allOrNone: true },
  );
  return { first, again, many };
}

export async function collections(take, given) {
  const conn = connect(take, given);
  const made = await conn.sobject('Lead').create(
    Array.from({ length: 250 }, (_, n) => ({ LastName: `J${n}`, Company: n === 7 ? null : 'c' })),
    { allowRecursive: true },
  );
  const ids = made.filter((one) => one.success).map((one) => one.id);
  const read = await conn.sobject('Lead').retrieve(ids.slice(0, 200), { fields: ['Id', 'LastName'] });
  const changed = await conn.sobject('Lead').update(ids.slice(0, 3).map((Id) => ({ Id, Title: 'T' })));
  const held = await refusal(
    conn.sobject('Lead').update([{ Id: ids[3], Title: 'never' }, { Id: ids[4], Company: null }], { allOrNone: true }),
  );
  const gone = await conn.sobject('Lead').destroy(ids, { allowRecursive: true });
  return { made, read, changed, held, gone };
}

export async function retrieveWithMissing(take, { ids, ...given }) {
  return connect(take, given).retrieve('Contact', ids);
}

export async function queries(take, given) {
  const conn = connect(take, given);
  const fetched = await conn.query("SELECT LastName FROM Contact WHERE LastName LIKE 'JQ%'", { autoFetch: true, maxFetch: 5000 });
  const first = await conn.query("SELECT LastName FROM Contact WHERE LastName LIKE 'JQ%'");
  const more = await conn.queryMore(first.nextRecordsUrl);
  const nested = await conn.query("SELECT Name, (SELECT LastName FROM Contacts LIMIT 3) FROM Account WHERE Name = 'JQ'");
  const streamed = [];
  await new Promise((done, fail) =>
    conn
      .query("SELECT LastName FROM Contact WHERE LastName LIKE 'JQ%' LIMIT 2050")
      .on('record', (record) => streamed.push(record.LastName))
      .on('end', done)
      .on('error', fail)
      .run({ autoFetch: true, maxFetch: 5000 }),
  );
  return {
    fetched: fetched.records.length,
    distinct: new Set(fetched.records.map((r) => r.LastName)).size,
    first: { totalSize: first.totalSize, done: first.done, length: first.records.length },
    more: { done: more.done, length: more.records.length },
    nested: nested.records,
    streamed: streamed.length,
    count: (await conn.query("SELECT COUNT() FROM Contact WHERE LastName LIKE 'JQ%'")).totalSize,
  };
}

export async function queryBuilder(take, given) {
  const conn = connect(take, given);
  return conn
    .sobject('Contact')
    .find({ 'Account.Name': 'JQ', LastName: { $gte: 'JQ2000', $ne: 'JQ2001' }, Email: null })
    .select('LastName, Account.Name')
    .sort({ LastName: -1 })
    .limit(3)
    .skip(1)
    .execute();
}

export async function search(take, { words, ...given }) {
  const conn = connect(take, given);
  return (await conn.search(`FIND {${words}} IN ALL FIELDS RETURNING Account(Id, Name), Contact(LastName)`)).searchRecords;
}

export async function deletedRows(take, { id, ...given }) {
  const conn = connect(take, given);
  const soql = `SELECT Id, IsDeleted FROM Lead WHERE Id = '${id}'`;
  return {
    live: (await conn.query(soql)).totalSize,
    all: (await conn.query(soql, { scanAll: true })).records,
    deleted: await conn.sobject('Lead').deleted(given.since, given.until),
    updated: await conn.sobject('Lead').updated(given.since, given.until),
  };
}

export async function describes(take, given) {
  const conn = connect(take, given);
  const everything = await conn.describeGlobal();
  const account = await conn.describe('Account');
  const profile = await conn.sobject('Reference_Profile__c').describe();
  return {
    names: everything.sobjects.map((o) => o.name),
    account: { keyPrefix: account.keyPrefix, children: account.childRelationships.map((c) => c.relationshipName) },
    profile: profile.fields.map((f) => [f.name, f.type, f.referenceTo]),
    missing: await refusal(conn.describe('Nothing__c')),
  };
}

export async function composite(take, given) {
  const conn = connect(take, given);
  const url = `/services/data/v${given.version}`;
  return conn.requestPost(`${url}/composite`, {
    allOrNone: true,
    compositeRequest: [
      { method: 'POST', url: `${url}/sobjects/Account`, referenceId: 'account', body: { Name: 'Composed' } },
      { method: 'POST', url: `${url}/sobjects/Contact`, referenceId: 'contact', body: { LastName: 'Composed', AccountId: '@{account.id}' } },
      { method: 'GET', url: `${url}/query?q=SELECT+Account.Name+FROM+Contact+WHERE+Id='@{contact.id}'`, referenceId: 'read' },
    ],
  });
}

export async function compositeHalted(take, given) {
  const conn = connect(take, given);
  const url = `/services/data/v${given.version}`;
  return conn.requestPost(`${url}/composite`, {
    allOrNone: true,
    compositeRequest: [
      { method: 'POST', url: `${url}/sobjects/Account`, referenceId: 'account', body: { Name: 'Halted' } },
      { method: 'POST', url: `${url}/sobjects/Contact`, referenceId: 'contact', body: { AccountId: '@{account.id}' } },
    ],
  });
}

export async function refusals(take, given) {
  const conn = connect(take, given);
  const stranger = connect(take, { ...given, token: '00D000000000000!nobody' });
  return {
    query: await refusal(conn.query('SELECT Nothing__c FROM Account')),
    syntax: await refusal(conn.query('SELECT FROM Account')),
    create: await refusal(conn.sobject('Contact').create({ FirstName: 'x' })),
    session: await refusal(stranger.query('SELECT Id FROM Account')),
    search: await refusal(conn.search('FIND searched')),
    version: await refusal(connect(take, { ...given, version: '99.0' }).query('SELECT Id FROM Account')),
  };
}

export async function bulk1(take, given) {
  const conn = connect(take, given);
  conn.bulk.pollInterval = 50;
  conn.bulk.pollTimeout = 20000;
  const made = await conn.bulk.load('Lead', 'insert', [
    { LastName: 'K0', Company: 'c, "1"\nd' },
    { LastName: 'K1', Company: '' },
    { LastName: 'K2', Company: 'c' },
  ]);
  const kept = made.filter((one) => one.success).map((one) => one.id);
  const changed = await conn.bulk.load('Lead', 'update', kept.map((Id) => ({ Id, Title: 'T' })));
  const keys = [{ External_Key__c: 'b1/1', Kind__c: 'a' }, { External_Key__c: 'b1/2', Kind__c: 'a' }];
  const upserted = await conn.bulk.load('Sync_Issue__c', 'upsert', { extIdField: 'External_Key__c' }, keys);
  const rows = await (await conn.bulk.query("SELECT Id, LastName, Company, Email FROM Lead WHERE LastName LIKE 'K%' ORDER BY LastName")).toArray();
  const gone = await conn.bulk.load('Lead', 'delete', kept.slice(0, 1).map((Id) => ({ Id })));
  const job = conn.bulk.createJob('Lead', 'insert');
  await job.open();
  const batches = [1, 2].map(() => job.createBatch());
  for (const batch of batches) {
    await new Promise((done, fail) => batch.on('queue', done).on('error', fail).execute([{ LastName: 'K3' }]));
  }
  const listed = await job.list();
  const closed = await job.close();
  return { made, changed, upserted, rows, gone, listed, closed };
}

export async function bulk1Refused(take, given) {
  const conn = connect(take, given);
  conn.bulk.pollInterval = 50;
  conn.bulk.pollTimeout = 20000;
  return {
    object: await refusal(conn.bulk.createJob('Nothing__c', 'insert').open()),
    query: await refusal((async () => (await conn.bulk.query('SELECT Nothing__c FROM Lead')).toArray())()),
    session: await refusal(connect(take, { ...given, token: '00D000000000000!nobody' }).bulk.createJob('Lead', 'insert').open()),
  };
}

export async function bulk2(take, given) {
  const conn = connect(take, given);
  conn.bulk2.pollInterval = 50;
  conn.bulk2.pollTimeout = 20000;
  const made = await conn.bulk2.loadAndWaitForResults({
    object: 'Lead',
    operation: 'insert',
    input: Array.from({ length: 300 }, (_, n) => ({ LastName: `L${n}`, Company: n === 7 ? '' : 'c, "1"\nd' })),
    pollInterval: 50,
    pollTimeout: 20000,
  });
  const upserted = await conn.bulk2.loadAndWaitForResults({
    object: 'Sync_Issue__c',
    operation: 'upsert',
    externalIdFieldName: 'External_Key__c',
    input: [{ External_Key__c: 'b2/1', Kind__c: 'a' }, { External_Key__c: 'b2/1-', Kind__c: 'a' }],
    pollInterval: 50,
    pollTimeout: 20000,
  });
  const rows = await (await conn.bulk2.query("SELECT Id, LastName, Company FROM Lead WHERE LastName LIKE 'L%'", { pollInterval: 50, pollTimeout: 20000 })).toArray();
  const gone = await conn.bulk2.loadAndWaitForResults({
    object: 'Lead',
    operation: 'delete',
    input: made.successfulResults.map((one) => ({ Id: one.sf__Id })),
    pollInterval: 50,
    pollTimeout: 20000,
  });
  return {
    successful: made.successfulResults.length,
    failed: made.failedResults,
    unprocessed: made.unprocessedRecords,
    upserted,
    rows,
    gone: gone.successfulResults.length,
  };
}

export async function bulk2Jobs(take, given) {
  const conn = connect(take, given);
  const job = conn.bulk2.createJob({ object: 'Lead', operation: 'insert' });
  const opened = await job.open();
  await job.uploadData([{ LastName: 'Never', Company: 'c' }]);
  await job.abort();
  const aborted = await job.check();
  await job.delete();
  const deleted = await refusal(conn.bulk2.job('ingest', { id: opened.id }).check());
  const failing = conn.bulk2.createJob({ object: 'Lead', operation: 'insert' });
  await failing.open();
  await failing.uploadData('LastName,Nothing__c\nx,y\n');
  await failing.close();
  const failed = await refusal(failing.poll(50, 20000));
  const query = await refusal(conn.bulk2.query('SELECT Nothing__c FROM Lead', { pollInterval: 50, pollTimeout: 20000 }));
  return { opened, aborted, deleted, failed, query };
}

export async function tooling(take, given) {
  const conn = connect(take, given);
  return conn.tooling.query('SELECT Id, Name FROM Organization');
}

export async function metadata(take, { zip, ...given }) {
  const conn = connect(take, given);
  conn.metadata.pollInterval = 50;
  conn.metadata.pollTimeout = 20000;
  const archive = Buffer.from(zip, 'base64');
  const soap = await conn.metadata.deploy(archive, { checkOnly: true, rollbackOnError: true }).complete(true);
  const rest = await conn.metadata.deployRest(archive, { rollbackOnError: true }).complete(true);
  return { soap, rest };
}
