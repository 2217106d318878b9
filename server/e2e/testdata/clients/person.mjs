// A person at the sign-in page with a browser that runs no scripts: follows
// redirects by hand, keeps the cookie, fills in forms.

// approve signs in at an authorization URL and returns the parameters that the
// browser is sent back to the client with.
export async function approve(start, { email, scope = 'full' }) {
  const base = new URL(start).origin;
  let cookie = '';

  async function visit(url, form) {
    const response = await fetch(url, {
      method: form ? 'POST' : 'GET',
      body: form && new URLSearchParams(form),
      headers: { cookie, ...(form && { origin: base }) },
      redirect: 'manual',
    });
    cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie;
    if (response.status !== 303) {
      return { status: response.status, page: await response.text() };
    }
    const target = new URL(response.headers.get('location'), base);
    return target.origin === base ? visit(target) : { sent: target.searchParams };
  }

  let at = await visit(start);
  const request = field(at, /name="request" value="([^"]+)"/);
  const post = async (form) => (at = await visit(base + '/authorize', { request, do: 'next', ...form }));
  await post({ step: 'email', email });
  await post({ step: 'code', code: field(at, /<code>([^<]+)<\/code>/) });
  await post({ step: 'access', workspace: field(at, /name="workspace" value="(ws_[^"]+)"/), scope });
  if (!at.sent) {
    throw new Error(`the sign-in did not end: ${at.status} ${at.page}`);
  }
  return at.sent;
}

function field(at, pattern) {
  const found = at.page?.match(pattern);
  if (!found) {
    throw new Error(`no ${pattern} in ${at.status} ${at.page}`);
  }
  return found[1];
}
