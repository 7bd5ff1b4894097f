import type { DevIdpPerson } from './people.ts'

/**
 * The pages of the sample sign-in service: whole documents without script, font, image or anything
 * else that is loaded from elsewhere. Everything shown is escaped by `html`.
 */

/** Sent with every page. No `form-action`: Chromium applies it to the redirects after a form, too. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

const style = `
:root { color-scheme: light dark; --ink: #1b2130; --soft: #5a6478; --page: #f3f4f8; --card: #fff;
  --line: #d5d9e3; --accent: #2f4fd0; --accent-ink: #fff; --bad: #a61b1b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf3; --soft: #a3acc0; --page: #12151d;
  --card: #1b202c; --line: #343c4e; --accent: #8fa6ff; --accent-ink: #10131b; --bad: #ff9c9c; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
  font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); }
main { width: 100%; max-width: 26rem; padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 14px; }
h1 { margin: 0 0 .25rem; font-size: 1.4rem; line-height: 1.25; }
p { margin: 0 0 1.25rem; color: var(--soft); }
ul { list-style: none; margin: 0 0 1.25rem; padding: 0; display: grid; gap: .5rem; }
label { display: block; margin-bottom: 1rem; font-weight: 600; }
input { display: block; width: 100%; margin-top: .3rem; padding: .6rem .75rem; font: inherit;
  color: inherit; background: var(--page); border: 1px solid var(--soft); border-radius: 8px; }
button { width: 100%; padding: .65rem .9rem; font: inherit; font-weight: 600; cursor: pointer;
  color: var(--accent-ink); background: var(--accent); border: 1px solid transparent;
  border-radius: 8px; }
button.person { text-align: left; font-weight: 400; color: var(--ink); background: var(--card);
  border-color: var(--line); }
button.person:hover, button.person:focus-visible { border-color: var(--accent); }
button.person strong, button.person span { display: block; overflow-wrap: anywhere; }
button.person span { color: var(--soft); font-size: .9rem; }
button.quiet { color: var(--soft); background: none; font-weight: 400; margin-top: .5rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.problem { color: var(--bad); font-weight: 600; }
code { font-size: .9rem; overflow-wrap: anywhere; }`

/** Who signs in? A list to choose from, or a form when anybody here has a password. */
export function signInPage(
  people: readonly DevIdpPerson[],
  action: string,
  problem?: string,
): string {
  const asksPassword = people.some(({ password }) => password !== undefined)
  return page(
    'Sign in',
    html`<h1>Sign in</h1>
      <p>Postern sample sign-in service. It runs on this machine only.</p>
      ${problem === undefined ? raw('') : html`<p class="problem" role="alert">${problem}</p>`}
      <form method="post" action="${action}">
        ${asksPassword ? passwordFields() : personList(people)}
        <button class="quiet" name="cancel" value="yes" formnovalidate>Cancel</button>
      </form>`,
  )
}

/** Says that a request cannot be served, and why. */
export function errorPage(code: string, description: string | undefined): string {
  return page(
    'Sign-in problem',
    html`<h1>This sign-in cannot go on</h1>
      <p role="alert">${description ?? 'The request was not understood.'}</p>
      <p>Go back to where you came from and start again. Code: <code>${code}</code></p>`,
  )
}

function personList(people: readonly DevIdpPerson[]): Markup {
  const items = people.map(
    ({ email, name, groups }) =>
      html`<li>
        <button class="person" name="email" value="${email}">
          <strong>${name}</strong><span>${email}</span>
          <span>${groups.length > 0 ? `Groups: ${groups.join(', ')}` : 'In no group'}</span>
        </button>
      </li>`,
  )
  return html`<ul>
    ${items}
  </ul>`
}

function passwordFields(): Markup {
  return html`<label
      >Email
      <input name="email" type="email" autocomplete="username" required autofocus />
    </label>
    <label
      >Password
      <input name="password" type="password" autocomplete="current-password" />
    </label>
    <button>Sign in</button>`
}

function page(title: string, body: Markup): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html`${title}`.markup} · Postern sample sign-in</title>
<style>${style}</style>
</head>
<body><main>${body.markup}</main></body>
</html>
`
}

/** Text that is markup already; a plain string in a template is escaped. */
interface Markup {
  readonly markup: string
}

function raw(markup: string): Markup {
  return { markup }
}

function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Markup {
  return raw(parts.map((part, index) => part + render(values[index] ?? '')).join(''))
}

type HtmlValue = string | Markup | readonly Markup[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function render(value: HtmlValue): string {
  if (typeof value === 'string') return value.replace(/[&<>"']/g, (char) => entities[char] ?? '')
  return 'markup' in value ? value.markup : value.map(render).join('')
}
