// The official TypeScript SDK against a server: node sdk.mjs 1|2 <base URL>.
// Registers, signs in, calls, refreshes, alone and five at once, and finds out
// that its token was revoked. Prints a line for each thing that holds.
import assert from 'node:assert/strict';
import { approve } from './person.mjs';

const [generation, base] = process.argv.slice(2);

const { Client, StreamableHTTPClientTransport, UnauthorizedError } = await {
  1: async () => ({
    ...(await import('@modelcontextprotocol/sdk/client/index.js')),
    ...(await import('@modelcontextprotocol/sdk/client/streamableHttp.js')),
    ...(await import('@modelcontextprotocol/sdk/client/auth.js')),
  }),
  2: () => import('@modelcontextprotocol/client'),
}[generation]();

// Provider keeps what an OAuth client keeps, in memory.
class Provider {
  redirectUrl = 'http://localhost:7777/oauth/callback';
  clientMetadata = { client_name: `TypeScript SDK ${generation}`, redirect_uris: [this.redirectUrl] };
  saved = {};
  asked = []; // authorization URLs

  clientInformation() { return this.saved.client; }
  saveClientInformation(client) { this.saved.client = client; }
  tokens() { return this.saved.tokens; }
  saveTokens(tokens) { this.saved.tokens = tokens; }
  redirectToAuthorization(url) { this.asked.push(url); }
  saveCodeVerifier(verifier) { this.saved.verifier = verifier; }
  codeVerifier() { return this.saved.verifier; }
  invalidateCredentials() { this.saved = { client: this.saved.client }; }
  discoveryState() { return this.saved.discovery; }
  saveDiscoveryState(state) { this.saved.discovery = state; }
}

const modes = { 1: [undefined], 2: [undefined, { mode: 'auto' }, { mode: { pin: '2026-07-28' } }] }[generation];

async function connect(endpoint, provider, versionNegotiation) {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation });
  await client.connect(new StreamableHTTPClientTransport(new URL(endpoint), { authProvider: provider }));
  return client;
}

async function text(client, name, args) {
  const result = await client.callTool({ name, arguments: args });
  return { text: result.content[0].text, failed: result.isError ?? false };
}

const whoami = (client) => text(client, 'request', { method: 'GET', path: '/whoami' });

async function signIn(endpoint, email) {
  const provider = new Provider();
  const transport = new StreamableHTTPClientTransport(new URL(endpoint), { authProvider: provider });
  await assert.rejects(new Client({ name: 'test', version: '1' }).connect(transport), UnauthorizedError);
  assert.equal(provider.asked.length, 1);
  const sent = await approve(provider.asked[0], { email });
  assert.equal(sent.get('iss'), base);
  await transport.finishAuth(generation === '1' ? sent.get('code') : sent);
  return provider;
}

const provider = await signIn(`${base}/mcp`, 'jane@acme.com');
assert.match(provider.saved.client.client_id, /^oc_/);
console.log('registers and signs in');

for (const mode of modes) {
  const client = await connect(`${base}/mcp`, provider, mode);
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map((tool) => tool.name), ['request']);
  assert.match((await whoami(client)).text, /^member\/\S+ email=jane@acme.com/m);
  assert.match(client.getInstructions(), /You act for jane@acme.com in workspace\/ws_/);
  const wrong = await text(client, 'request', { method: 'GET', path: '/contacts?stge=lead' });
  assert.ok(wrong.failed);
  assert.match(wrong.text, /^ERROR invalid_filter\nHINT {2}/);
  const { resources } = await client.listResources();
  assert.ok(resources.some((resource) => resource.uri === 'crmkit://help'));
  console.log(`calls with protocol version ${client.getNegotiatedProtocolVersion?.() ?? client.transport.protocolVersion}`);
  await client.close();
}

const five = await signIn(`${base}/mcp/tools`, 'jane@acme.com');
const toolset = await connect(`${base}/mcp/tools`, five);
assert.deepEqual((await toolset.listTools()).tools.map((tool) => tool.name), ['delete', 'fetch', 'read', 'search', 'write']);
assert.match((await text(toolset, 'write', { method: 'POST', path: '/contacts', body: { name: 'Jane Doe' } })).text, /# created/);
assert.match((await text(toolset, 'search', { query: 'jane' })).text, /"title":"Jane Doe"/);
await toolset.close();
console.log('has five tools at /mcp/tools');

const stale = { ...provider.saved.tokens, access_token: 'ck_stale' };
provider.saveTokens(stale);
const client = await connect(`${base}/mcp`, provider);
assert.match((await whoami(client)).text, /jane@acme.com/);
assert.notEqual(provider.saved.tokens.refresh_token, stale.refresh_token);
await client.close();
console.log('refreshes');

const copies = await Promise.all(Array.from({ length: 5 }, async () => {
  const copy = new Provider();
  copy.saved = { ...provider.saved, tokens: { ...provider.saved.tokens, access_token: 'ck_stale' } };
  const client = await connect(`${base}/mcp`, copy);
  assert.match((await whoami(client)).text, /jane@acme.com/);
  await client.close();
  return copy;
}));
assert.equal(new Set(copies.map((copy) => copy.saved.tokens.access_token)).size, 5);
assert.ok(copies.every((copy) => copy.asked.length === 0));
for (const copy of copies) {
  const client = await connect(`${base}/mcp`, copy);
  assert.match((await whoami(client)).text, /jane@acme.com/);
  await client.close();
}
console.log('refreshes five times at once');

const last = await connect(`${base}/mcp`, provider);
const [, tokenID] = (await whoami(last)).text.match(/token_id=(tok_\w+)/);
assert.match((await text(last, 'request', { method: 'DELETE', path: `/tokens/${tokenID}` })).text, /^deleted/m);
await assert.rejects(whoami(last), UnauthorizedError);
assert.equal(provider.asked.length, 2);
console.log('is asked to sign in again after the token was revoked');
