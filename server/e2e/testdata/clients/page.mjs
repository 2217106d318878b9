// The sign-in page in Chromium: node page.mjs <base URL> <folder for screenshots>.
// Prints a line for each thing that holds.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { chromium } from 'playwright-core';

const [base, shots] = process.argv.slice(2);
const axe = readFileSync(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: quiet });

// The client that the browser comes back to, which also serves a page that tries
// to frame the sign-in.
let framed = '';
const client = createServer((request, response) => {
  response.setHeader('content-type', 'text/html');
  response.end(request.url.startsWith('/frame') ? `<iframe src="${framed}"></iframe>` : '<link rel="icon" href="data:,"><p>connected');
});
await new Promise((ready) => client.listen(0, '127.0.0.1', ready));
const callback = `http://127.0.0.1:${client.address().port}/callback`;

async function authorization(name, redirect = callback) {
  const response = await fetch(`${base}/register`, { method: 'POST', body: JSON.stringify({ client_name: name, redirect_uris: [redirect] }) });
  const { client_id } = await response.json();
  return `${base}/authorize?` + new URLSearchParams({
    response_type: 'code', client_id, redirect_uri: redirect, state: 's', resource: `${base}/mcp`,
    code_challenge: createHash('sha256').update('v'.repeat(43)).digest('base64url'), code_challenge_method: 'S256',
  });
}

// open returns a page of a new browser session that fails on anything a console
// would complain about, and on any address but loopback.
async function open(options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.faults = [];
  page.on('console', (message) => message.type() === 'error' && page.faults.push(message.text()));
  page.on('pageerror', (error) => page.faults.push(String(error)));
  page.on('dialog', (dialog) => page.faults.push(dialog.message()));
  page.on('request', (request) => new URL(request.url()).hostname !== '127.0.0.1' && page.faults.push(request.url()));
  return page;
}

async function close(page, expected = []) {
  assert.deepEqual(page.faults, expected);
  await page.context().close();
}

// accessible holds the page to the rules of WCAG 2.2 AA that can be checked by
// machine, colours among them, and to the width of the screen.
async function accessible(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run());
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`), []);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, 'the page is wider than the screen');
}

const screens = {
  'desktop-light': { viewport: { width: 1100, height: 800 }, colorScheme: 'light' },
  'desktop-dark': { viewport: { width: 1100, height: 800 }, colorScheme: 'dark' },
  'phone-light': { viewport: { width: 375, height: 720 }, isMobile: true, hasTouch: true, colorScheme: 'light' },
  'phone-dark': { viewport: { width: 375, height: 720 }, isMobile: true, hasTouch: true, colorScheme: 'dark' },
};

for (const [name, options] of Object.entries(screens)) {
  const page = await open(options);
  const look = async (step) => {
    await accessible(page);
    if (name === 'desktop-light' || step === 'access') {
      await page.screenshot({ path: join(shots, `${step}-${name}.png`), fullPage: true });
    }
  };
  await page.goto(await authorization('Claude'));
  await look('email');
  await page.fill('#email', 'jane@acme.com');
  await page.click('[value=next]');
  await look('code');
  await page.click('[value=next]');
  await look('access');
  await page.check('input[value=read]');
  await page.click('[value=next]');
  await page.waitForURL((url) => url.href.startsWith(callback));
  const sent = new URL(page.url()).searchParams;
  assert.match(sent.get('code'), /^cka_/);
  assert.equal(sent.get('state'), 's');
  assert.equal(sent.get('iss'), base);
  await page.goto(`${base}/authorize?request=gone`);
  await look('error');
  await close(page, ['Failed to load resource: the server responded with a status of 400 (Bad Request)']);
  console.log(`signs in: ${name}`);
}

{
  const page = await open({ javaScriptEnabled: false });
  await page.goto(await authorization('Keyboard'));
  await page.keyboard.type('jane@acme.com'); // the field has the focus
  await page.keyboard.press('Enter');
  await page.waitForSelector('#code:focus');
  await page.keyboard.press('Enter');
  await page.waitForSelector('text=Allow access?');
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowDown'); // to a new workspace
  await page.keyboard.press('Tab');
  await page.keyboard.type('Made by keyboard');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.href.startsWith(callback));
  await close(page);
  console.log('signs in by keyboard alone, without scripts');
}

{
  const page = await open();
  await page.goto(await authorization('Wrong'));
  await page.fill('#email', 'wrong@acme.com');
  await page.press('#email', 'Enter');
  const right = await page.inputValue('#code');
  for (let tries = 0; tries < 5; tries++) {
    await page.fill('#code', right === '111111' ? '222222' : '111111');
    await page.press('#code', 'Enter');
    await page.waitForSelector('[role=alert]');
    assert.equal(await page.getAttribute('#code', 'aria-describedby'), 'problem');
    await accessible(page);
  }
  await page.fill('#code', right);
  await page.press('#code', 'Enter');
  await page.waitForSelector('[role=alert]');
  assert.doesNotMatch(page.url(), /code=/);
  assert.ok(page.faults.every((fault) => /status of 4\d\d/.test(fault)), String(page.faults));
  await page.context().close();
  console.log('refuses wrong codes, and then the right one');
}

{
  const page = await open();
  await page.goto(await authorization('Cancelled'));
  await page.click('[value=cancel]'); // with an empty field that is required
  await page.waitForURL((url) => url.href.startsWith(callback));
  assert.equal(new URL(page.url()).searchParams.get('error'), 'access_denied');
  await close(page);
  console.log('cancels');
}

{
  const page = await open();
  framed = await authorization('Framed');
  await page.goto(new URL('/frame', callback).href);
  await page.waitForTimeout(500);
  assert.equal(await page.frames()[1].locator('form').count(), 0);
  assert.ok(page.faults.some((fault) => /frame/i.test(fault)), String(page.faults));
  await page.context().close();
  console.log('is not shown in a frame');
}

{
  const page = await open({ viewport: { width: 320, height: 600 } });
  const name = '<img src=x onerror=alert(1)><script>alert(2)</script>\u202etxet“"\'' + 'W'.repeat(200);
  await page.goto(await authorization(name));
  assert.equal(await page.locator('main img, script').count(), 0);
  assert.match(await page.textContent('dd'), /<img src=x onerror=alert\(1\)>/);
  await accessible(page);
  await close(page);
  console.log('shows a hostile name as text');
}

{
  const page = await open();
  await page.goto(await authorization('Cursor', 'cursor://anysphere.cursor-mcp/oauth/callback'));
  const sent = new Promise((resolve) => page.on('request', (request) => request.url().startsWith('cursor:') && resolve(request.url())));
  await page.click('[value=cancel]');
  assert.match(await sent, /^cursor:\/\/anysphere\.cursor-mcp\/oauth\/callback\?error=access_denied/);
  assert.ok(!page.faults.some((fault) => /Content Security Policy/.test(fault)), String(page.faults));
  await page.context().close();
  console.log('leads back to an application');
}

client.close();
await browser.close();
