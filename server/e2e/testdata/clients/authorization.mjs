// The authorization scenarios of the MCP conformance suite, which wait for a
// person to sign in: node authorization.mjs <base URL> <protocol version>.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { approve } from './person.mjs';

const [base, version] = process.argv.slice(2);

const probe = createServer();
await new Promise((ready) => probe.listen(0, '127.0.0.1', ready));
const { port } = probe.address();
await new Promise((closed) => probe.close(closed));
const callback = `http://127.0.0.1:${port}/callback`;

const registered = await fetch(`${base}/register`, { method: 'POST', body: JSON.stringify({ redirect_uris: [callback] }) });
const { client_id } = await registered.json();

const suite = fileURLToPath(new URL('node_modules/.bin/conformance', import.meta.url));
const run = spawn(process.execPath, [suite, 'authorization', '--url', base, '--client-id', client_id, '--resource', `${base}/mcp`, '-p', port, '--spec-version', version]);
let printed = '';
run.stdout.on('data', async (data) => {
  process.stdout.write(data);
  const before = printed;
  printed += data;
  const start = printed.match(/^http\S+\/authorize\?\S+(?=\n)/m);
  if (start && !/^http\S+\/authorize\?\S+(?=\n)/m.test(before)) {
    await fetch(`${callback}?${await approve(start[0], { email: 'jane@acme.com' })}`);
  }
});
run.stderr.pipe(process.stderr);
run.on('exit', (code) => process.exit(code ?? 1));
