/** The page a browser shows at the end of a sign-in. */
export interface CallbackPage {
  readonly html: string
  /** For a `Content-Security-Policy` that allows this page and nothing else. */
  readonly policy: string
}

const style = `
:root { color-scheme: light dark; --text: #1b1d22; --soft: #5c6370; --ground: #f5f6f8; --card: #fff; --mark: #16794c; --line: #e3e5ea }
.problem { --mark: #b3261e }
@media (prefers-color-scheme: dark) {
  :root { --text: #eceef2; --soft: #a2a9b5; --ground: #14161a; --card: #1d2026; --mark: #4fc38a; --line: #2b2f37 }
  .problem { --mark: #ff8a80 }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--ground); color: var(--text); font: 1rem/1.55 system-ui, sans-serif }
main { max-width: 27rem; padding: 2.25rem 2.5rem; text-align: center; background: var(--card); border: 1px solid var(--line); border-radius: 14px }
svg { width: 3rem; height: 3rem; color: var(--mark) }
h1 { margin: 1rem 0 .35rem; font-size: 1.3rem; font-weight: 600; letter-spacing: -.01em }
p { margin: 0; color: var(--soft); overflow-wrap: anywhere }
.who { margin-bottom: .75rem; color: var(--text) }
`

const tick = '<path d="M7.5 12.5l3 3 6-6.5"/>'
const cross = '<path d="M8.5 8.5l7 7m0-7l-7 7"/>'

/** Who has signed in, and where, as the gateway says. */
export interface SignedInAs {
  readonly person: string
  readonly gateway: string
}

/**
 * Renders the last page of a sign-in: that it worked, or one sentence why not. The script takes the
 * query away from the address bar: a stock Pomerium puts the token there, and browsers keep history.
 */
export function renderCallbackPage(
  nonce: string,
  problem?: string,
  signedIn?: SignedInAs,
): CallbackPage {
  const isGood = problem === undefined
  const title = isGood ? 'You are signed in' : 'The sign-in did not work'
  const text = isGood
    ? 'You can close this window and go back to your program.'
    : `${problem.charAt(0).toUpperCase()}${problem.slice(1)}. Your program says what to do next.`
  return {
    html: `<!doctype html>
<html lang="en"${isGood ? '' : ' class="problem"'}>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – Postern</title>
<style nonce="${nonce}">${style}</style>
<main>
<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><circle cx="12" cy="12" r="10"/>${isGood ? tick : cross}</svg>
<h1>${title}</h1>
${signedIn === undefined ? '' : describe(signedIn)}<p>${escapeHtml(text)}</p>
</main>
<script nonce="${nonce}">history.replaceState(null, '', '/')</script>
</html>
`,
    policy: `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  }
}

function describe({ person, gateway }: SignedInAs): string {
  return `<p class="who">as <b>${escapeHtml(person)}</b> at ${escapeHtml(gateway)}, for the programs of Postern on this computer</p>\n`
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
}
